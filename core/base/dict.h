/*
 * dict: from bytes to pointers, in order of insertion.
 *
 * Keys are copied, values are borrowed: whoever puts them frees them. The
 * one place that knows uthash's macros.
 */
#ifndef PENSTOCK_BASE_DICT_H
#define PENSTOCK_BASE_DICT_H

#include <stddef.h>
#include <string.h>

struct dict;
struct dict_entry;

struct dict *dict_new(void);
void dict_free(struct dict **dp);
size_t dict_count(const struct dict *d);
/* NULL when it is not there. */
void *dict_get(const struct dict *d, const void *key, size_t len);
/* Returns the value that was there before, or NULL. */
void *dict_put(struct dict *d, const void *key, size_t len, void *value);
/* Returns the value that is there no more, or NULL. */
void *dict_remove(struct dict *d, const void *key, size_t len);

/* for (e = dict_first(d); e != NULL; e = dict_next(e)): to remove the entry
 * shown, ask for the next one first. */
const struct dict_entry *dict_first(const struct dict *d);
const struct dict_entry *dict_next(const struct dict_entry *e);
void *dict_value(const struct dict_entry *e);
/* With a NUL behind it. */
const char *dict_key(const struct dict_entry *e, size_t *len);

static inline void *
dict_get_str(const struct dict *d, const char *key)
{
	return dict_get(d, key, strlen(key));
}

static inline void *
dict_put_str(struct dict *d, const char *key, void *value)
{
	return dict_put(d, key, strlen(key), value);
}

static inline void *
dict_remove_str(struct dict *d, const char *key)
{
	return dict_remove(d, key, strlen(key));
}

#endif
