#include <stdlib.h>

#include <penstock/calendar.h>
#include <penstock/decimal.h>
#include <penstock/number.h>

#include "primitive.h"
#include "text.h"

#define MAX_NUMBER   400 /* characters; longer ones are text */
#define MAX_DEPTH    100
#define MAX_EXPONENT 100000

/* The rules, and the quirks, of Connect's Values.parseString. */
struct infer {
	const struct ps_host *host;
	struct ps_arena *arena;
	const char *start, *p, *end;
	int depth;
};

struct token {
	const char *s;
	size_t len;
};

struct inferred {
	struct ps_value value;
	const struct ps_schema *schema; /* NULL: null, or elements differ */
};

static bool
is_delimiter(char c)
{
	return c != '\0' && strchr(":,{}[]\"", c) != NULL;
}

static struct token
next_token(struct infer *in)
{
	const char *start = in->p;
	bool escaped = false;

	for (; in->p < in->end; in->p++) {
		if (*in->p == '\\') {
			escaped = !escaped;
			continue;
		}
		if (is_delimiter(*in->p) && !escaped) {
			in->p += in->p == start;
			break;
		}
		escaped = false;
	}
	return (struct token){ start, (size_t)(in->p - start) };
}

static struct token
trimmed(struct token t)
{
	while (t.len > 0 && (unsigned char)*t.s <= ' ') {
		t.s++;
		t.len--;
	}
	while (t.len > 0 && (unsigned char)t.s[t.len - 1] <= ' ')
		t.len--;
	return t;
}

/* Takes the next token, space around it aside, if it is this one. */
static bool
take(struct infer *in, const char *expected)
{
	const char *start = in->p;
	struct token t = { NULL, 0 };

	while (t.len == 0 && in->p < in->end)
		t = trimmed(next_token(in));
	if (t.len == strlen(expected) && memcmp(t.s, expected, t.len) == 0)
		return true;
	in->p = start;
	return false;
}

static const struct ps_schema *
plain(struct infer *in, enum ps_type type)
{
	struct ps_schema draft = { .type = type };

	/* cppcheck-suppress returnDanglingLifetime ; it is copied */
	return in->host->intern(in->host, &draft);
}

static const struct ps_schema *
logical(struct infer *in, enum ps_type type, const char *name)
{
	struct ps_schema draft = { .type = type, .name = name, .version = 1 };

	/* cppcheck-suppress returnDanglingLifetime ; it is copied */
	return in->host->intern(in->host, &draft);
}

/* Digits at `pos`; -1 when there is something else. */
static int64_t
digits_at(const char *s, size_t pos, size_t count)
{
	int64_t v = 0;

	for (size_t i = pos; i < pos + count; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

/* HH:mm:ss.SSS'Z' */
static int64_t
time_of(const char *s)
{
	int64_t h = digits_at(s, 0, 2), m = digits_at(s, 3, 2);
	int64_t sec = digits_at(s, 6, 2), ms = digits_at(s, 9, 3);

	if (h < 0 || m < 0 || sec < 0 || ms < 0 || s[2] != ':' || s[5] != ':' ||
	    s[8] != '.' || s[12] != 'Z')
		return -1;
	return ((h * 60 + m) * 60 + sec) * 1000 + ms;
}

/* yyyy-MM-dd; months and days out of range count on, as in Java */
static bool
date_of(const char *s, int64_t *days)
{
	int64_t y = digits_at(s, 0, 4), m = digits_at(s, 5, 2);
	int64_t d = digits_at(s, 8, 2);

	if (y < 0 || m < 0 || d < 0 || s[4] != '-' || s[7] != '-')
		return false;
	*days = ps_days_of(y, m, d);
	return true;
}

static bool
temporal(struct infer *in, const char *s, size_t len, struct inferred *out)
{
	char text[32];
	size_t n = 0;
	int64_t days = 0, ms = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 1 < len && s[i + 1] == ':')
			continue;
		if (n == sizeof text)
			return false;
		text[n++] = s[i];
	}
	if ((n != 10 && n != 13 && n != 24) ||
	    (n != 13 && !date_of(text, &days)))
		return false;
	if (n == 24 && text[10] != 'T')
		return false;
	ms = n == 10 ? 0 : time_of(text + (n == 24 ? 11 : 0));
	if (ms < 0)
		return false;
	if (n == 10) {
		out->value = ps_int(PS_INT32, days);
		out->schema = logical(in, PS_INT32, PS_NAME_DATE);
	} else if (n == 13) {
		out->value = ps_int(PS_INT32, ms);
		out->schema = logical(in, PS_INT32, PS_NAME_TIME);
	} else {
		out->value = ps_int64(days * 86400000 + ms);
		out->schema = logical(in, PS_INT64, PS_NAME_TIMESTAMP);
	}
	return true;
}

