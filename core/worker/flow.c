#include "worker/flow.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/buf.h"
#include "base/js.h"
#include "config/map.h"
#include "config/template.h"
#include "store/documents.h"
#include "store/revisions.h"
#include "worker/worker.h"

#define DIGESTED_BYTES ((size_t)64 << 20)

const char *
flow_action_name(enum flow_action action)
{
	static const char *const names[] = {
		[FLOW_NOTHING] = "nothing",
		[FLOW_CREATE] = "create",
		[FLOW_RECONFIGURE] = "reconfigure",
		[FLOW_DELETE] = "delete",
	};

	return names[action];
}

const char *
flow_of(const struct ps_config *config)
{
	const char *name = ps_config_get(config, FLOW_KEY);

	return name == NULL || name[0] == '\0' ? NULL : name;
}

/* ---- what is wanted ---------------------------------------------------- */

struct planning {
	struct worker *w;
	struct ps_arena *a;
	const struct configs *configs;
	unsigned flags;
	struct flow_plan *p;
	const json_t *before; /* as `wanted`, of the version it is on */
	json_t *errors;
};

static void
add(struct planning *g, const struct flow_change *c)
{
	g->p->changes[g->p->count++] = *c;
}

static void
check_owner(struct planning *g, const struct configs_connector *present)
{
	const char *owner = flow_of(&present->config);

	if ((g->flags & FLOW_ADOPT) != 0 ||
	    (owner != NULL && strcmp(owner, g->p->pipeline) == 0))
		return;
	g->p->conflicts = true;
	if (owner == NULL)
		template_fault(g->errors,
		    "connector %s exists and belongs to no pipeline; "
		    "?force=true takes it over",
		    present->name);
	else
		template_fault(g->errors,
		    "connector %s belongs to pipeline %s; ?force=true takes "
		    "it over",
		    present->name, owner);
}

static const json_t *
find(const json_t *list, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (strcmp(js_opt_str(one, "name"), name) == 0)
			return one;
	}
	return NULL;
}

/* A record that another version has no more holds for it all the same: what
 * it comes to is changed by saying so, not by leaving it out. */
static const char *
golden_of(struct planning *g, const json_t *one)
{
	json_t *all = template_golden_join(json_object_get(one, "golden"),
	    json_object_get(find(g->before, js_opt_str(one, "name")),
		"golden"));
	const char *text = json_array_size(all) > 0 ? js_dump(g->a, all) : NULL;

	json_decref(all);
	return text;
}

static void
add_wanted(struct planning *g, const json_t *one)
{
	const char *name = js_opt_str(one, "name");
	struct flow_change c = { .action = FLOW_CREATE,
		.connector = ps_strdup(g->a, name),
		.present = configs_find(g->configs, name),
		.golden = golden_of(g, one) };
	struct ps_error err = { 0 };
	struct ps_config config;

	if (js_to_config(g->a, json_object_get(one, "config"), &config, &err) !=
	    0) {
		template_fault(g->errors, "connector %s: %s", name, err.text);
		return;
	}
	c.config = config_with(g->a, &config, "name", c.connector);
	c.config = config_with(g->a, &c.config, FLOW_KEY, g->p->pipeline);
	if (c.present != NULL) {
		check_owner(g, c.present);
		c.action = config_equal(&c.config, &c.present->config)
			       ? FLOW_NOTHING
			       : FLOW_RECONFIGURE;
	}
	add(g, &c);
}

/* What it owns and does not want any more, of one type. */
static void
add_unwanted(struct planning *g, const json_t *wanted, bool sinks)
{
	for (size_t i = 0; i < configs_count(g->configs); i++) {
		const struct configs_connector *c = configs_at(g->configs, i);
		const char *owner = flow_of(&c->config);
		const char *type =
		    inventory_connector_type(worker_inventory(g->w),
			ps_config_str(&c->config, "connector.class"));

		if (owner != NULL && strcmp(owner, g->p->pipeline) == 0 &&
		    (strcmp(type, "sink") == 0) == sinks &&
		    find(wanted, c->name) == NULL)
			add(g, &(struct flow_change){ .action = FLOW_DELETE,
				   .connector = ps_strdup(g->a, c->name),
				   .present = c });
	}
}

