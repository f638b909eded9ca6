#include "base/dict.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define uthash_malloc(size) xmalloc(size)
#define uthash_fatal(text)  abort()
#include <uthash.h>

struct dict_entry {
	UT_hash_handle hh;
	void *value;
	size_t len;
	char key[];
};

struct dict {
	struct dict_entry *entries;
};

/* What the macros open up to is not ours to shorten. */
/* NOLINTBEGIN(readability-function-*,clang-analyzer-unix.Malloc) */

static struct dict_entry *
find(const struct dict *d, const void *key, size_t len)
{
	struct dict_entry *e;

	HASH_FIND(hh, d->entries, key, len, e);
	return e;
}

static void
add(struct dict *d, struct dict_entry *e)
{
	HASH_ADD_KEYPTR(hh, d->entries, e->key, e->len, e);
}

static void
drop(struct dict *d, struct dict_entry *e)
{
	HASH_DEL(d->entries, e);
	free(e);
}

/* NOLINTEND(readability-function-*,clang-analyzer-unix.Malloc) */

struct dict *
dict_new(void)
{
	return xcalloc(1, sizeof(struct dict));
}

void
dict_free(struct dict **dp)
{
	struct dict_entry *e, *next;

	if (*dp == NULL)
		return;
	e = (*dp)->entries;
	HASH_CLEAR(hh, (*dp)->entries); /* leaves the list of entries */
	for (; e != NULL; e = next) {
		next = e->hh.next;
		free(e);
	}
	free(*dp);
	*dp = NULL;
}

size_t
dict_count(const struct dict *d)
{
	return HASH_COUNT(d->entries);
}

void *
dict_get(const struct dict *d, const void *key, size_t len)
{
	const struct dict_entry *e = find(d, key, len);

	return e == NULL ? NULL : e->value;
}

void *
dict_put(struct dict *d, const void *key, size_t len, void *value)
{
	struct dict_entry *e = find(d, key, len);
	void *before = NULL;

	if (e == NULL) {
		e = xcalloc(1, sizeof *e + len + 1);
		memcpy(e->key, key, len);
		e->len = len;
		add(d, e);
	} else {
		before = e->value;
	}
	e->value = value;
	return before;
}

void *
dict_remove(struct dict *d, const void *key, size_t len)
{
	struct dict_entry *e = find(d, key, len);
	void *value = NULL;

	if (e != NULL) {
		value = e->value;
		drop(d, e);
	}
	return value;
}

const struct dict_entry *
dict_first(const struct dict *d)
{
	return d->entries;
}

const struct dict_entry *
dict_next(const struct dict_entry *e)
{
	return e->hh.next;
}

void *
dict_value(const struct dict_entry *e)
{
	return e->value;
}

const char *
dict_key(const struct dict_entry *e, size_t *len)
{
	if (len != NULL)
		*len = e->len;
	return e->key;
}
