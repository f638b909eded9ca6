#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <penstock/schema.h>

#include "tests/plugins/vectors.h"

struct text {
	char *p, *end;
};

static void __attribute__((format(printf, 2, 3)))
add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->p, (size_t)(t->end - t->p), fmt, ap);
	va_end(ap);
	if (n > 0)
		t->p += n < t->end - t->p ? n : t->end - t->p - 1;
}

static void
add_escaped(struct text *t, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c > 0x7e || c == '\\')
			add(t, "\\x%02x", c);
		else
			add(t, "%c", c);
	}
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_value(struct text *t, const struct ps_value *v);

/* Pairs sorted by their text: Java's maps have an order of their own. */
static void
add_map(struct text *t, const struct ps_value *v)
{
	char **pairs = calloc(v->len + 1, sizeof *pairs);

	for (uint32_t i = 0; i < v->len; i++) {
		struct text pair;

		pairs[i] = malloc(65536);
		pair = (struct text){ pairs[i], pairs[i] + 65536 };
		add_value(&pair, &v->pairs[i].key);
		add(&pair, "=");
		add_value(&pair, &v->pairs[i].value);
	}
	qsort(pairs, v->len, sizeof *pairs, by_text);
	add(t, "{");
	for (uint32_t i = 0; i < v->len; i++) {
		add(t, "%s%s", i > 0 ? "," : "", pairs[i]);
		free(pairs[i]);
	}
	add(t, "}");
	free(pairs);
}

static void
add_items(struct text *t, const struct ps_value *v)
{
	add(t, v->type == PS_ARRAY ? "[" : "(");
	for (uint32_t i = 0; i < v->len; i++) {
		add(t, "%s", i > 0 ? "," : "");
		add_value(t, &v->items[i]);
	}
	add(t, v->type == PS_ARRAY ? "]" : ")");
}

static void
add_float(struct text *t, const struct ps_value *v)
{
	float f = (float)v->f;
	uint64_t bits;
	uint32_t half;

	memcpy(&bits, &v->f, sizeof bits);
	memcpy(&half, &f, sizeof half);
	if (v->type == PS_FLOAT32)
		add(t, "f32:%08x", half);
	else
		add(t, "f64:%016llx", (unsigned long long)bits);
}

static void
add_value(struct text *t, const struct ps_value *v)
{
	static const char *const ints[] = { "", "i8", "i16", "i32", "i64" };

	switch (v->type) {
	case PS_NULL:
		add(t, "null");
		return;
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
		add(t, "%s:%lld", ints[v->type], (long long)v->i);
		return;
	case PS_FLOAT32:
	case PS_FLOAT64:
		add_float(t, v);
		return;
	case PS_BOOLEAN:
		add(t, "bool:%s", v->b ? "true" : "false");
		return;
	case PS_STRING:
		add(t, "str:");
		add_escaped(t, v->s, v->len);
		return;
	case PS_BYTES:
		add(t, "bytes:");
		for (uint32_t i = 0; i < v->len; i++)
			add(t, "%02x", v->p[i]);
		return;
	case PS_MAP:
		add_map(t, v);
		return;
	case PS_ARRAY:
	case PS_STRUCT:
		add_items(t, v);
		return;
	case PS_UNCHANGED:
		add(t, "unchanged");
		return;
	}
}

size_t
vectors_dump(char *to, size_t room, const struct ps_schema *s,
    const struct ps_value *v)
{
	static const char *const types[] = { "", "int8", "int16", "int32",
		"int64", "float32", "float64", "boolean", "string", "bytes",
		"array", "map", "struct" };
	struct text t = { to, to + room };

	if (s == NULL)
		add(&t, "- ");
	else
		add(&t, "%s%s%s%s ", types[s->type], s->optional ? "?" : "",
		    s->name == NULL ? "" : ":", s->name == NULL ? "" : s->name);
	add_value(&t, v);
	return (size_t)(t.p - to);
}
