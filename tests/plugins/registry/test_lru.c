#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>

#include "plugins/registry/lru.h"
#include "plugins/registry/pool.h"

static int ended;

static void
end(void *object)
{
	ended++;
	free(object);
}

static void *
object(int n)
{
	int *p = xzalloc(sizeof *p);

	*p = n;
	return p;
}

Test(lru, what_was_unused_longest_goes)
{
	struct lru *l = lru_new(3, end);

	lru_put(l, "a", 1, object(1));
	lru_put(l, "b", 1, object(2));
	lru_put(l, "c", 1, object(3));
	cr_assert(lru_get(l, "a", 1) != NULL);
	lru_put(l, "d", 1, object(4));
	cr_expect(lru_get(l, "b", 1) == NULL);
	cr_expect(eq(int, *(int *)lru_get(l, "a", 1), 1));
	cr_expect(eq(int, *(int *)lru_get(l, "d", 1), 4));
	cr_expect(eq(sz, lru_count(l), 3));
	cr_expect(eq(int, ended, 1));
	lru_free(&l);
	cr_expect(eq(int, ended, 4));
	cr_expect(l == NULL);
}

Test(lru, a_key_has_one_object)
{
	struct lru *l = lru_new(3, end);

	lru_put(l, "key", 3, object(1));
	lru_put(l, "key", 3, object(2));
	cr_expect(eq(int, *(int *)lru_get(l, "key", 3), 2));
	cr_expect(lru_get(l, "ke", 2) == NULL);
	cr_expect(eq(sz, lru_count(l), 1));
	lru_drop(l, "key", 3);
	cr_expect(eq(sz, lru_count(l), 0));
	lru_free(&l);
}

Test(lru, it_never_holds_more_than_its_ceiling)
{
	struct lru *l = lru_new(100, end);
	char key[16];

	for (int i = 0; i < 5000; i++) {
		int n = snprintf(key, sizeof key, "k%d", i);

		lru_put(l, key, (size_t)n, object(i));
	}
	cr_expect(eq(sz, lru_count(l), 100));
	cr_expect(eq(int, *(int *)lru_get(l, "k4999", 5), 4999));
	lru_free(&l);
}
