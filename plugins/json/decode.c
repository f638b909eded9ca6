#include "converter.h"

#include <jsontext/typed.h>

static int
not_an_envelope(struct ps_error *err)
{
	return ps_fail(err, PS_E_DATA,
	    "JsonConverter with schemas.enable requires \"schema\" and "
	    "\"payload\" fields and may not contain additional fields. If you "
	    "are trying to deserialize plain JSON data, set "
	    "schemas.enable=false in your converter configuration.");
}

struct envelope {
	struct token schema, payload;
	bool has_schema, has_payload, has_other;
};

static int
scan_members(struct scan *sc, struct ps_arena *a, struct envelope *e)
{
	struct token name, value;
	struct ps_value text;

	sc->p++;
	scan_space(sc);
	if (sc->p < sc->end && *sc->p == '}')
		return 0;
	for (;;) {
		if (scan_name(sc, &name) < 0 || scan_value(sc, &value) < 0)
			return -1;
		text = token_string(&name, a);
		if (ps_is_text(&text, "schema")) {
			e->schema = value;
			e->has_schema = true;
		} else if (ps_is_text(&text, "payload")) {
			e->payload = value;
			e->has_payload = true;
		} else {
			e->has_other = true;
		}
		scan_space(sc);
		if (sc->p < sc->end && *sc->p == ',') {
			sc->p++;
			continue;
		}
		return scan_expect(sc, '}', "a comma or }");
	}
}

/* Where schema and payload stand. */
static int
scan_envelope(struct scan *sc, struct ps_arena *a, struct envelope *e)
{
	struct token t;

	memset(e, 0, sizeof *e);
	scan_space(sc);
	if (sc->p == sc->end)
		return not_an_envelope(sc->err);
	if (scan_scalar(sc, &t) < 0)
		return -1;
	if (t.kind == TOKEN_ARRAY)
		return scan_skip(sc) < 0 ? -1 : not_an_envelope(sc->err);
	if (t.kind != TOKEN_OBJECT)
		return scan_top_end(sc, &t) < 0 ? -1 : not_an_envelope(sc->err);
	if (scan_members(sc, a, e) < 0)
		return -1;
	if (e->has_other || !e->has_schema || !e->has_payload)
		return not_an_envelope(sc->err);
	return 0;
}

/* The text starts like the last one: 1, and `sc` is at the payload. */
static int
same_schema_again(struct converter *c, struct scan *sc,
    const struct ps_schema **schema)
{
	static const char before[] = "{\"schema\":", after[] = ",\"payload\":";
	size_t room = (size_t)(sc->end - sc->p), len;
	const char *last = schema_cache_last(c->schemas, &len, schema);

	if (last == NULL || *schema == NULL ||
	    room < sizeof before + len + sizeof after ||
	    memcmp(sc->p, before, sizeof before - 1) != 0 ||
	    memcmp(sc->p + sizeof before - 1, last, len) != 0 ||
	    memcmp(sc->p + sizeof before - 1 + len, after, sizeof after - 1) !=
		0)
		return 0;
	sc->p += sizeof before - 1 + len + sizeof after - 1;
	return 1;
}

static int
decode_payload(struct converter *c, struct scan *sc, struct ps_arena *a,
    const struct side *s)
{
	struct typed d = { .sc = sc,
		.arena = a,
		.null_default = c->options.null_default };

	if (*s->schema == NULL)
		return parse_value(c->parser, sc, a, s->value);
	return typed_value(&d, *s->schema, s->value);
}

static int
decode_envelope(struct converter *c, struct ps_arena *a, const struct side *s,
    struct ps_error *err)
{
	struct envelope e;
	struct scan sc;
	struct token *t = &e.schema;
	const char *text;

