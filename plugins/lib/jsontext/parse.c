#include "parse.h"

#include <assert.h>
#include <stdlib.h>

#define FEW         64 /* members that are compared pair by pair */
#define KEPT_VALUES 65536
#define SURE_DIGITS 18 /* so many are never more than 64 bits */

struct frame {
	size_t base;
	bool object;
};

struct parser {
	struct ps_value *stack;
	size_t used, room;
	size_t depth;
	bool saw_wide;
	struct frame frames[JSON_MAX_DEPTH];
};

struct parser *
parser_new(void)
{
	struct parser *ps = (struct parser *)calloc(1, sizeof *ps);

	assert(ps != NULL);
	return ps;
}

void
parser_free(struct parser **pp)
{
	if (*pp != NULL)
		free((*pp)->stack);
	free(*pp);
	*pp = NULL;
}

static void
grow(struct parser *ps)
{
	ps->room = ps->room == 0 ? 256 : 2 * ps->room;
	ps->stack =
	    (struct ps_value *)realloc(ps->stack, ps->room * sizeof *ps->stack);
	assert(ps->stack != NULL);
}

static inline void
push(struct parser *ps, struct ps_value v)
{
	if (ps->used == ps->room)
		grow(ps);
	ps->stack[ps->used++] = v;
}

