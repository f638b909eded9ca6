#include "lru.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

#define MAX_TABLE 4096

struct item {
	struct item *next; /* in its chain */
	void *object;
	uint64_t used; /* when, in lookups */
	uint64_t hash;
	size_t len;
	unsigned char key[];
};

struct lru {
	size_t ceiling, count, mask;
	uint64_t clock;
	lru_free_fn *end;
	struct item *table[];
};

static uint64_t
hash_of(const void *key, size_t len)
{
	const unsigned char *p = (const unsigned char *)key;
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ len, w;

	for (; len >= sizeof w; p += sizeof w, len -= sizeof w) {
		memcpy(&w, p, sizeof w);
		h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	for (; len > 0; p++, len--)
		h = (h ^ *p) * UINT64_C(0x100000001b3);
	return h ^ h >> 29;
}

struct lru *
lru_new(size_t ceiling, lru_free_fn *end)
{
	struct lru *l;
	size_t slots = 16;

	while (slots < ceiling && slots < MAX_TABLE)
		slots *= 2;
	l = (struct lru *)xzalloc(sizeof *l + slots * sizeof(struct item *));
	l->ceiling = ceiling > 0 ? ceiling : 1;
	l->mask = slots - 1;
	l->end = end;
	return l;
}

static void
item_end(struct lru *l, struct item **at)
{
	struct item *it = *at;

	*at = it->next;
	l->end(it->object);
	free(it);
	l->count--;
}

void
lru_free(struct lru **lp)
{
	struct lru *l = *lp;

	if (l == NULL)
		return;
	for (size_t i = 0; i <= l->mask; i++)
		while (l->table[i] != NULL)
			item_end(l, &l->table[i]);
	free(l);
	*lp = NULL;
}

static struct item **
find(struct lru *l, const void *key, size_t len, uint64_t hash)
{
	struct item **at = &l->table[hash & l->mask];

	while (*at != NULL && ((*at)->hash != hash || (*at)->len != len ||
				  memcmp((*at)->key, key, len) != 0))
		at = &(*at)->next;
	return at;
}

void *
lru_get(struct lru *l, const void *key, size_t len)
{
	struct item *it = *find(l, key, len, hash_of(key, len));

	if (it == NULL)
		return NULL;
	it->used = ++l->clock;
	return it->object;
}

static void
make_room(struct lru *l)
{
	struct item **oldest = NULL;

	for (size_t i = 0; i <= l->mask; i++)
		for (struct item **at = &l->table[i]; *at != NULL;
		     at = &(*at)->next)
			if (oldest == NULL || (*at)->used < (*oldest)->used)
				oldest = at;
	if (oldest != NULL)
		item_end(l, oldest);
}

void
lru_put(struct lru *l, const void *key, size_t len, void *object)
{
	uint64_t hash = hash_of(key, len);
	struct item *it;

	lru_drop(l, key, len);
	if (l->count >= l->ceiling)
		make_room(l);
	it = (struct item *)xzalloc(sizeof *it + len);
	*it = (struct item){ .object = object,
		.used = ++l->clock,
		.hash = hash,
		.len = len,
		.next = l->table[hash & l->mask] };
	memcpy(it->key, key, len);
	l->table[hash & l->mask] = it;
	l->count++;
}

void
lru_drop(struct lru *l, const void *key, size_t len)
{
	struct item **at = find(l, key, len, hash_of(key, len));

	if (*at != NULL)
		item_end(l, at);
}

size_t
lru_count(const struct lru *l)
{
	return l->count;
}
