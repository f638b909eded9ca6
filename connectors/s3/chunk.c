#include "chunk.h"

#include <stdlib.h>

#define POOL_MIN 96 /* one smallest part and something beside it */

void
pool_init(struct pool *p, size_t budget_bytes)
{
	*p = (struct pool){ .limit = budget_bytes / sizeof(struct chunk) };
	if (p->limit < POOL_MIN)
		p->limit = POOL_MIN;
}

void
pool_trim(struct pool *p)
{
	struct chunk *next;

	for (struct chunk *c = p->idle; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	p->idle = NULL;
}

size_t
pool_left(const struct pool *p)
{
	return p->out >= p->limit ? 0 : p->limit - p->out;
}

void
pool_charge(struct pool *p, long chunks)
{
	p->out = (size_t)((long)p->out + chunks);
}

struct chunk *
pool_take(struct pool *p)
{
	struct chunk *c = p->idle;

	if (c == NULL)
		c = malloc(sizeof *c);
	else
		p->idle = c->next;
	if (c == NULL)
		abort();
	c->next = NULL;
	c->len = 0;
	p->out++;
	return c;
}

void
pool_give(struct pool *p, struct chunk *c)
{
	p->out--;
	c->next = p->idle;
	p->idle = c;
}

void
chain_grow(struct chain *ch, struct pool *p)
{
	struct chunk *c = pool_take(p);

	if (ch->last == NULL)
		ch->first = c;
	else
		ch->last->next = c;
	ch->last = c;
}

void
chain_free(struct chain *ch, struct pool *p)
{
	struct chunk *next;

	for (struct chunk *c = ch->first; c != NULL; c = next) {
		next = c->next;
		pool_give(p, c);
	}
	*ch = (struct chain){ 0 };
}

void
chain_add_slow(struct chain *ch, struct pool *p, const void *data, size_t len)
{
	const char *from = data;
	size_t n;

	while (len > 0) {
		if (ch->last == NULL || ch->last->len == CHUNK_BYTES)
			chain_grow(ch, p);
		n = CHUNK_BYTES - ch->last->len;
		n = n < len ? n : len;
		memcpy(ch->last->data + ch->last->len, from, n);
		ch->last->len += n;
		ch->bytes += n;
		from += n;
		len -= n;
	}
}
