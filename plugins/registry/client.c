#include "client.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

#include "http.h"
#include "lru.h"

#define FORGET_MS      10000 /* how long "no" stays */
#define MAX_REFERENCES 64
#define NOT_FOUND      404

struct client {
	const struct registry_conf *conf;
	struct http *http;
	struct lru *schemas; /* "i<id>", "g<guid>" -> struct answer */
	struct lru *ids;     /* subject, 0, text -> struct answer */
	difference_fn *differs;
};

struct answer {
	struct pool pool;
	struct registered schema;
	struct ps_error no; /* filled: what it said instead */
	int64_t until;      /* ... and how long that stays */
};

static void
answer_free(void *object)
{
	struct answer *an = (struct answer *)object;

	pool_fini(&an->pool);
	free(an);
}

static struct answer *
answer_new(void)
{
	struct answer *an = (struct answer *)xzalloc(sizeof *an);

	pool_init(&an->pool);
	return an;
}

struct client *
client_new(const struct registry_conf *conf)
{
	struct client *c = (struct client *)xzalloc(sizeof *c);

	c->conf = conf;
	c->http = http_new(conf);
	c->schemas = lru_new(conf->cache_size, answer_free);
	c->ids = lru_new(conf->cache_size, answer_free);
	return c;
}

void
client_free(struct client **cp)
{
	struct client *c = *cp;

	if (c == NULL)
		return;
	lru_free(&c->schemas);
	lru_free(&c->ids);
	http_free(&c->http);
	free(c);
	*cp = NULL;
}

void
client_renew(struct client *c)
{
	http_renew(c->http);
}

void
client_differs(struct client *c, difference_fn *fn)
{
	c->differs = fn;
}

size_t
client_requests(const struct client *c)
{
	return http_count(c->http);
}

int
client_subject(struct client *c, struct ps_arena *a, const char *topic,
    const char *record, const char **subject, struct ps_error *err)
{
	enum subject_strategy s = c->conf->strategy;

	if (s == SUBJECT_TOPIC) {
		*subject = ps_printf(a, "%s-%s", topic,
		    c->conf->is_key ? "key" : "value");
		return 0;
	}
	if (record == NULL)
		return ps_fail(err, PS_E_DATA,
		    "%s.subject.name.strategy=%s needs a schema with a name, "
		    "this one has none",
		    c->conf->is_key ? "key" : "value", c->conf->strategy_name);
	*subject =
	    s == SUBJECT_RECORD ? record : ps_printf(a, "%s-%s", topic, record);
	return 0;
}

/* ---- Reading what it says ---- */

/* The registry's own words for what it refuses. */
static const char *
words_of(struct ps_arena *a, const struct reply *rp)
{
	json_t *root = json_loadb(rp->text, rp->len, 0, NULL);
	const char *text = json_string_value(json_object_get(root, "message"));
	int code = (int)json_integer_value(json_object_get(root, "error_code"));
	const char *words =
	    text == NULL ? ps_printf(a, "%.*s",
			       rp->len > 200 ? 200 : (int)rp->len, rp->text)
			 : ps_printf(a, "%.600s (%d)", text, code);

	json_decref(root);
	return words;
}

static int
refused(struct ps_arena *a, const struct reply *rp, const char *what,
    struct ps_error *err)
{
	return ps_fail(err, PS_E_DATA, "schema registry answers %ld to %s: %s",
	    rp->status, what, words_of(a, rp));
}

/* A JSON object or NULL and `err`. */
static json_t *
object_of(const struct reply *rp, const char *what, struct ps_error *err)
{
	json_t *root = json_loadb(rp->text, rp->len, 0, NULL);

	if (json_is_object(root))
		return root;
	json_decref(root);
	(void)ps_fail(err, PS_E_RETRY,
	    "schema registry %s answers %s with what is no JSON object: %.*s",
	    rp->from, what, rp->len > 100 ? 100 : (int)rp->len, rp->text);
	return NULL;
}

struct found {
	const char *names[MAX_REFERENCES], *texts[MAX_REFERENCES];
	size_t count;
};

static int add_references(struct client *c, struct ps_arena *a, json_t *root,
    struct found *f, struct ps_error *err);

