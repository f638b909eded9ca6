/*
 * rename: a text made of another by a regular expression, as Java's
 * Matcher.replaceFirst makes it of one that matches as a whole.
 */
#ifndef PENSTOCK_TRANSFORMS_RENAME_H
#define PENSTOCK_TRANSFORMS_RENAME_H

#include "transforms.h"

#define RENAME_MAX 249 /* Kafka's longest topic */

struct rename;

struct name {
	char s[RENAME_MAX + 1];
	size_t len;
};

/* `key` is what the error calls the expression. */
struct rename *rename_new(const char *regex, const char *replacement,
    const char *key, struct ps_error *err);
void rename_free(struct rename **rp);
/* 1 and the new name; 0: it does not match; -1: the replacement refers to
 * what is not there, or the name becomes too long. */
int rename_apply(struct rename *t, const char *s, size_t len, struct name *out,
    struct ps_error *err);

#endif
