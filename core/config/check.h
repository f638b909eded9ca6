/*
 * check: one value held against one row of a key table.
 *
 * Parses as Java's ConfigDef does and says Connect's texts when the value is
 * not what the row asks for.
 */
#ifndef PENSTOCK_CONFIG_CHECK_H
#define PENSTOCK_CONFIG_CHECK_H

#include <penstock/config.h>

struct check_value {
	bool null;
	const char *text;  /* parsed and printed again */
	const char *shown; /* as messages show it: lists as [a, b] */
	char **items;      /* PS_KEY_LIST */
	size_t item_count;
	int64_t number; /* integer types */
};

/* NULL, or why `given` is not of the row's type; then `out` is null. */
const char *check_parse(struct ps_arena *a, const struct ps_key *key,
    const char *given, struct check_value *out);
/* NULL, or what is wrong with it; `name` is what the text calls the key. */
const char *check_rules(struct ps_arena *a, const struct ps_key *key,
    const char *name, const struct check_value *v);
/* NULL, or what is wrong with the first of the values that are given. */
const char *check_given(struct ps_arena *a, const struct ps_key *keys,
    size_t count, const struct ps_config *given);
const char *check_type_name(enum ps_key_type type); /* BOOLEAN … PASSWORD */

/* Does the whole text match the pattern? A bad pattern matches nothing. */
bool check_matches(const char *pattern, const char *text);

#endif
