/*
 * lru: a bounded map from bytes to objects; the one unused longest goes.
 *
 * The owner gives the objects; the map ends them. A lookup is one hash and,
 * mostly, one comparison.
 */
#ifndef PENSTOCK_REGISTRY_LRU_H
#define PENSTOCK_REGISTRY_LRU_H

#include <stddef.h>
#include <stdint.h>

struct lru;

typedef void lru_free_fn(void *object);

struct lru *lru_new(size_t ceiling, lru_free_fn *end);
void lru_free(struct lru **lp);
/* NULL: not there. */
void *lru_get(struct lru *l, const void *key, size_t len);
/* The key is copied; an object that has it already ends. */
void lru_put(struct lru *l, const void *key, size_t len, void *object);
void lru_drop(struct lru *l, const void *key, size_t len);
size_t lru_count(const struct lru *l);

#endif