/* A number as BigDecimal reads it: digits * 10^-scale. */
struct number {
	char text[MAX_NUMBER + 1], digits[2 * MAX_NUMBER];
	size_t count;
	long scale;
	bool negative;
};

static bool
read_number(struct number *n, struct token t)
{
	const char *p = n->text;
	size_t seen = 0;
	bool after = false;
	long exponent;
	char *end;

	if (t.len > MAX_NUMBER)
		return false;
	memcpy(n->text, t.s, t.len);
	n->text[t.len] = '\0';
	n->count = 0;
	n->scale = 0;
	n->negative = *p == '-';
	p += *p == '-' || *p == '+';
	for (; (*p >= '0' && *p <= '9') || (*p == '.' && !after); p++) {
		if (*p == '.') {
			after = true;
			continue;
		}
		seen++;
		n->scale += after;
		if (n->count > 0 || *p != '0')
			n->digits[n->count++] = *p;
	}
	if (seen == 0)
		return false;
	if (*p == 'e' || *p == 'E') {
		if (p[1] == '\0' || p[1] == ' ')
			return false;
		exponent = strtol(p + 1, &end, 10); /* clamps */
		if (end == p + 1 || exponent > MAX_EXPONENT ||
		    exponent < -MAX_EXPONENT)
			return false;
		n->scale -= exponent;
		p = end;
	}
	return p == n->text + t.len;
}

/* A whole number of at most 64 bits: the smallest type that holds it. */
static bool
whole(struct infer *in, const struct number *n, struct inferred *out)
{
	static const int64_t limits[] = { INT8_MAX, INT16_MAX, INT32_MAX,
		INT64_MAX };
	size_t count = n->count;
	long scale = n->scale;
	uint64_t v = 0;
	int64_t i;
	int width = 0;

	for (; scale > 0 && count > 0 && n->digits[count - 1] == '0'; scale--)
		count--;
	if (count > 0 && (scale > 0 || (long)count - scale > 19))
		return false;
	for (size_t k = 0; k < count; k++)
		v = v * 10 + (uint64_t)(n->digits[k] - '0');
	for (; count > 0 && scale < 0; scale++)
		v *= 10;
	if (v > (uint64_t)INT64_MAX + n->negative)
		return false;
	i = (int64_t)(n->negative ? 0 - v : v);
	while (i > limits[width] || i < -limits[width] - 1)
		width++;
	out->value = ps_int((enum ps_type)(PS_INT8 + width), i);
	out->schema = plain(in, out->value.type);
	return true;
}

static bool
as_decimal(struct infer *in, struct number *n, struct inferred *out)
{
	char scale[24];
	struct ps_param param = { "scale", scale };
	struct ps_schema draft = { .type = PS_BYTES,
		.name = PS_NAME_DECIMAL,
		.version = 1,
		.params = &param,
		.param_count = 1 };
	uint8_t *p = (uint8_t *)ps_alloc(in->arena, n->count / 2 + 8);

	scale[ps_put_i64(scale, n->scale)] = '\0';
	out->value =
	    ps_bytes(p, ps_decimal_bytes(p, n->digits, n->count, n->negative));
	out->schema = in->host->intern(in->host, &draft);
	return true;
}

static bool
number(struct infer *in, struct token t, struct inferred *out)
{
	struct number n = { .count = 0 };
	float f;
	double d;

	if (!read_number(&n, t))
		return false;
	if (whole(in, &n, out))
		return true;
	f = strtof(n.text, NULL);
	d = strtod(n.text, NULL);
	if (n.scale == 0 || (!isfinite(f) && !isfinite(d)))
		return as_decimal(in, &n, out);
	out->value = isfinite(f) ? ps_float32(f) : ps_float64(d);
	out->schema = plain(in, out->value.type);
	return true;
}

/* A time has colons, which are tokens: five of them may make one. */
static bool
long_temporal(struct infer *in, struct token t, struct inferred *out)
{
	const char *after = in->p;

	for (int i = 0; i < 4; i++) {
		if (in->p >= in->end)
			break;
		(void)next_token(in);
		if (i == 3 && temporal(in, t.s, (size_t)(in->p - t.s), out))
			return true;
	}
	in->p = after;
	return temporal(in, t.s, t.len, out);
}