/* ---- the id ------------------------------------------------------------ */

static void
put_text(struct buf *b, const char *text)
{
	(void)buf_append(b, text, strlen(text) + 1);
}

/* The same wish against the same state; no value that is present is part of
 * it, only where in the log it stands. */
static void
set_id(struct flow_plan *p)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = sizeof digest;
	struct buf b;

	buf_init(&b, DIGESTED_BYTES);
	put_text(&b, p->pipeline);
	put_text(&b, p->doc == NULL ? "" : p->doc);
	(void)buf_printf(&b, "%d%d", p->is_new, p->stores);
	for (size_t i = 0; i < p->count; i++) {
		const struct flow_change *c = &p->changes[i];

		put_text(&b, c->connector);
		(void)buf_printf(&b, "%d %lld", c->action,
		    c->present == NULL ? -1LL
				       : (long long)c->present->config_offset);
		for (size_t k = 0; k < c->config.count; k++) {
			put_text(&b, c->config.settings[k].key);
			put_text(&b, c->config.settings[k].value);
		}
		put_text(&b, c->golden == NULL ? "" : c->golden);
	}
	(void)EVP_Digest(b.data, b.len, digest, &len, EVP_sha256(), NULL);
	buf_fini(&b);
	for (size_t i = 0; i < (sizeof p->id - 1) / 2; i++)
		(void)snprintf(p->id + 2 * i, 3, "%02x", digest[i]);
}

/* ---- the plan ---------------------------------------------------------- */

/* The template's document, or NULL and a fault. */
static const json_t *
template_of(struct planning *g, const json_t *want)
{
	const struct documents *all = worker_documents(g->w);
	const json_t *given = json_object_get(want, "document");
	const char *name = js_opt_str(want, "template");
	const json_t *version = json_object_get(want, "version"), *doc;

	if (given != NULL) {
		template_check(given, g->errors);
		return given;
	}
	if (name == NULL) {
		template_fault(g->errors, "template: its name is missing");
		return NULL;
	}
	if (version != NULL && !json_is_null(version) &&
	    (!json_is_integer(version) || json_integer_value(version) < 1)) {
		template_fault(g->errors,
		    "version: a whole number of at least 1 is expected");
		return NULL;
	}
	doc = documents_template(all, name, js_opt_int(want, "version", 0));
	if (doc == NULL && documents_template(all, name, 0) == NULL)
		template_fault(g->errors, "template: there is no template %s",
		    name);
	else if (doc == NULL)
		template_fault(g->errors,
		    "version: template %s has no version %lld", name,
		    (long long)js_opt_int(want, "version", 0));
	return doc;
}

static void
take_doc(struct planning *g, const json_t *want, const json_t *doc)
{
	const json_t *present = documents_find(worker_documents(g->w),
	    DOCUMENT_PIPELINE, g->p->pipeline);
	const json_t *values = json_object_get(want, "parameters");
	json_t *stored = json_pack("{s:O, s:I, s:o}", "template",
	    json_object_get(doc, "name"), "version",
	    (json_int_t)documents_version(worker_documents(g->w), doc),
	    "parameters",
	    json_is_object(values) ? json_deep_copy(values) : json_object());

	g->p->template = ps_strdup(g->a, js_opt_str(stored, "template"));
	g->p->version = js_opt_int(stored, "version", 1);
	g->p->doc = js_dump(g->a, stored);
	g->p->is_new = present == NULL;
	g->p->stores = present == NULL || !json_equal(present, stored);
	json_decref(stored);
}

/* The same values in the version that the pipeline is on; NULL: it is new, or
 * they do not fit there. */
static json_t *
before_of(struct planning *g, const json_t *values)
{
	const struct documents *all = worker_documents(g->w);
	const json_t *present =
	    documents_find(all, DOCUMENT_PIPELINE, g->p->pipeline);
	const char *name = js_opt_str(present, "template");
	const json_t *doc = name == NULL
				? NULL
				: documents_template(all, name,
				      js_opt_int(present, "version", 0));
	json_t *errors = json_array(), *before = NULL;

	if (doc != NULL)
		before =
		    template_instantiate(doc, g->p->pipeline, values, errors);
	json_decref(errors);
	return before;
}