static uint64_t
hash_text(const struct ps_value *s, uint64_t seed)
{
	uint64_t h = seed ^ s->len, word;
	size_t i = 0;

	for (; i + 8 <= s->len; i += 8) {
		memcpy(&word, s->s + i, 8);
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	for (; i < s->len; i++)
		h = (h ^ (unsigned char)s->s[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 29;
}

static bool
same_text(const struct ps_value *a, const struct ps_value *b)
{
	return a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}

/* Few: a set of 64 bits says at once that a key is new. */
static size_t
unique_few(struct ps_pair *pairs, size_t count)
{
	uint64_t seen = 0, bit;
	size_t n = 0, at;

	for (size_t i = 0; i < count; i++) {
		const struct ps_value *key = &pairs[i].key;

		bit = UINT64_C(1) << (hash_text(key, 0) & 63);
		at = n;
		if ((seen & bit) != 0)
			for (at = 0; at < n; at++)
				if (same_text(&pairs[at].key, key))
					break;
		seen |= bit;
		pairs[at] = pairs[i];
		n += at == n;
	}
	return n;
}

/* Many: a table of indices plus one. The seed is an address: keys made to
 * collide in one process do not in another. */
static size_t
unique_many(struct ps_pair *pairs, size_t count, struct ps_arena *a)
{
	size_t size = 256, n = 0, slot;
	uint64_t seed;
	uint32_t *table;

	while (size < 2 * count)
		size *= 2;
	table = (uint32_t *)ps_calloc(a, size, sizeof *table);
	seed = (uint64_t)(uintptr_t)table >> 4;
	for (size_t i = 0; i < count; i++) {
		slot = hash_text(&pairs[i].key, seed) & (size - 1);
		while (table[slot] != 0 &&
		       !same_text(&pairs[table[slot] - 1].key, &pairs[i].key))
			slot = (slot + 1) & (size - 1);
		if (table[slot] == 0)
			table[slot] = (uint32_t)++n;
		pairs[table[slot] - 1] = pairs[i];
	}
	return n;
}

size_t
unique_pairs(struct ps_pair *pairs, size_t count, struct ps_arena *a)
{
	return count <= FEW ? unique_few(pairs, count)
			    : unique_many(pairs, count, a);
}

/* Takes the innermost container's values from the stack as one value. */
static void
fold(struct parser *ps, struct ps_arena *a)
{
	const struct frame *f = &ps->frames[--ps->depth];
	size_t n = ps->used - f->base;
	struct ps_value *from = ps->stack + f->base, *to;

	if (f->object)
		n = 2 * unique_pairs((struct ps_pair *)from, n / 2, a);
	to = (struct ps_value *)ps_alloc(a, n * sizeof *to);
	if (n > 0)
		memcpy(to, from, n * sizeof *to);
	ps->used = f->base;
	push(ps,
	    f->object ? ps_map((struct ps_pair *)to, n / 2) : ps_array(to, n));
}

static int
push_name(struct parser *ps, struct scan *sc, struct ps_arena *a)
{
	struct token t;

	if (scan_name(sc, &t) < 0)
		return -1;
	push(ps, token_string(&t, a));
	return 0;
}

/* 1: it was empty, 0: a value comes. */
static int
open_frame(struct parser *ps, struct scan *sc, struct ps_arena *a)
{
	bool object = *sc->p == '{';

	if (ps->depth == JSON_MAX_DEPTH)
		return ps_fail(sc->err, PS_E_DATA,
		    "Converting byte[] to Kafka Connect data failed due to "
		    "serialization error: nesting deeper than %d",
		    JSON_MAX_DEPTH);
	ps->frames[ps->depth++] = (struct frame){ ps->used, object };
	sc->p++;
	scan_space(sc);
	if (sc->p < sc->end && *sc->p == (object ? '}' : ']')) {
		sc->p++;
		fold(ps, a);
		return 1;
	}
	return object ? push_name(ps, sc, a) : 0;
}

static void
push_scalar(struct parser *ps, const struct token *t, struct ps_arena *a)
{
	switch (t->kind) {
	case TOKEN_NULL:
		push(ps, ps_null());
		return;
	case TOKEN_FALSE:
	case TOKEN_TRUE:
		push(ps, ps_boolean(t->kind == TOKEN_TRUE));
		return;
	case TOKEN_NUMBER:
		if (t->integral && t->len > SURE_DIGITS)
			ps->saw_wide |= token_is_wide(t);
		push(ps, t->integral ? ps_int64(token_int(t))
				     : ps_float64(token_double(t)));
		return;
	case TOKEN_STRING:
		push(ps, token_string(t, a));
		return;
	case TOKEN_ARRAY:
	case TOKEN_OBJECT:
		break;
	}
}

/* 1: the whole value is there, 0: another comes. */
static int
close_frames(struct parser *ps, struct scan *sc, struct ps_arena *a)
{
	while (ps->depth > 0) {
		bool object = ps->frames[ps->depth - 1].object;

		scan_space(sc);
		if (sc->p < sc->end && *sc->p == ',') {
			sc->p++;
			return object ? push_name(ps, sc, a) : 0;
		}
		if (scan_expect(sc, object ? '}' : ']',
			object ? "a comma or }" : "a comma or ]") < 0)
			return -1;
		fold(ps, a);
	}
	return 1;
}

static int
parse(struct parser *ps, struct scan *sc, struct ps_arena *a)
{
	struct token t;
	int rc;

	for (;;) {
		scan_space(sc);
		if (scan_scalar(sc, &t) < 0)
			return -1;
		if (t.kind == TOKEN_ARRAY || t.kind == TOKEN_OBJECT) {
			rc = open_frame(ps, sc, a);
			if (rc < 0)
				return -1;
			if (rc == 0)
				continue;
		} else {
			push_scalar(ps, &t, a);
		}
		rc = close_frames(ps, sc, a);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
}

int
parse_value(struct parser *ps, struct scan *sc, struct ps_arena *a,
    struct ps_value *out)
{
	int rc;

	if (ps->room == 0)
		grow(ps);
	ps->used = 0;
	ps->depth = 0;
	ps->saw_wide = false;
	rc = parse(ps, sc, a);
	if (rc == 0)
		*out = ps->stack[0];
	if (ps->room > KEPT_VALUES) {
		free(ps->stack);
		ps->stack = NULL;
		ps->room = 0;
	}
	return rc;
}

bool
parser_saw_wide(const struct parser *ps)
{
	return ps->saw_wide;
}
