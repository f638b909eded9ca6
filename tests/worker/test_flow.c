#include "worker/flow.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "store/documents.h"
#include "store/revisions.h"
#include "tests/worker/node.h"
#include "worker/worker_impl.h"

#define LIST                                                     \
	"{\"plugins\":[{\"class\":\"Src\",\"type\":\"source\"}," \
	"{\"class\":\"Snk\",\"type\":\"sink\"}]}"
#define TEMPLATE                                                           \
	"{\"versions\":[{\"name\":\"t\",\"version\":1,\"parameters\":"     \
	"{\"all\":{\"type\":\"list\",\"required\":true}},\"connectors\":[" \
	"{\"name\":\"${param:pipeline}-out\",\"config\":"                  \
	"{\"connector.class\":\"Snk\",\"topics\":\"${param:all}\"}},"      \
	"{\"name\":\"${param:pipeline}-${param:item}\","                   \
	"\"for_each\":\"all\",\"config\":{\"connector.class\":\"Src\"}}]}]}"
#define WANT(all) "{\"template\":\"t\",\"parameters\":{\"all\":[" all "]}}"

static struct node n;
static struct worker w;
static json_t *errors;

static void
on_list(void *ctx, const struct ps_error *err)
{
	cr_assert(zero(ptr, (void *)(uintptr_t)err));
	*(bool *)ctx = true;
}

static void
store(const char *name, const char *value)
{
	struct ps_error err = { 0 };

	cr_assert(eq(int,
	    documents_apply(w.documents, name, 0, value, strlen(value), &err),
	    0));
}

static void
setup(void)
{
	bool listed = false;

	cr_assert(eq(int, setenv("FAKE_LIST", LIST, 1), 0));
	node_begin(&n);
	w = (struct worker){ .journal = n.journal,
		.documents = documents_new(),
		.revisions = revisions_new(),
		.inventory = inventory_new(&n.errands) };
	inventory_refresh(w.inventory, on_list, &listed);
	NODE_UNTIL(&n, listed);
	store("template-t", TEMPLATE);
	errors = json_array();
}

static void
teardown(void)
{
	json_decref(errors);
	documents_free(&w.documents);
	revisions_free(&w.revisions);
	inventory_free(&w.inventory);
	node_end(&n);
}

TestSuite(flow, .init = setup, .fini = teardown, .timeout = 60);

static json_t *
parsed(const char *text)
{
	struct ps_error err = { 0 };
	json_t *j = js_parse(text, strlen(text), "test", &err);

	cr_assert(j != NULL, "%s: %s", text, err.text);
	return j;
}

/* `want` NULL: it is to go. */
static struct flow_plan
plan(const char *name, const char *want, unsigned flags)
{
	json_t *doc = want == NULL ? NULL : parsed(want);
	struct flow_wish wish = { name, doc, flags };
	struct flow_plan p = { 0 };

	(void)json_array_clear(errors);
	(void)flow_plan(&w, n.arena, &wish, &p, errors);
	json_decref(doc);
	return p;
}

static const char *
faults(void)
{
	return js_dump(n.arena, errors);
}

/* "create p-out, create p-a" */
static const char *
actions(const struct flow_plan *p)
{
	const char *texts[10];

	cr_assert(le(sz, p->count, 10));
	for (size_t i = 0; i < p->count; i++)
		texts[i] = ps_printf(n.arena, "%s %s",
		    flow_action_name(p->changes[i].action),
		    p->changes[i].connector);
	return text_join(n.arena, texts, p->count, ", ");
}

/* The log says it. */
static void
apply(const struct flow_plan *p)
{
	struct revision_note note = { .how = "test" };
	struct store_pairs records = flow_records(&w, n.arena, p, &note);
	int64_t before = configs_offset(journal_configs(n.journal));

	for (size_t i = 0; i < records.count; i++) {
		const struct store_pair *r = &records.items[i];
		struct ps_error err = { 0 };

		node_append(&n, JOURNAL_CONFIG, *r);
		if (text_starts(r->key, "penstock-"))
			(void)documents_apply(w.documents,
			    r->key + strlen("penstock-"), 0, r->value,
			    r->value_len, &err);
	}
	NODE_UNTIL(&n, configs_offset(journal_configs(n.journal)) ==
			   before + (int64_t)records.count);
}

#define IS(p, text) cr_expect(eq(str, (char *)actions(&(p)), (char *)(text)))

Test(flow, what_is_applied_is_not_there_to_do_again)
{
	struct flow_plan p = plan("p", WANT("\"a\",\"b\""), 0);

	IS(p, "create p-out, create p-a, create p-b");
	cr_expect(eq(str, (char *)faults(), "[]"));
	cr_expect(p.is_new);
	cr_expect(p.stores);
	cr_expect(eq(sz, strlen(p.id), 32));
	cr_expect(flow_is_empty(&p) == false);
	apply(&p);
	p = plan("p", WANT("\"a\",\"b\""), 0);
	IS(p, "nothing p-out, nothing p-a, nothing p-b");
	cr_expect(flow_is_empty(&p));
	cr_expect(p.is_new == false);
}

