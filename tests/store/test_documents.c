#include "store/documents.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"

static struct documents *d;
static struct ps_arena *a;

static void
setup(void)
{
	d = documents_new();
	a = arena_new(1024);
}

static void
teardown(void)
{
	documents_free(&d);
	cr_assert(zero(ptr, d));
	arena_free(&a);
}

TestSuite(documents, .init = setup, .fini = teardown);

static int
apply(const char *name, const char *value)
{
	struct ps_error err = { 0 };

	return documents_apply(d, name, 7, value,
	    value == NULL ? 0 : strlen(value), &err);
}

#define VERSIONS                          \
	"{\"versions\":[{\"name\":\"t\"," \
	"\"version\":1,\"x\":\"old\"},"   \
	"{\"name\":\"t\",\"version\":4,\"x\":\"new\"}]}"
#define PIPELINE "{\"template\":\"t\",\"version\":1,\"parameters\":{}}"

Test(documents, the_last_record_of_a_name_counts)
{
	cr_expect(eq(int, apply("pipeline-p", PIPELINE), 0));
	cr_expect(eq(int,
	    apply("pipeline-p", "{\"template\":\"u\",\"version\":2}"), 0));
	cr_expect(eq(str,
	    (char *)js_opt_str(documents_find(d, DOCUMENT_PIPELINE, "p"),
		"template"),
	    "u"));
	cr_expect(
	    eq(sz, json_object_size(documents_all(d, DOCUMENT_PIPELINE)), 1));
	cr_expect(zero(ptr,
	    (void *)(uintptr_t)documents_find(d, DOCUMENT_TEMPLATE, "p")));
	cr_expect(eq(int, apply("pipeline-p", NULL), 0));
	cr_expect(eq(i64, documents_offset(d, DOCUMENT_PIPELINE, "p"), -1));
	cr_expect(zero(ptr,
	    (void *)(uintptr_t)documents_find(d, DOCUMENT_PIPELINE, "p")));
	cr_expect(eq(int, apply("pipeline-p", NULL), 0));
}

Test(documents, records_of_others_are_left_alone)
{
	cr_expect(eq(int, apply("leader", "not even JSON"), 0));
	cr_expect(eq(int, apply("templates", "{"), 0));
	for (int k = 0; k < DOCUMENT_KINDS; k++)
		cr_expect(eq(sz,
		    json_object_size(documents_all(d, (enum document_kind)k)),
		    0));
}

Test(documents, what_lacks_members_is_refused_and_the_last_one_stays)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{ "template-t", "{" },
		{ "template-t", "{}" },
		{ "template-t", "{\"versions\":[]}" },
		{ "template-t", "{\"versions\":7}" },
		{ "pipeline-p", "{\"version\":1}" },
		{ "pipeline-p", "{\"template\":\"t\"}" },
		{ "pipeline-p", "{\"template\":\"t\",\"version\":0}" },
		{ "pipeline-p", "[]" },
		{ "upgrade-t", "{\"template\":\"t\",\"version\":1}" },
		{ "upgrade-t", "{\"pipelines\":[]}" },
	};

	cr_assert(eq(int, apply("template-t", VERSIONS), 0));
	cr_assert(eq(int, apply("pipeline-p", PIPELINE), 0));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(eq(int, apply(rows[i].name, rows[i].value), -1),
		    "row %zu", i);
	cr_expect(documents_find(d, DOCUMENT_TEMPLATE, "t") != NULL);
	cr_expect(documents_find(d, DOCUMENT_PIPELINE, "p") != NULL);
	cr_expect(documents_find(d, DOCUMENT_UPGRADE, "t") == NULL);
}

Test(documents, a_version_is_found_and_zero_is_the_newest)
{
	static const struct {
		int64_t version;
		const char *x; /* NULL: there is none */
	} rows[] = { { 0, "new" }, { 1, "old" }, { 4, "new" }, { 2, NULL } };

	cr_assert(eq(int, apply("template-t", VERSIONS), 0));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const json_t *doc = documents_template(d, "t", rows[i].version);

		cr_assert(eq(int, doc == NULL, rows[i].x == NULL), "row %zu",
		    i);
		if (doc != NULL)
			cr_expect(eq(str, (char *)js_opt_str(doc, "x"),
			    (char *)rows[i].x));
	}
	cr_expect(documents_template(d, "u", 0) == NULL);
}

static int64_t
version_of(const char *text)
{
	struct ps_error err = { 0 };
	json_t *doc = js_parse(text, strlen(text), "test", &err);
	int64_t version = documents_version(d, doc);

	json_decref(doc);
	return version;
}

Test(documents, without_a_version_it_is_the_next_or_the_same)
{
	cr_expect(eq(i64, version_of("{\"name\":\"t\"}"), 1));
	cr_assert(eq(int, apply("template-t", VERSIONS), 0));
	cr_expect(eq(i64, version_of("{\"name\":\"t\",\"x\":\"new\"}"), 4));
	cr_expect(eq(i64, version_of("{\"name\":\"t\",\"x\":\"old\"}"), 5));
	cr_expect(eq(i64, version_of("{\"name\":\"t\",\"version\":9}"), 9));
	cr_expect(eq(i64, version_of("{}"), 1));
}

Test(documents, versions_make_no_difference_and_all_else_does)
{
	json_t *x = json_pack("{s:i, s:s}", "version", 1, "x", "y");
	json_t *y = json_pack("{s:s, s:i}", "x", "y", "version", 2);

	cr_expect(documents_same(x, y));
	(void)json_object_set_new(y, "x", json_string("z"));
	cr_expect(documents_same(x, y) == false);
	cr_expect(eq(i64, js_opt_int(x, "version", 0), 1));
	json_decref(x);
	json_decref(y);
}

Test(documents, what_is_put_is_what_is_read)
{
	static const char *const values[] = { VERSIONS, PIPELINE,
		"{\"template\":\"t\",\"version\":1,\"pipelines\":[]}" };

	for (int k = 0; k < DOCUMENT_KINDS; k++) {
		struct store_pair p =
		    documents_put(a, (enum document_kind)k, "n", values[k]);
		const char *name = p.key + strlen("penstock-");

		cr_expect(eq(int, apply(name, p.value), 0));
		cr_expect(
		    documents_find(d, (enum document_kind)k, "n") != NULL);
		p = documents_put(a, (enum document_kind)k, "n", NULL);
		cr_expect(zero(sz, p.value_len));
		cr_expect(zero(ptr, (void *)(uintptr_t)p.value));
	}
}
