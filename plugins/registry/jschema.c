#include "jschema.h"

#include <strings.h>

#include <jsontext/encode.h>
#include <jsontext/plan.h>
#include <jsontext/typed.h>

#include "format.h"
#include "jschema_check.h"
#include "jschema_in.h"
#include "jschema_out.h"

struct jschema_writer {
	struct plan_cache *plans;
	const struct plan *plan; /* NULL: values by their own tags */
	enum json_decimal decimal;
};

struct jschema_reader {
	const struct jschema_options *o;
	const struct ps_schema *draft;
	struct parser *parser;
};

static const void *
options(const struct ps_host *h, const struct ps_config *c, struct ps_arena *a,
    struct ps_error *err)
{
	struct jschema_options *o =
	    (struct jschema_options *)ps_calloc(a, 1, sizeof *o);

	(void)err;
	o->json = (struct json_options){
		.host = h,
		.cache_size = 1,
		.decimal = strcasecmp(ps_config_str(c, "decimal.format"),
			       "NUMERIC") == 0
			       ? JSON_DECIMAL_NUMERIC
			       : JSON_DECIMAL_BASE64,
		.null_default =
		    !ps_config_bool(c, "ignore.default.for.nullables"),
		.pairs_as_objects = true,
		.union_name = JSCHEMA_ONE_OF,
	};
	o->additional = ps_config_bool(c, "object.additional.properties");
	o->optional_unrequired =
	    ps_config_bool(c, "use.optional.for.nonrequired");
	o->flatten_singletons = ps_config_bool(c, "flatten.singleton.unions");
	o->sum_types = ps_config_bool(c, "generalized.sum.type.support");
	return o;
}

static int
text(const void *opts, struct ps_arena *a, const struct ps_schema *s,
    const char **out, const char **record, struct ps_error *err)
{
	*record = s == NULL ? NULL : s->name;
	return jschema_text(a, (const struct jschema_options *)opts, s, out,
	    err);
}

static void
writer_end(void *writer_of)
{
	plan_cache_free(&((struct jschema_writer *)writer_of)->plans);
}

static void *
writer(const void *opts, struct ps_arena *a, const struct ps_schema *s,
    const struct registered *r, bool strict, struct ps_error *err)
{
	const struct jschema_options *o = (const struct jschema_options *)opts;
	struct jschema_writer *w =
	    (struct jschema_writer *)ps_calloc(a, 1, sizeof *w);

	if (strict && jschema_check(r->text, s, err) < 0)
		return NULL;
	w->decimal = o->json.decimal;
	if (s == NULL)
		return w;
	w->plans = plan_cache_new(&o->json);
	w->plan = plan_get(w->plans, s, a, err);
	if (w->plan != NULL)
		return w;
	writer_end(w);
	return NULL;
}

static int
json_write(const void *writer_of, struct bytes *out, const struct ps_value *v,
    struct ps_error *err)
{
	const struct jschema_writer *w =
	    (const struct jschema_writer *)writer_of;
	struct encoder e = { .decimal = w->decimal, .err = err };
	int rc;

	/* Both grow at the end of the arena, and own a piece alike. */
	e.out = (struct out){ out->arena, (char *)out->start, (char *)out->p,
		(char *)out->end, out->owned };
	rc = w->plan == NULL ? encode_tagged(&e, v)
			     : encode_planned(&e, &w->plan->node, v);
	*out = (struct bytes){ e.out.arena, (uint8_t *)e.out.start,
		(uint8_t *)e.out.p, (uint8_t *)e.out.end, e.out.owned };
	return rc;
}

static void
reader_end(void *reader_of)
{
	parser_free(&((struct jschema_reader *)reader_of)->parser);
}

static void *
reader(const void *opts, struct ps_arena *a, const struct registered *r,
    struct ps_error *err)
{
	struct jschema_reader *n =
	    (struct jschema_reader *)ps_calloc(a, 1, sizeof *n);

	n->o = (const struct jschema_options *)opts;
	if (jschema_read(a, n->o, r, &n->draft, err) < 0)
		return NULL;
	n->parser = parser_new();
	return n;
}

static int
json_read(const void *reader_of, struct ps_arena *a, struct ps_slice in,
    struct ps_value *v, const struct ps_schema **draft, struct ps_error *err)
{
	const struct jschema_reader *n =
	    (const struct jschema_reader *)reader_of;
	struct token t = { .kind = TOKEN_NULL };
	struct scan sc;
	struct typed d = { .sc = &sc,
		.arena = a,
		.null_default = n->o->json.null_default,
		.options = &n->o->json };
	int rc;

	*draft = n->draft;
	scan_init(&sc, in.data, in.len, err);
	scan_space(&sc);
	if (sc.p < sc.end && (*sc.p == '-' || (*sc.p >= '0' && *sc.p <= '9')))
		t.kind = TOKEN_NUMBER;
	rc = n->draft == NULL ? parse_value(n->parser, &sc, a, v)
			      : typed_value(&d, n->draft, v);
	return rc < 0 ? -1 : scan_top_end(&sc, &t);
}

static const char *
record_of(const void *reader_of)
{
	const struct ps_schema *s =
	    ((const struct jschema_reader *)reader_of)->draft;

	return s == NULL ? NULL : s->name;
}

const struct format json_schema_format = {
	.kind = SCHEMA_JSON,
	.title = "JSON Schema",
	.java_name = "io.confluent.connect.json.JsonSchemaConverter",
	.options = options,
	.text = text,
	.writer = writer,
	.write = json_write,
	.writer_end = writer_end,
	.reader = reader,
	.read = json_read,
	.reader_end = reader_end,
	.record_of = record_of,
};