static int
add_reference(struct client *c, struct ps_arena *a, json_t *ref,
    struct found *f, struct ps_error *err)
{
	const char *name = json_string_value(json_object_get(ref, "name"));
	const char *subject =
	    json_string_value(json_object_get(ref, "subject"));
	long long version =
	    (long long)json_integer_value(json_object_get(ref, "version"));
	const char *path, *text;
	struct reply rp;
	json_t *root;
	int rc;

	if (name == NULL || subject == NULL || f->count == MAX_REFERENCES)
		return ps_fail(err, PS_E_DATA,
		    "a schema's references are not what they should be: name, "
		    "subject and version, at most %d",
		    MAX_REFERENCES);
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->names[i], name) == 0)
			return 0;
	path = ps_printf(a, "/subjects/%s/versions/%lld",
	    http_escape(c->http, a, subject), version);
	if (http_send(c->http, path, NULL, &rp, err) < 0)
		return -1;
	if (rp.status != 200)
		return refused(a, &rp, path, err);
	root = object_of(&rp, path, err);
	if (root == NULL)
		return -1;
	rc = add_references(c, a, root, f, err);
	text = json_string_value(json_object_get(root, "schema"));
	if (rc == 0 && f->count < MAX_REFERENCES) {
		f->names[f->count] = ps_strdup(a, name);
		f->texts[f->count++] = ps_strdup(a, text == NULL ? "" : text);
	}
	json_decref(root);
	return rc;
}

static int
add_references(struct client *c, struct ps_arena *a, json_t *root,
    struct found *f, struct ps_error *err)
{
	json_t *refs = json_object_get(root, "references"), *ref;
	size_t i;

	json_array_foreach(refs, i, ref)
	{
		if (add_reference(c, a, ref, f, err) < 0)
			return -1;
	}
	return 0;
}

/* {"schema":…, "schemaType":…, "references":[…], "version":…, "id":…} */
static int
read_schema(struct client *c, const struct reply *rp, struct ps_arena *a,
    struct registered *out, struct ps_error *err)
{
	json_t *root = object_of(rp, "a schema", err);
	const char *text, *kind;
	struct found f = { .count = 0 };
	struct reference *refs;
	int rc = -1;

	if (root == NULL)
		return -1;
	text = json_string_value(json_object_get(root, "schema"));
	kind = json_string_value(json_object_get(root, "schemaType"));
	if (text == NULL) {
		(void)ps_fail(err, PS_E_RETRY,
		    "schema registry answers without a schema");
	} else {
		out->text = ps_strdup(a, text);
		out->kind = ps_strdup(a, kind == NULL ? "AVRO" : kind);
		out->id =
		    (int32_t)json_integer_value(json_object_get(root, "id"));
		out->version = (int32_t)json_integer_value(
		    json_object_get(root, "version"));
		rc = add_references(c, a, root, &f, err);
	}
	json_decref(root);
	if (rc < 0)
		return -1;
	refs = (struct reference *)ps_alloc(a, (f.count + 1) * sizeof *refs);
	for (size_t i = 0; i < f.count; i++)
		refs[i] = (struct reference){ f.names[i], f.texts[i] };
	out->references = refs;
	out->reference_count = f.count;
	if (strcmp(out->kind, schema_kind_name(c->conf->kind)) != 0)
		return ps_fail(err, PS_E_DATA,
		    "the schema is of type %s, this converter reads %s",
		    out->kind, schema_kind_name(c->conf->kind));
	return 0;
}

/* ---- Asking ---- */

/* What is kept of this key; NULL when that is too old or nothing. */
static struct answer *
kept(struct lru *l, const void *key, size_t len)
{
	struct answer *an = (struct answer *)lru_get(l, key, len);

	if (an == NULL || an->no.code == PS_OK || http_now() < an->until)
		return an;
	lru_drop(l, key, len);
	return NULL;
}

/* Keeps what is final; an outage is not. */
static void
keep(struct lru *l, const void *key, size_t len, struct answer *an,
    const struct ps_error *err)
{
	if (err->code != PS_OK && err->code != PS_E_DATA) {
		answer_free(an);
		return;
	}
	an->no = *err;
	an->until = http_now() + FORGET_MS;
	lru_put(l, key, len, an);
}

