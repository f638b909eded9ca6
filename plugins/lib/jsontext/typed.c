#include "typed.h"

#include <stdlib.h>

#include <penstock/base64.h>

#include "typed_decimal.h"

#define MS_PER_DAY 86400000

static const char *const type_names[] = { "NULL", "INT8", "INT16", "INT32",
	"INT64", "FLOAT32", "FLOAT64", "BOOLEAN", "STRING", "BYTES", "ARRAY",
	"MAP", "STRUCT", "UNCHANGED" };

static const char *
kind_name(enum token_kind kind)
{
	static const char *const names[] = { "NULL", "BOOLEAN", "BOOLEAN",
		"NUMBER", "STRING", "ARRAY", "OBJECT" };

	return names[kind];
}

int
typed_null(struct typed *d, const struct ps_schema *s, struct ps_value *out)
{
	if (s->default_value != NULL && d->null_default &&
	    s->default_value->type != PS_NULL) {
		*out = *s->default_value;
		return 0;
	}
	*out = ps_null();
	if (s->optional)
		return 0;
	return ps_fail(d->sc->err, PS_E_DATA,
	    "Invalid null value for required %s field", type_names[s->type]);
}

/* A scalar of another JSON type: null, which a struct's field may refuse. */
static int
mistyped(struct typed *d, const struct ps_schema *s, struct ps_value *out)
{
	*out = ps_null();
	if (d->structs == 0 || s->optional)
		return 0;
	return ps_fail(d->sc->err, PS_E_DATA,
	    "Invalid value: null used for required field, schema type: %s",
	    type_names[s->type]);
}

static int64_t
whole_number(const struct token *t, enum ps_type type)
{
	int64_t i = t->kind == TOKEN_NUMBER ? token_int(t) : 0;

	switch (type) {
	case PS_INT8:
		return (int8_t)(uint8_t)i;
	case PS_INT16:
		return (int16_t)(uint16_t)i;
	case PS_INT32:
		return (int32_t)(uint32_t)i;
	default:
		return i;
	}
}

static int
base64_bytes(struct typed *d, const struct token *t, struct ps_value *out)
{
	struct ps_value text = token_string(t, d->arena);
	uint8_t *p = (uint8_t *)ps_alloc(d->arena, text.len / 4 * 3 + 3);
	ptrdiff_t n = ps_base64_get(p, text.s, text.len);

	if (n < 0)
		return -1;
	*out = ps_bytes(p, (size_t)n);
	return 0;
}

static int
bytes_value(struct typed *d, const struct ps_schema *s, const struct token *t,
    struct ps_value *out)
{
	if (t->kind != TOKEN_STRING)
		return mistyped(d, s, out);
	if (base64_bytes(d, t, out) < 0)
		return ps_fail(d->sc->err, PS_E_DATA,
		    "Invalid bytes field: not base64");
	return 0;
}

static int
decimal_value(struct typed *d, const struct ps_schema *s, const struct token *t,
    struct ps_value *out)
{
	if (!decimal_has_scale(s) &&
	    (t->kind == TOKEN_NUMBER || t->kind == TOKEN_STRING))
		return ps_fail(d->sc->err, PS_E_DATA,
		    "Invalid bytes for Decimal field: Invalid Decimal schema: "
		    "scale parameter not found.");
	if (t->kind == TOKEN_NUMBER)
		return decimal_number(d, s, t, out);
	if (t->kind != TOKEN_STRING)
		return ps_fail(d->sc->err, PS_E_DATA,
		    "Invalid type for Decimal, underlying representation "
		    "should be numeric or bytes but was %s",
		    kind_name(t->kind));
	if (base64_bytes(d, t, out) < 0 || out->len == 0)
		return ps_fail(d->sc->err, PS_E_DATA,
		    "Invalid bytes for Decimal field");
	/* as BigInteger writes it: no byte that only repeats the sign */
	while (out->len > 1 && (out->p[0] == 0 || out->p[0] == 0xff) &&
	       ((out->p[0] ^ out->p[1]) & 0x80) == 0) {
		out->p++;
		out->len--;
	}
	return 0;
}