static bool
literal(struct infer *in, const char *word)
{
	const char *start = in->p;

	if (take(in, word) && (in->depth > 0 || in->p >= in->end))
		return true;
	in->p = start;
	return false;
}

static void
quoted(struct infer *in, struct inferred *out)
{
	const char *start = in->p, *stop = in->p;
	struct token t;

	while (in->p < in->end) {
		t = next_token(in);
		if (t.len == 1 && *t.s == '"')
			break;
		stop = in->p;
	}
	if (temporal(in, start, (size_t)(stop - start), out))
		return;
	out->value = ps_string(start, (size_t)(stop - start));
	out->schema = plain(in, PS_STRING);
}

struct items {
	struct ps_value *at;
	const struct ps_schema **schemas; /* of each */
	size_t count, room;
	const struct ps_schema *common;
	bool differ;
};

static void
items_add(struct items *l, struct ps_arena *a, const struct inferred *v)
{
	const struct ps_schema **schemas;
	struct ps_value *grown;

	if (l->count == l->room) {
		l->room = l->room == 0 ? 8 : 2 * l->room;
		grown = (struct ps_value *)ps_alloc(a, l->room * sizeof *grown);
		schemas = (const struct ps_schema **)ps_alloc(a,
		    l->room * sizeof *schemas);
		if (l->count > 0) {
			memcpy(grown, l->at, l->count * sizeof *grown);
			memcpy(schemas, l->schemas, l->count * sizeof *schemas);
		}
		l->at = grown;
		l->schemas = schemas;
	}
	l->schemas[l->count] = v->schema;
	l->at[l->count++] = v->value;
}

static bool
is_number(const struct ps_schema *s)
{
	return s->type >= PS_INT8 && s->type <= PS_FLOAT64 && s->name == NULL;
}

/* The schema that holds both: the wider of two numbers. */
static void
merge(struct items *l, const struct ps_schema *s)
{
	bool numbers = s != NULL && l->common != NULL && is_number(s) &&
		       is_number(l->common);

	if (s != NULL && !l->differ &&
	    (l->common == NULL || (numbers && s->type > l->common->type)))
		l->common = s;
	else if (s == NULL || (!numbers && !ps_schema_equal(s, l->common)))
		l->differ = true;
}

/* Numbers take the type of the common schema; every `step`-th is one. */
static const struct ps_schema *
align(struct items *l, size_t first, size_t step)
{
	if (l->differ || l->common == NULL)
		return NULL;
	for (size_t i = first; is_number(l->common) && i < l->count;
	     i += step) {
		struct ps_value *v = &l->at[i];
		bool fraction = l->common->type >= PS_FLOAT32;

		if (ps_is_int(v) && fraction)
			v->f = (double)v->i;
		v->type = l->common->type;
	}
	return l->common;
}

/* What is a Date or a Decimal by its schema alone is text without it: Java's
 * objects know themselves what they are. */
static struct ps_value
loosened(struct infer *in, const struct ps_value *v, const struct ps_schema *s)
{
	struct text t = { .arena = in->arena };
	struct ps_error err = { 0 };
	struct ps_value *items;
	struct ps_pair *pairs;

	if (s == NULL)
		return *v;
	if (s->name != NULL)
		return header_text(&t, s, v, 1, &err) == 0
			   ? ps_string(t.s, t.len)
			   : *v;
	if (v->type == PS_ARRAY) {
		items = (struct ps_value *)ps_alloc(in->arena,
		    (v->len + 1) * sizeof *items);
		for (uint32_t i = 0; i < v->len; i++)
			items[i] = loosened(in, &v->items[i], s->elem);
		return ps_array(items, v->len);
	}
	if (v->type == PS_MAP) {
		pairs = (struct ps_pair *)ps_alloc(in->arena,
		    (v->len + 1) * sizeof *pairs);
		for (uint32_t i = 0; i < v->len; i++) {
			pairs[i].key = loosened(in, &v->pairs[i].key, s->key);
			pairs[i].value =
			    loosened(in, &v->pairs[i].value, s->elem);
		}
		return ps_map(pairs, v->len);
	}
	return *v;
}

