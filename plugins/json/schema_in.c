#include "schema_in.h"

#include <jsontext/pieces.h>

#include "schema_text.h"

#define MAX_TABLE 4096
#define PIECE     4096

struct entry {
	struct entry *next;
	uint64_t hash, turn; /* of the batch that `schema` is good for */
	const char *text;
	size_t len;
	const struct ps_schema *draft, *schema;
	struct piece *pieces;
	struct ps_arena arena; /* over the pieces */
};

struct schema_cache {
	struct json_options options;
	struct entry *last;
	uint64_t turn;
	size_t count, mask;
	struct entry *table[];
};

static void *
entry_grow(struct ps_arena *a, size_t size)
{
	struct entry *e =
	    (struct entry *)(void *)((char *)a - offsetof(struct entry, arena));
	size_t used = (size + PS_ALIGN - 1) & ~(size_t)(PS_ALIGN - 1);
	size_t room = used < PIECE ? PIECE : used;
	char *p = (char *)piece_alloc(&e->pieces, room);

	a->cur = p + used;
	a->end = p + room;
	return p;
}

static void
entry_free(struct entry *e)
{
	pieces_free(&e->pieces);
	free(e);
}

struct schema_cache *
schema_cache_new(const struct json_options *options)
{
	struct schema_cache *c;
	size_t slots = 16;

	while (slots < options->cache_size && slots < MAX_TABLE)
		slots *= 2;
	c = (struct schema_cache *)calloc(1,
	    sizeof *c + slots * sizeof *c->table);
	assert(c != NULL);
	c->options = *options;
	c->mask = slots - 1;
	return c;
}

static void
start_over(struct schema_cache *c)
{
	struct entry *next;

	for (size_t i = 0; i <= c->mask; i++) {
		for (struct entry *e = c->table[i]; e != NULL; e = next) {
			next = e->next;
			entry_free(e);
		}
		c->table[i] = NULL;
	}
	c->count = 0;
	c->last = NULL;
}

void
schema_cache_free(struct schema_cache **cp)
{
	if (*cp == NULL)
		return;
	start_over(*cp);
	free(*cp);
	*cp = NULL;
}

void
schema_cache_turn(struct schema_cache *c)
{
	c->turn++;
}

static uint64_t
hash_text(const char *s, size_t len)
{
	uint64_t h = len, word;
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		memcpy(&word, s + i, 8);
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	for (; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 29;
}

static struct entry *
entry_new(struct schema_cache *c, const char *text, size_t len,
    struct ps_error *err)
{
	struct entry *e = (struct entry *)calloc(1, sizeof *e);
	struct schema_reader r;

	assert(e != NULL);
	e->arena.grow = entry_grow;
	e->text = ps_strndup(&e->arena, text, len);
	e->len = len;
	r = (struct schema_reader){
		.arena = &e->arena,
		.err = err,
		.null_default = c->options.null_default,
	};
	if (schema_parse(&r, e->text, len, &e->draft) == 0)
		return e;
	entry_free(e);
	return NULL;
}

static const struct ps_schema *
schema_of(struct schema_cache *c, struct entry *e)
{
	if (e->turn != c->turn && e->draft != NULL)
		e->schema = c->options.host->intern(c->options.host, e->draft);
	e->turn = c->turn;
	return e->schema;
}

int
schema_in(struct schema_cache *c, const char *text, size_t len,
    const struct ps_schema **out, struct ps_error *err)
{
	uint64_t hash = hash_text(text, len);
	struct entry **slot = &c->table[hash & c->mask], *e;

	for (e = *slot; e != NULL; e = e->next)
		if (e->hash == hash && e->len == len &&
		    memcmp(e->text, text, len) == 0)
			break;
	if (e == NULL) {
		e = entry_new(c, text, len, err);
		if (e == NULL)
			return -1;
		if (c->count >= c->options.cache_size)
			start_over(c);
		e->hash = hash;
		e->next = *slot;
		*slot = e;
		c->count++;
	}
	c->last = e;
	*out = schema_of(c, e);
	return 0;
}

const char *
schema_cache_last(const struct schema_cache *c, size_t *len,
    const struct ps_schema **schema)
{
	if (c->last == NULL || c->last->turn != c->turn)
		return NULL;
	*len = c->last->len;
	*schema = c->last->schema;
	return c->last->text;
}