Test(flow, what_is_not_wanted_goes_first_and_sinks_before_sources)
{
	struct flow_plan p = plan("p", WANT("\"a\",\"b\""), 0);

	apply(&p);
	p = plan("p", WANT("\"b\""), 0);
	IS(p, "delete p-a, reconfigure p-out, nothing p-b");
	p = plan("p", NULL, 0);
	IS(p, "delete p-out, delete p-a, delete p-b");
	cr_expect(zero(ptr, (void *)(uintptr_t)p.doc));
	apply(&p);
	cr_expect(eq(sz, configs_count(journal_configs(n.journal)), 0));
	cr_expect(documents_find(w.documents, DOCUMENT_PIPELINE, "p") == NULL);
}

Test(flow, an_id_stands_for_one_wish_against_one_state)
{
	struct flow_plan p = plan("p", WANT("\"a\""), 0), q;

	q = plan("p", WANT("\"a\""), 0);
	cr_expect(eq(str, p.id, q.id));
	q = plan("p", WANT("\"b\""), 0);
	cr_expect(ne(str, p.id, q.id));
	q = plan("q", WANT("\"a\""), 0);
	cr_expect(ne(str, p.id, q.id));
	apply(&p);
	p = plan("p", WANT("\"b\""), 0);
	node_append(&n, JOURNAL_CONFIG,
	    configs_put_connector(n.arena, "p-a",
		&configs_find(journal_configs(n.journal), "p-a")->config));
	NODE_UNTIL(&n, strcmp(plan("p", WANT("\"b\""), 0).id, p.id) != 0);
}

Test(flow, connectors_of_others_are_taken_only_when_asked)
{
	static const struct ps_setting settings[] = {
		{ "connector.class", "Src" },
		{ "name", "p-a" },
	};
	struct ps_config config = { settings, 2 };
	struct flow_plan p;

	node_append(&n, JOURNAL_CONFIG,
	    configs_put_connector(n.arena, "p-a", &config));
	NODE_UNTIL(&n, configs_find(journal_configs(n.journal), "p-a") != NULL);
	p = plan("p", WANT("\"a\""), 0);
	cr_expect(p.conflicts);
	cr_expect(
	    strstr(faults(),
		"connector p-a exists and belongs to no pipeline") != NULL);
	p = plan("p", WANT("\"a\""), FLOW_ADOPT);
	cr_expect(p.conflicts == false);
	IS(p, "create p-out, reconfigure p-a");
	apply(&p);
	/* Another pipeline would make the same names. */
	store("template-u",
	    "{\"versions\":[{\"name\":\"u\",\"version\":1,\"connectors\":[{"
	    "\"name\":\"p-a\",\"config\":{\"connector.class\":\"Src\"}}]}]}");
	p = plan("q", "{\"template\":\"u\"}", 0);
	cr_expect(
	    strstr(faults(), "connector p-a belongs to pipeline p") != NULL);
}

Test(flow, wishes_that_cannot_be_are_told_why)
{
	static const struct {
		const char *name, *want, *says;
	} rows[] = {
		{ "p", "{}", "template: its name is missing" },
		{ "p", "{\"template\":\"x\"}", "there is no template x" },
		{ "p", "{\"template\":\"t\",\"version\":7}",
		    "template t has no version 7" },
		{ "p", "{\"template\":\"t\",\"version\":\"1\"}",
		    "version: a whole number" },
		{ "p", "{\"template\":\"t\",\"parameters\":[]}",
		    "parameters: an object" },
		{ "p", "{\"template\":\"t\"}",
		    "parameter all: a value is required" },
		{ "p/q", WANT("\"a\""), "pipeline p/q: letters" },
		{ "p", "{\"document\":{}}", "name: it is missing" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct flow_plan p = plan(rows[i].name, rows[i].want, 0);

		cr_expect(strstr(faults(), rows[i].says) != NULL, "row %zu: %s",
		    i, faults());
		cr_expect(eq(sz, p.count, 0), "row %zu", i);
	}
}

Test(flow, a_plan_claims_what_it_touches)
{
	static const char *const expected[] = { "p-out", "p-a", "template:t" };
	struct flow_plan p = plan("p", WANT("\"a\""), 0);
	const char *const *names = flow_claims(n.arena, &p);

	for (size_t i = 0; i < 3; i++)
		cr_expect(eq(str, (char *)names[i], (char *)expected[i]));
	cr_expect(zero(ptr, (void *)(uintptr_t)names[3]));
}