	scan_init(&sc, s->raw->data, s->raw->len, err);
	if (same_schema_again(c, &sc, s->schema)) {
		if (decode_payload(c, &sc, a, s) == 0) {
			scan_space(&sc);
			if (sc.p < sc.end && *sc.p == '}')
				return 0;
		}
		/* Not that simple: what is wrong, if anything, is told by
		 * looking at the whole text first, as Connect does. */
		ps_error_clear(err);
		scan_init(&sc, s->raw->data, s->raw->len, err);
	}
	if (scan_envelope(&sc, a, &e) < 0)
		return -1;
	text = t->kind == TOKEN_STRING ? t->s - 1 : t->s;
	if (schema_in(c->schemas, text,
		t->len + (t->kind == TOKEN_STRING ? 2 : 0), s->schema, err) < 0)
		return -1;
	sc.p = e.payload.kind == TOKEN_STRING ? e.payload.s - 1 : e.payload.s;
	return decode_payload(c, &sc, a, s);
}

static int
decode_plain(struct converter *c, struct ps_arena *a, const struct side *s,
    struct ps_error *err)
{
	struct scan sc;
	struct token t = { .kind = TOKEN_NULL };

	scan_init(&sc, s->raw->data, s->raw->len, err);
	scan_space(&sc);
	if (sc.p == sc.end)
		return 0;
	if (*sc.p == '-' || (*sc.p >= '0' && *sc.p <= '9'))
		t.kind = TOKEN_NUMBER;
	if (parse_value(c->parser, &sc, a, s->value) < 0)
		return -1;
	return scan_top_end(&sc, &t);
}

static int
decode_one(struct converter *c, struct ps_arena *a, const struct side *s,
    struct ps_error *err)
{
	*s->schema = NULL;
	*s->value = ps_null();
	if (s->raw->data == NULL)
		return 0;
	return c->options.with_schema ? decode_envelope(c, a, s, err)
				      : decode_plain(c, a, s, err);
}

void
json_decode(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count, enum ps_part part)
{
	struct converter *c = (struct converter *)state;
	struct ps_error err;

	ps_error_clear(&err);
	schema_cache_turn(c->schemas);
	for (size_t i = 0; i < count; i++) {
		struct side s = side_of(records[i], part);

		if (decode_one(c, b->arena, &s, &err) == 0)
			continue;
		ps_record_fail(b, records[i], s.stage, JSON_CLASS, &err);
		ps_error_clear(&err);
	}
}

int
json_header_decode(void *state, struct ps_arena *a, const char *topic,
    struct ps_header *header, struct ps_error *err)
{
	struct converter *c = (struct converter *)state;
	struct side s = side_of_header(header);

	(void)topic;
	schema_cache_turn(c->schemas);
	return decode_one(c, a, &s, err);
}

static int
check_plain(const struct ps_slice *raw, struct ps_error *err)
{
	struct scan sc;
	struct token t = { .kind = TOKEN_NULL };

	scan_init(&sc, raw->data, raw->len, err);
	scan_space(&sc);
	if (sc.p == sc.end)
		return 0;
	if (*sc.p == '-' || (*sc.p >= '0' && *sc.p <= '9'))
		t.kind = TOKEN_NUMBER;
	return scan_skip(&sc) < 0 ? -1 : scan_top_end(&sc, &t);
}

/* With a schema only conversion tells; what it built is given back. */
static int
check_envelope(struct converter *c, struct ps_arena *a, const struct side *s,
    struct ps_error *err)
{
	struct ps_value value;
	const struct ps_schema *schema;
	struct side scratch = { &value, &schema, s->raw, s->stage };
	char *cur = a->cur, *end = a->end;
	size_t len;
	const char *text = schema_cache_last(c->schemas, &len, &schema);
	int rc = decode_one(c, a, &scratch, err);

	/* a new schema may live in the arena */
	if (a->end == end && text != NULL &&
	    text == schema_cache_last(c->schemas, &len, &schema))
		a->cur = cur;
	return rc;
}

void
json_check(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count, enum ps_part part)
{
	struct converter *c = (struct converter *)state;
	struct ps_error err;
	int rc;

	ps_error_clear(&err);
	schema_cache_turn(c->schemas);
	for (size_t i = 0; i < count; i++) {
		struct side s = side_of(records[i], part);

		if (s.raw->data == NULL)
			continue;
		rc = c->options.with_schema
			 ? check_envelope(c, b->arena, &s, &err)
			 : check_plain(s.raw, &err);
		if (rc == 0)
			continue;
		ps_record_fail(b, records[i], s.stage, JSON_CLASS, &err);
		ps_error_clear(&err);
	}
}