/* Date, Time, Timestamp */
static int
temporal_value(struct typed *d, const struct ps_schema *s,
    const struct token *t, struct ps_value *out)
{
	static const char *const names[] = { [PS_DATE] = "Date",
		[PS_TIME] = "Time",
		[PS_TIMESTAMP] = "Timestamp" };
	bool whole = t->kind == TOKEN_NUMBER && t->integral && t->len < 21;
	int64_t i = whole ? token_int(t) : 0;

	if (s->logical != PS_TIMESTAMP && (i > INT32_MAX || i < INT32_MIN))
		whole = false;
	if (!whole && !(s->logical == PS_TIMESTAMP && t->integral &&
			  t->kind == TOKEN_NUMBER))
		return ps_fail(d->sc->err, PS_E_DATA,
		    "Invalid type for %s, underlying representation should be "
		    "%s but was %s",
		    names[s->logical],
		    s->logical == PS_TIMESTAMP ? "integral" : "integer",
		    kind_name(t->kind));
	if (s->logical == PS_TIME && (i < 0 || i > MS_PER_DAY))
		return ps_fail(d->sc->err, PS_E_DATA,
		    "Time values must use number of milliseconds greater than "
		    "0 and less than 86400000, found %lld",
		    (long long)i);
	*out = ps_int(s->type, s->logical == PS_TIMESTAMP ? token_int(t) : i);
	return 0;
}

static int
scalar_value(struct typed *d, const struct ps_schema *s, const struct token *t,
    struct ps_value *out)
{
	switch (s->type) {
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
		*out = ps_int(s->type, whole_number(t, s->type));
		return 0;
	case PS_FLOAT32:
		*out = ps_float32(t->kind == TOKEN_NUMBER ? token_float(t) : 0);
		return 0;
	case PS_FLOAT64:
		*out =
		    ps_float64(t->kind == TOKEN_NUMBER ? token_double(t) : 0);
		return 0;
	case PS_BOOLEAN:
		*out = ps_boolean(t->kind == TOKEN_TRUE);
		return 0;
	case PS_STRING:
		if (t->kind != TOKEN_STRING)
			return mistyped(d, s, out);
		*out = token_string(t, d->arena);
		return 0;
	case PS_BYTES:
		return bytes_value(d, s, t, out);
	case PS_NULL:
	case PS_ARRAY:
	case PS_MAP:
	case PS_STRUCT:
	case PS_UNCHANGED:
		break;
	}
	return -1;
}

/* Members of an object or elements of an array, one after the other. */
struct list {
	char close;
	bool begun;
};

/* 1: a value (or a member's name) is next, 0: the list has ended. */
static int
list_next(struct scan *sc, struct list *l)
{
	scan_space(sc);
	if (sc->p < sc->end && *sc->p == l->close) {
		sc->p++;
		return 0;
	}
	if (l->begun &&
	    scan_expect(sc, ',',
		l->close == ']' ? "a comma or ]" : "a comma or }") < 0)
		return -1;
	if (l->begun) {
		scan_space(sc);
		if (sc->p < sc->end && *sc->p == l->close)
			return scan_fail(sc, "a value after the comma");
	}
	l->begun = true;
	return 1;
}

struct growing {
	struct ps_value *items;
	size_t count, room;
};

static struct ps_value *
growing_add(struct growing *g, struct ps_arena *a)
{
	if (g->count == g->room) {
		size_t room = g->room == 0 ? 8 : 2 * g->room;
		struct ps_value *items =
		    (struct ps_value *)ps_alloc(a, room * sizeof *items);

		if (g->count > 0)
			memcpy(items, g->items, g->count * sizeof *items);
		g->items = items;
		g->room = room;
	}
	return &g->items[g->count++];
}

/* Of an object Connect takes the members' values, of a scalar nothing. */
static int
array_value(struct typed *d, const struct ps_schema *s, const struct token *t,
    struct ps_value *out)
{
	struct list l = { t->kind == TOKEN_OBJECT ? '}' : ']', false };
	struct growing g = { NULL, 0, 0 };
	struct token name;
	struct ps_value v;
	int rc = 0;

	if (t->kind == TOKEN_ARRAY || t->kind == TOKEN_OBJECT) {
		d->sc->p++;
		while ((rc = list_next(d->sc, &l)) > 0) {
			if (l.close == '}' && scan_name(d->sc, &name) < 0)
				return -1;
			if (typed_value(d, s->elem, &v) < 0)
				return -1;
			*growing_add(&g, d->arena) = v;
		}
	}
	*out = ps_array(g.items, g.count);
	return rc;
}

/* {"key":key,"value":value}, the members in any order. */
static int
map_entry_object(struct typed *d, const struct ps_schema *s,
    struct ps_value *key, struct ps_value *value)
{
	struct list l = { '}', false };
	struct token name;
	struct ps_value text;
	int rc;

	key->type = value->type = PS_UNCHANGED; /* not seen yet */
	d->sc->p++;
	while ((rc = list_next(d->sc, &l)) > 0) {
		if (scan_name(d->sc, &name) < 0)
			return -1;
		text = token_string(&name, d->arena);
		if (ps_is_text(&text, "key"))
			rc = typed_value(d, s->key, key);
		else if (ps_is_text(&text, "value"))
			rc = typed_value(d, s->elem, value);
		else
			rc = scan_skip(d->sc);
		if (rc < 0)
			return -1;
	}
	if (rc < 0)
		return -1;
	if (key->type == PS_UNCHANGED && typed_null(d, s->key, key) < 0)
		return -1;
	return value->type == PS_UNCHANGED ? typed_null(d, s->elem, value) : 0;
}

