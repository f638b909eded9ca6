#include "access/audit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "access/trail.h"
#include "access/users.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "config/redact_url.h"
#include "http/exchange.h"
#include "store/documents.h"
#include "worker/worker.h"

#define DIGEST_BYTES 32
#define SHOWN_BYTES  8   /* of a secret's digest */
#define MOVED_MAX    100 /* offsets in one line */

struct audit {
	struct trail *trail; /* NULL: the worker's log */
	const char *group;
};

/* ---- life -------------------------------------------------------------- */

struct audit *
audit_new(const struct options *o, struct ps_error *err)
{
	const char *path = ps_config_str(&o->all, "rest.audit.file");
	struct audit *a = xcalloc(1, sizeof *a);

	a->group = o->group == NULL ? "" : o->group;
	if (path[0] == '\0')
		return a;
	a->trail = trail_open(path, err);
	if (a->trail == NULL)
		audit_free(&a);
	return a;
}

void
audit_free(struct audit **ap)
{
	struct audit *a = *ap;

	*ap = NULL;
	if (a == NULL)
		return;
	trail_close(&a->trail);
	free(a);
}

void
audit_sync(struct audit *a)
{
	if (a->trail != NULL)
		trail_sync(a->trail);
}

unsigned
audit_lost(const struct audit *a)
{
	return a->trail == NULL ? 0 : trail_lost(a->trail);
}

/* ---- configurations ---------------------------------------------------- */

/* `before` and the secret's digest. */
static json_t *
secret(const struct audit *a, const char *before, const char *value)
{
	uint8_t digest[DIGEST_BYTES];
	char hex[2 * SHOWN_BYTES + 1];
	unsigned len = sizeof digest;

	(void)HMAC(EVP_sha256(), a->group, (int)strlen(a->group),
	    (const uint8_t *)value, strlen(value), digest, &len);
	text_hex(digest, SHOWN_BYTES, hex);
	return json_sprintf("%sdigest:%s", before, hex);
}

typedef json_t *subject_fn(const struct exchange *x);

/* Pipelines and templates hold references to secrets only. */
static json_t *
pipeline_now(const struct exchange *x)
{
	const struct documents *all = worker_documents(x->worker);

	return json_deep_copy(
	    documents_find(all, DOCUMENT_PIPELINE, x->connector));
}

static json_t *
template_now(const struct exchange *x)
{
	const struct documents *all = worker_documents(x->worker);

	return json_deep_copy(documents_template(all, x->connector, 0));
}

static json_t *
level_now(const struct exchange *x)
{
	return json_pack("{s:s}", "level",
	    log_level_name(log_level(x->connector)));
}

/* What else than a connector a path is about. */
static const struct subject {
	const char *path, *name;
	subject_fn *now;
} subjects[] = {
	{ "/pipelines/", "pipeline", pipeline_now },
	{ "/templates/", "template", template_now },
	{ "/admin/loggers/", "logger", level_now },
};

/* NULL: a connector, or nothing. */
static const struct subject *
subject_of(const struct exchange *x)
{
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
		if (text_starts(x->path, subjects[i].path))
			return &subjects[i];
	return NULL;
}

/* Without what is secret; NULL: nothing is. */
static json_t *
without_secret(const struct exchange *x, const struct ps_setting *s)
{
	const char *shown;

	if (s->value == NULL)
		return NULL;
	if (redact_is_secret_key(s->key))
		return secret(x->audit, "", s->value);
	shown = redact_url(x->a, s->value);
	if (shown == s->value)
		return NULL;
	return secret(x->audit, ps_printf(x->a, "%s ", shown), s->value);
}