/* A value that is no container; -1: there is none, the text is a string. */
static int
infer_scalar(struct infer *in, struct inferred *out)
{
	struct token t;

	if (in->p >= in->end)
		return -1;
	out->schema = NULL;
	out->value = ps_null();
	if (in->depth > 0 && take(in, "\"")) {
		quoted(in, out);
		return 0;
	}
	if (literal(in, "null"))
		return 0;
	for (int i = 0; i < 2; i++) {
		if (!literal(in, i == 0 ? "true" : "false"))
			continue;
		out->value = ps_boolean(i == 0);
		out->schema = plain(in, PS_BOOLEAN);
		return 0;
	}
	t = trimmed(next_token(in));
	if (t.len == 0)
		return -1;
	if (*t.s >= '0' && *t.s <= '9' && long_temporal(in, t, out))
		return 0;
	if (((*t.s >= '0' && *t.s <= '9') || *t.s == '+' || *t.s == '-') &&
	    number(in, t, out))
		return 0;
	return -1;
}

/* An open container: elements, or keys and values in turn. */
struct frame {
	struct items elements, keys;
	bool is_map, has_key;
};

static const struct ps_schema *
container_schema(struct infer *in, struct frame *f)
{
	struct ps_schema draft = { .type = f->is_map ? PS_MAP : PS_ARRAY };

	draft.elem = align(&f->elements, f->is_map ? 1 : 0, f->is_map ? 2 : 1);
	if (f->is_map) {
		f->keys.at = f->elements.at;
		f->keys.count = f->elements.count;
		draft.key = align(&f->keys, 0, 2);
	}
	if (draft.elem == NULL || (f->is_map && draft.key == NULL))
		return NULL;
	/* cppcheck-suppress returnDanglingLifetime ; it is copied */
	return in->host->intern(in->host, &draft);
}

static void
close_frame(struct infer *in, struct frame *f, struct inferred *out)
{
	size_t n = f->elements.count;

	out->schema = container_schema(in, f);
	for (size_t i = 0; out->schema == NULL && i < n; i++)
		f->elements.at[i] =
		    loosened(in, &f->elements.at[i], f->elements.schemas[i]);
	out->value =
	    f->is_map ? ps_map((struct ps_pair *)(void *)f->elements.at, n / 2)
		      : ps_array(f->elements.at, n);
	in->depth--;
}

/* A value was read inside `f`: 0, or -1 when it cannot stand there. */
static int
add_value(struct infer *in, struct frame *f, const struct inferred *v)
{
	bool is_key = f->is_map && !f->has_key;

	if (is_key && v->value.type == PS_NULL)
		return -1;
	if (v->value.type == PS_NULL && f->elements.common != NULL)
		return -1; /* Connect fails on it and falls back as well */
	merge(is_key ? &f->keys : &f->elements, v->schema);
	items_add(&f->elements, in->arena, v);
	f->has_key = is_key;
	if (is_key)
		return take(in, ":") ? 0 : -1;
	if (take(in, ","))
		return 0;
	return in->p < in->end || !f->is_map ? 0 : -1;
}

/* Opens what starts here, if a container does. */
static bool
open_frame(struct infer *in, struct frame *frames)
{
	bool is_map;

	if (in->depth == MAX_DEPTH)
		return false;
	is_map = !take(in, "[");
	if (is_map && !take(in, "{"))
		return false;
	memset(&frames[in->depth], 0, sizeof *frames);
	frames[in->depth++].is_map = is_map;
	return true;
}

static bool
ends_here(struct infer *in, const struct frame *f)
{
	return !f->has_key && take(in, f->is_map ? "}" : "]");
}

/* One value with all that is in it. */
static int
infer_any(struct infer *in, struct frame *frames, struct inferred *out)
{
	for (;;) {
		struct frame *f = in->depth > 0 ? &frames[in->depth - 1] : NULL;

		if (f != NULL && ends_here(in, f)) {
			close_frame(in, f, out);
		} else {
			if (open_frame(in, frames))
				continue;
			if (infer_scalar(in, out) < 0)
				return -1;
		}
		if (in->depth == 0)
			return 0;
		if (add_value(in, &frames[in->depth - 1], out) < 0)
			return -1;
	}
}

int
infer_value(const struct ps_host *h, struct ps_arena *a, const char *s,
    size_t len, struct ps_value *value, const struct ps_schema **schema)
{
	struct infer in = { h, a, s, s, s + len, 0 };
	struct inferred out = { ps_null(), NULL };
	struct frame *frames =
	    (struct frame *)ps_alloc(a, MAX_DEPTH * sizeof *frames);

	if (len == 0 || infer_any(&in, frames, &out) < 0) {
		out.value = ps_string(s, len);
		out.schema = plain(&in, PS_STRING);
	}
	*value = out.value;
	*schema = out.schema;
	return 0;
}