/* All that is wanted; NULL: there are faults. */
static json_t *
wanted_by(struct planning *g, const json_t *want)
{
	const json_t *values = json_object_get(want, "parameters");
	const json_t *doc = template_of(g, want);
	json_t *wanted;

	if (values != NULL && !json_is_object(values))
		template_fault(g->errors, "parameters: an object is expected");
	if (doc == NULL || json_array_size(g->errors) > 0)
		return NULL;
	wanted = template_instantiate(doc, g->p->pipeline, values, g->errors);
	if (json_array_size(g->errors) == 0)
		take_doc(g, want, doc);
	return wanted;
}

/* What is to go first, sinks before what feeds them. */
static void
add_changes(struct planning *g, const json_t *wanted)
{
	size_t room = json_array_size(wanted) + configs_count(g->configs), i;
	const json_t *one;

	g->p->changes = ps_calloc(g->a, room + 1, sizeof *g->p->changes);
	add_unwanted(g, wanted, true);
	add_unwanted(g, wanted, false);
	json_array_foreach(wanted, i, one)
	{
		add_wanted(g, one);
	}
}

int
flow_plan(struct worker *w, struct ps_arena *a, const struct flow_wish *wish,
    struct flow_plan *out, json_t *errors)
{
	struct planning g = { w, a, journal_configs(worker_journal(w)),
		wish->flags, out, NULL, errors };
	json_t *wanted = NULL, *before = NULL;

	*out = (struct flow_plan){ .pipeline = ps_strdup(a, wish->name),
		.template = "" };
	if (!template_is_name(wish->name))
		template_fault(errors,
		    "pipeline %s: letters, digits, '.', '_' and '-' are "
		    "expected",
		    wish->name);
	if (wish->want == NULL)
		out->stores = true;
	else
		wanted = wanted_by(&g, wish->want);
	if (wish->want != NULL && json_array_size(errors) == 0)
		before =
		    before_of(&g, json_object_get(wish->want, "parameters"));
	g.before = before;
	if (json_array_size(errors) == 0)
		add_changes(&g, wanted);
	json_decref(before);
	json_decref(wanted);
	set_id(out);
	return json_array_size(errors) == 0 ? 0 : -1;
}

bool
flow_is_empty(const struct flow_plan *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->changes[i].action != FLOW_NOTHING)
			return false;
	return !p->stores;
}

/* ---- what is written --------------------------------------------------- */

/* Records of one change, and of its history. */
#define RECORDS_MAX (2 + REVISIONS_KEPT)

static size_t
put_change(struct planning *g, const struct flow_change *c,
    const struct revision_note *note, struct store_pair *out)
{
	const struct revisions *all = worker_revisions(g->w);
	const struct revision_change change = { c->connector,
		c->present == NULL ? NULL : &c->present->config, &c->config,
		*note };
	struct store_pairs gone;

	switch (c->action) {
	case FLOW_NOTHING:
		break;
	case FLOW_CREATE:
	case FLOW_RECONFIGURE:
		out[0] = configs_put_connector(g->a, c->connector, &c->config);
		return 1 + revisions_add(all, g->a, &change, out + 1);
	case FLOW_DELETE:
		gone = configs_delete(g->a, c->connector);
		memcpy(out, gone.items, gone.count * sizeof *out);
		return gone.count + revisions_forget(all, g->a, c->connector,
					out + gone.count);
	}
	return 0;
}

struct store_pairs
flow_records(struct worker *w, struct ps_arena *a, const struct flow_plan *p,
    const struct revision_note *note)
{
	struct planning g = { .w = w, .a = a };
	struct store_pair *items =
	    ps_calloc(a, RECORDS_MAX * p->count + 1, sizeof *items);
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += put_change(&g, &p->changes[i], note, items + n);
	if (p->stores)
		items[n++] =
		    documents_put(a, DOCUMENT_PIPELINE, p->pipeline, p->doc);
	return (struct store_pairs){ items, n };
}

const char *const *
flow_claims(struct ps_arena *a, const struct flow_plan *p)
{
	const char **names = ps_calloc(a, p->count + 2, sizeof *names);
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		names[n++] = p->changes[i].connector;
	if (p->template[0] != '\0')
		names[n++] = ps_printf(a, "template:%s", p->template);
	return names;
}