/* Of the connector that is meant; NULL: there is none. */
static json_t *
config_now(const struct exchange *x)
{
	const struct configs *all = journal_configs(worker_journal(x->worker));
	const char *name = x->connector;
	const struct configs_connector *cfg =
	    name == NULL ? NULL : configs_find(all, name);
	const struct subject *about = subject_of(x);
	json_t *out;

	if (about != NULL && name != NULL)
		return about->now(x);
	if (cfg == NULL)
		return NULL;
	out = js_from_config(&cfg->config);
	for (size_t i = 0; i < cfg->config.count; i++) {
		const struct ps_setting *s = &cfg->config.settings[i];
		json_t *shown = without_secret(x, s);

		if (shown != NULL)
			(void)json_object_set_new(out, s->key, shown);
	}
	return out;
}

/* Of the path, or of the body that creates one. */
static const char *
connector_of(struct exchange *x)
{
	struct ps_error err = { 0 };
	const char *name;
	json_t *body;

	if (x->param[0] != NULL || x->body.len == 0)
		return x->param[0];
	body = js_parse(x->body.data, x->body.len, "body", &err);
	name = js_opt_str(body, "name");
	name = name == NULL ? NULL : ps_strdup(x->a, name);
	json_decref(body);
	return name;
}

/* ---- lines ------------------------------------------------------------- */

static void
set(json_t *line, const char *name, const char *text)
{
	if (text != NULL)
		(void)json_object_set_new(line, name, js_str(text));
}

/* What stands behind the path says what was asked for: whether all goes with
 * a connector, which tasks start again. Of one name the first counts. */
static void
set_query(json_t *line, const struct exchange *x)
{
	json_t *all;

	if (x->query == NULL)
		return;
	all = json_object();
	for (const struct query_arg *q = x->query; q != NULL; q = q->next)
		if (strcmp(q->name, "forward") != 0 &&
		    json_object_get(all, q->name) == NULL)
			(void)json_object_set_new(all, q->name,
			    js_str(q->value == NULL ? "" : q->value));
	if (json_object_size(all) > 0)
		(void)json_object_set(line, "query", all);
	json_decref(all);
}

static const char *
make_line(struct exchange *x)
{
	const struct subject *s = subject_of(x);
	json_t *line = json_object();
	json_t *after = config_now(x);
	const char *text;

	set(line, "time", wall_iso(x->a, wall_now()));
	set(line, "who", x->who == NULL ? "anybody" : x->who->name);
	set(line, "role", x->who == NULL ? NULL : role_name(x->who->role));
	set(line, "from", x->from);
	set(line, "through", x->through);
	set(line, "method", x->method);
	set(line, "path", x->path);
	set_query(line, x);
	(void)json_object_set_new(line, "status", json_integer(x->status));
	if (x->touched == NULL)
		set(line, s == NULL ? "connector" : s->name, x->connector);
	else
		set(line, "connectors", x->touched);
	if (x->before != NULL && !json_equal(x->before, after))
		(void)json_object_set(line, "before", x->before);
	if (after != NULL && !json_equal(x->before, after))
		(void)json_object_set(line, "after", after);
	if (x->moved != NULL)
		(void)json_object_set(line, "offsets", x->moved);
	text = js_dump(x->a, line);
	json_decref(after);
	json_decref(line);
	return text;
}

/* ---- from the routes --------------------------------------------------- */

void
audit_begin(struct exchange *x)
{
	if (x->audit == NULL || x->is_audited)
		return;
	x->is_audited = true;
	x->connector = connector_of(x);
	x->before = config_now(x);
}

void
audit_moved(struct exchange *x, const json_t *list)
{
	if (!x->is_audited || x->moved != NULL)
		return;
	x->moved = json_array();
	for (size_t i = 0; i < json_array_size(list) && i < MOVED_MAX; i++)
		(void)json_array_append_new(x->moved,
		    json_deep_copy(json_array_get(list, i)));
}

void
audit_end(struct exchange *x)
{
	const char *line;

	if (!x->is_audited)
		return;
	x->is_audited = false;
	line = make_line(x);
	if (x->audit->trail == NULL)
		log_info("audit", "%s", line);
	else
		trail_put(x->audit->trail, x->a, line);
	json_decref(x->before);
	json_decref(x->moved);
	x->before = x->moved = NULL;
}