static int
answer_of(const struct answer *an, const struct registered **out,
    struct ps_error *err)
{
	assert(an != NULL);
	if (an->no.code != PS_OK)
		return ps_fail(err, an->no.code, "%s", an->no.text);
	*out = &an->schema;
	return 0;
}

static int
ask_schema(struct client *c, const char *path, struct answer *an,
    struct ps_error *err)
{
	struct ps_arena *a = &an->pool.arena;
	struct reply rp;

	if (http_send(c->http, path, NULL, &rp, err) < 0)
		return -1;
	if (rp.status != 200)
		return refused(a, &rp, path, err);
	return read_schema(c, &rp, a, &an->schema, err);
}

static int
by_key(struct client *c, const char *key, const char *path, int32_t id,
    const struct registered **out, struct ps_error *err)
{
	size_t len = strlen(key);
	struct answer *an = kept(c->schemas, key, len);
	struct ps_error no = { 0 };

	if (an != NULL)
		return answer_of(an, out, err);
	an = answer_new();
	if (ask_schema(c, path, an, &no) == 0 && id != 0)
		an->schema.id = id;
	keep(c->schemas, key, len, an, &no);
	if (no.code != PS_OK)
		return ps_fail(err, no.code, "%s", no.text);
	return answer_of((struct answer *)lru_get(c->schemas, key, len), out,
	    err);
}

int
client_by_id(struct client *c, int32_t id, const char *subject,
    const struct registered **out, struct ps_error *err)
{
	struct pool p;
	const char *path;
	char key[16];
	int rc;

	(void)snprintf(key, sizeof key, "i%d", (int)id);
	pool_init(&p);
	path = subject == NULL
		   ? ps_printf(&p.arena, "/schemas/ids/%d?fetchMaxId=false",
			 (int)id)
		   : ps_printf(&p.arena,
			 "/schemas/ids/%d?fetchMaxId=false&subject=%s", (int)id,
			 http_escape(c->http, &p.arena, subject));
	rc = by_key(c, key, path, id, out, err);
	pool_fini(&p);
	return rc;
}

int
client_by_guid(struct client *c, const char *guid,
    const struct registered **out, struct ps_error *err)
{
	char key[64], path[96];

	(void)snprintf(key, sizeof key, "g%s", guid);
	(void)snprintf(path, sizeof path, "/schemas/guids/%s", guid);
	return by_key(c, key, path, 0, out, err);
}

int
client_latest(struct client *c, const char *subject, struct ps_arena *a,
    struct registered *out, struct ps_error *err)
{
	const char *path = ps_printf(a, "/subjects/%s/versions/latest",
	    http_escape(c->http, a, subject));
	struct reply rp;

	if (http_send(c->http, path, NULL, &rp, err) < 0)
		return -1;
	if (rp.status != 200)
		return refused(a, &rp, path, err);
	return read_schema(c, &rp, a, out, err);
}

/* {"schema":…,"schemaType":…,"references":…}; to be freed. */
static char *
body_of(const struct client *c, const char *text)
{
	json_t *root = json_pack("{s:s}", "schema", text);
	char *body;

	if (c->conf->kind != SCHEMA_AVRO)
		(void)json_object_set_new(root, "schemaType",
		    json_string(schema_kind_name(c->conf->kind)));
	body = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return body;
}

static int
post(struct client *c, const char *path, const char *text, struct reply *out,
    struct ps_error *err)
{
	char *body = body_of(c, text);
	int rc = body == NULL ? ps_fail(err, PS_E_DATA,
				    "a schema that is not UTF-8: %.100s", text)
			      : http_send(c->http, path, body, out, err);

	free(body);
	return rc;
}

