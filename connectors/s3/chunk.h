/*
 * chunk: bytes on their way to S3, in pieces of a pool with a ceiling.
 *
 * A chain grows at its end and is handed on whole. The pool counts what is
 * out; it never refuses, the sink looks at pool_left before it takes more.
 */
#ifndef PENSTOCK_CONNECTORS_S3_CHUNK_H
#define PENSTOCK_CONNECTORS_S3_CHUNK_H

#include <stddef.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)64 * 1024)

struct chunk {
	struct chunk *next;
	size_t len;
	char data[CHUNK_BYTES];
};

struct pool {
	struct chunk *idle;
	size_t out, limit; /* chunks */
};

struct chain {
	struct chunk *first, *last;
	size_t bytes;
};

void pool_init(struct pool *p, size_t budget_bytes);
/* Frees the chunks that nobody has. */
void pool_trim(struct pool *p);
/* Chunks that may still be taken. */
size_t pool_left(const struct pool *p);
/* Memory that is no chunk but counts (a compressor's); may be negative. */
void pool_charge(struct pool *p, long chunks);
struct chunk *pool_take(struct pool *p);
void pool_give(struct pool *p, struct chunk *c);

/* Adds an empty chunk at the end. */
void chain_grow(struct chain *ch, struct pool *p);
void chain_free(struct chain *ch, struct pool *p);
void
chain_add_slow(struct chain *ch, struct pool *p, const void *data, size_t len);

static inline void
chain_add(struct chain *ch, struct pool *p, const void *data, size_t len)
{
	struct chunk *c = ch->last;

	if (c == NULL || len > sizeof c->data - c->len) {
		chain_add_slow(ch, p, data, len);
		return;
	}
	memcpy(c->data + c->len, data, len);
	c->len += len;
	ch->bytes += len;
}

static inline void
chain_puts(struct chain *ch, struct pool *p, const char *text)
{
	chain_add(ch, p, text, strlen(text));
}

#endif