static int
map_entry(struct typed *d, const struct ps_schema *s, struct ps_value *key,
    struct ps_value *value)
{
	struct list l = { ']', false };
	struct token t;
	size_t count = 0;
	int rc;

	scan_space(d->sc);
	if (scan_scalar(d->sc, &t) < 0)
		return -1;
	if (t.kind == TOKEN_OBJECT && d->options != NULL &&
	    d->options->pairs_as_objects)
		return map_entry_object(d, s, key, value);
	if (t.kind != TOKEN_ARRAY)
		return ps_fail(d->sc->err, PS_E_DATA,
		    "Found invalid map entry instead of array tuple: %s",
		    kind_name(t.kind));
	d->sc->p++;
	while ((rc = list_next(d->sc, &l)) > 0 && count < 2) {
		const struct ps_schema *part = count == 0 ? s->key : s->elem;

		if (typed_value(d, part, count == 0 ? key : value) < 0)
			return -1;
		count++;
	}
	if (rc < 0)
		return -1;
	if (rc > 0 || count != 2)
		return ps_fail(d->sc->err, PS_E_DATA,
		    "Found invalid map entry, expected length 2 but found :%s",
		    rc > 0       ? "more"
		    : count == 0 ? "0"
				 : "1");
	return 0;
}

static int
map_value(struct typed *d, const struct ps_schema *s, const struct token *t,
    struct ps_value *out)
{
	bool strings = s->key->type == PS_STRING &&
		       !(s->key->optional && d->options != NULL &&
			   d->options->pairs_as_objects);
	struct list l = { strings ? '}' : ']', false };
	struct growing g = { NULL, 0, 0 };
	struct ps_value key, value;
	struct token name;
	int rc;

	if (t->kind != (strings ? TOKEN_OBJECT : TOKEN_ARRAY))
		return ps_fail(d->sc->err, PS_E_DATA,
		    strings ? "Maps with string fields should be encoded as "
			      "JSON objects, but found %s"
			    : "Maps with non-string fields should be encoded "
			      "as JSON arrays of tuples, but found %s",
		    kind_name(t->kind));
	d->sc->p++;
	while ((rc = list_next(d->sc, &l)) > 0) {
		if (strings) {
			if (scan_name(d->sc, &name) < 0)
				return -1;
			key = token_string(&name, d->arena);
			if (typed_value(d, s->elem, &value) < 0)
				return -1;
		} else if (map_entry(d, s, &key, &value) < 0) {
			return -1;
		}
		*growing_add(&g, d->arena) = key;
		*growing_add(&g, d->arena) = value;
	}
	*out = ps_map((struct ps_pair *)(void *)g.items, g.count / 2);
	if (strings && rc == 0)
		out->len = (uint32_t)unique_pairs(
		    (struct ps_pair *)(void *)g.items, g.count / 2, d->arena);
	return rc;
}

/* Where the field stands; most texts have them in the schema's order. */
static int
find_field(struct typed *d, const struct ps_schema *s, const struct token *t,
    size_t expected)
{
	struct ps_value name = token_string(t, d->arena);

	if (expected < s->field_count &&
	    s->fields[expected].name_len == name.len &&
	    memcmp(s->fields[expected].name, name.s, name.len) == 0)
		return (int)expected;
	return ps_field_index(s, name.s, name.len);
}

static int
in_field(struct typed *d, const struct ps_schema *s, size_t i)
{
	return ps_fail_in(d->sc->err, "field \"%s\"", s->fields[i].name);
}

static int
struct_fields(struct typed *d, const struct ps_schema *s,
    struct ps_value *fields)
{
	struct list l = { '}', false };
	struct token name;
	size_t expected = 0;
	int rc, at;

	while ((rc = list_next(d->sc, &l)) > 0) {
		if (scan_name(d->sc, &name) < 0)
			return -1;
		at = find_field(d, s, &name, expected);
		if (at < 0) {
			if (scan_skip(d->sc) < 0)
				return -1;
			continue;
		}
		if (typed_value(d, s->fields[at].schema, &fields[at]) < 0)
			return in_field(d, s, (size_t)at);
		expected = (size_t)at + 1;
	}
	return rc;
}

static int
struct_value(struct typed *d, const struct ps_schema *s, const struct token *t,
    struct ps_value *out)
{
	struct ps_value *fields;