int
client_version(struct client *c, const char *subject,
    const struct registered *r, int32_t *version, struct ps_error *err)
{
	struct pool p;
	struct reply rp;
	json_t *root;
	int rc;

	*version = 0;
	if (r->reference_count > 0)
		return 0;
	pool_init(&p);
	rc = post(c,
	    ps_printf(&p.arena, "/subjects/%s?normalize=false&deleted=true",
		http_escape(c->http, &p.arena, subject)),
	    r->text, &rp, err);
	if (rc == 0 && rp.status == 200) {
		root = json_loadb(rp.text, rp.len, 0, NULL);
		*version = (int32_t)json_integer_value(
		    json_object_get(root, "version"));
		json_decref(root);
	}
	pool_fini(&p);
	return rc;
}

/* The subject has another schema that this one does not go with. */
static int
explain(struct client *c, struct ps_arena *a, const char *subject,
    const char *text, const char *words, struct ps_error *err)
{
	struct ps_error no = { 0 };
	struct registered old = { 0 };
	char difference[400] = "";

	if (client_latest(c, subject, a, &old, &no) < 0)
		return ps_fail(err, PS_E_DATA,
		    "the schema is not compatible with subject %s: %s", subject,
		    words);
	if (c->differs != NULL)
		c->differs(a, old.text, text, difference, sizeof difference);
	return ps_fail(err, PS_E_DATA,
	    "the schema is not compatible with version %d of subject %s: "
	    "%s%sthe registry says: %s",
	    (int)old.version, subject, difference,
	    difference[0] == '\0' ? "" : "; ", words);
}

static int
ask_id(struct client *c, const char *subject, const char *text,
    struct answer *an, struct ps_error *err)
{
	struct ps_arena *a = &an->pool.arena;
	const char *name = http_escape(c->http, a, subject), *path;
	const char *normalize = c->conf->normalize ? "true" : "false";
	struct reply rp;
	json_t *root;

	path = c->conf->auto_register
		   ? ps_printf(a, "/subjects/%s/versions?normalize=%s", name,
			 normalize)
		   : ps_printf(a, "/subjects/%s?normalize=%s&deleted=false",
			 name, normalize);
	if (post(c, path, text, &rp, err) < 0)
		return -1;
	if (rp.status == NOT_FOUND && !c->conf->auto_register)
		return ps_fail(err, PS_E_DATA,
		    "subject %s has no such schema and auto.register.schemas "
		    "is false: %s",
		    subject, words_of(a, &rp));
	if (rp.status == 409)
		return explain(c, a, subject, text, words_of(a, &rp), err);
	if (rp.status != 200)
		return refused(a, &rp, path, err);
	root = object_of(&rp, path, err);
	if (root == NULL)
		return -1;
	an->schema.id =
	    (int32_t)json_integer_value(json_object_get(root, "id"));
	json_decref(root);
	return 0;
}

int
client_id(struct client *c, const char *subject, const char *text, int32_t *id,
    struct ps_error *err)
{
	size_t n = strlen(subject) + 1, len = n + strlen(text);
	const struct registered *r;
	struct ps_error no = { 0 };
	struct answer *an;
	char *key;

	key = (char *)xzalloc(len + 1);
	memcpy(key, subject, n);
	memcpy(key + n, text, len - n);
	an = kept(c->ids, key, len);
	if (an == NULL) {
		an = answer_new();
		(void)ask_id(c, subject, text, an, &no);
		keep(c->ids, key, len, an, &no);
		an = (struct answer *)lru_get(c->ids, key, len);
	}
	free(key);
	if (an == NULL)
		return ps_fail(err, no.code, "%s", no.text);
	if (answer_of(an, &r, err) < 0)
		return -1;
	*id = an->schema.id;
	return 0;
}

int
client_probe(struct client *c, int64_t limit_ms, struct ps_error *err)
{
	struct reply rp;
	struct pool p;
	json_t *root;
	int rc;

	if (http_probe(c->http, "/schemas/types", limit_ms, &rp, err) < 0)
		return -1;
	root = json_loadb(rp.text, rp.len, 0, NULL);
	pool_init(&p);
	rc = rp.status == 200 && json_is_array(root)
		 ? 0
		 : ps_fail(err, PS_E_CONFIG,
		       "answers %ld to /schemas/types, a schema registry "
		       "lists the types it knows there: %s",
		       rp.status, words_of(&p.arena, &rp));
	pool_fini(&p);
	json_decref(root);
	return rc;
}