	if (t->kind != TOKEN_OBJECT)
		return ps_fail(d->sc->err, PS_E_DATA,
		    "Structs should be encoded as JSON objects, but found %s",
		    kind_name(t->kind));
	fields = (struct ps_value *)ps_alloc(d->arena,
	    s->field_count * sizeof *fields);
	for (size_t i = 0; i < s->field_count; i++)
		fields[i].type = PS_UNCHANGED; /* not seen yet */
	d->sc->p++;
	d->structs++;
	if (struct_fields(d, s, fields) < 0)
		return -1;
	d->structs--;
	for (size_t i = 0; i < s->field_count; i++)
		if (fields[i].type == PS_UNCHANGED &&
		    typed_null(d, s->fields[i].schema, &fields[i]) < 0)
			return in_field(d, s, i);
	*out = ps_struct(fields, s->field_count);
	return 0;
}

/* ---- Unions: the branch that the text looks like ---- */

static size_t
known_members(struct typed *d, const struct ps_schema *s)
{
	struct scan sc = *d->sc;
	struct list l = { '}', false };
	struct token name;
	size_t known = 1;

	sc.p++;
	while (list_next(&sc, &l) > 0) {
		if (scan_name(&sc, &name) < 0)
			return 0;
		if (find_field(d, s, &name, SIZE_MAX) >= 0)
			known++;
		if (scan_skip(&sc) < 0)
			return 0;
	}
	return known;
}

/* 0: it is none of this schema; the more the better. */
static size_t
likeness(struct typed *d, const struct ps_schema *s, const struct token *t)
{
	bool number = t->kind == TOKEN_NUMBER;

	switch (s->type) {
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
		return number && t->integral ? 2 : 0;
	case PS_FLOAT32:
	case PS_FLOAT64:
		return number ? 1 : 0;
	case PS_BYTES:
		return t->kind == TOKEN_STRING ||
		       (number && s->logical == PS_DECIMAL);
	case PS_STRING:
		return t->kind == TOKEN_STRING ? 2 : 0;
	case PS_BOOLEAN:
		return t->kind == TOKEN_TRUE || t->kind == TOKEN_FALSE;
	case PS_ARRAY:
		return t->kind == TOKEN_ARRAY;
	case PS_MAP:
		return t->kind ==
		       (s->key->type == PS_STRING ? TOKEN_OBJECT : TOKEN_ARRAY);
	case PS_STRUCT:
		return t->kind == TOKEN_OBJECT ? known_members(d, s) : 0;
	case PS_NULL:
	case PS_UNCHANGED:
		break;
	}
	return 0;
}

static int
union_value(struct typed *d, const struct ps_schema *s, const struct token *t,
    const char *start, struct ps_value *out)
{
	struct ps_value *fields = (struct ps_value *)ps_calloc(d->arena,
	    s->field_count, sizeof *fields);
	size_t best = 0, best_like = 0;

	for (size_t i = 0; i < s->field_count; i++) {
		size_t like = likeness(d, s->fields[i].schema, t);

		if (like > best_like) {
			best = i;
			best_like = like;
		}
	}
	if (best_like == 0)
		return ps_fail(d->sc->err, PS_E_DATA,
		    "Did not find matching oneof field for data: %s",
		    kind_name(t->kind));
	d->sc->p = start;
	*out = ps_struct(fields, s->field_count);
	return typed_value(d, s->fields[best].schema, &fields[best]);
}

static int
logical_value(struct typed *d, const struct ps_schema *s, const struct token *t,
    struct ps_value *out)
{
	if (t->kind >= TOKEN_ARRAY && scan_skip(d->sc) < 0)
		return -1;
	return s->logical == PS_DECIMAL ? decimal_value(d, s, t, out)
					: temporal_value(d, s, t, out);
}

int
typed_value(struct typed *d, const struct ps_schema *s, struct ps_value *out)
{
	struct token t;
	const char *start;

	scan_space(d->sc);
	start = d->sc->p;
	if (scan_scalar(d->sc, &t) < 0)
		return -1;
	if (t.kind == TOKEN_NULL)
		return typed_null(d, s, out);
	if (d->options != NULL && json_is_union(d->options, s))
		return union_value(d, s, &t, start, out);
	if (s->logical >= PS_DECIMAL && s->logical <= PS_TIMESTAMP)
		return logical_value(d, s, &t, out);
	if (s->type == PS_STRUCT)
		return struct_value(d, s, &t, out);
	if (s->type == PS_ARRAY)
		return array_value(d, s, &t, out);
	if (s->type == PS_MAP)
		return map_value(d, s, &t, out);
	if (t.kind >= TOKEN_ARRAY && scan_skip(d->sc) < 0)
		return -1;
	return scalar_value(d, s, &t, out);
}
