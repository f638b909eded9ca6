/*
 * config: key tables, and the configuration an instance is given.
 *
 * A class lists its keys in one static table; documentation, validation,
 * defaults and masking follow from it. The instance gets a map of strings
 * that passed the table, with defaults filled in, so the typed getters do
 * not fail. Keys the table does not know are in the map as given.
 */
#ifndef PENSTOCK_CONFIG_H
#define PENSTOCK_CONFIG_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <penstock/arena.h>

enum ps_key_type {
	PS_KEY_BOOLEAN,
	PS_KEY_STRING,
	PS_KEY_INT, /* 32 bits */
	PS_KEY_SHORT,
	PS_KEY_LONG,
	PS_KEY_DOUBLE,
	PS_KEY_LIST,
	PS_KEY_CLASS,
	PS_KEY_PASSWORD,
};

enum ps_importance { PS_HIGH, PS_MEDIUM, PS_LOW };
enum ps_width { PS_W_NONE, PS_W_SHORT, PS_W_MEDIUM, PS_W_LONG };

enum {
	PS_REQUIRED = 1 << 0,  /* no default: missing is an error */
	PS_NOT_EMPTY = 1 << 1, /* "" and empty lists are errors */
	PS_UNIQUE = 1 << 2,    /* list entries differ */
	PS_REGEX = 1 << 3,     /* compiles as a regular expression */
	PS_ANY_CASE = 1 << 4,  /* choices are case-insensitive */
	PS_HAS_MIN = 1 << 5,
	PS_HAS_MAX = 1 << 6,
	PS_INTERNAL = 1 << 7,    /* not shown in listings */
	PS_UNSUPPORTED = 1 << 8, /* known, but setting it to other than the
				    default is an error that names the key */
	PS_ALIASES = 1 << 9,     /* list entries differ; they name others */
	PS_NO_CONTROL = 1 << 10, /* not empty, no control characters */
	PS_OR_BROKER = 1 << 11,  /* positive, or -1: the broker decides */
	/* Of a source. What is stored is about this value: with another it
	 * begins anew, or goes on in the wrong place. Of a list: about each of
	 * its entries; an empty one is all there are. */
	PS_PLACE = 1 << 12,
	PS_PLACE_IF_SET = 1 << 13, /* only whether it is set counts */
	/* Known, without effect: who sets it is told so, with `doc`, which
	 * says what to do instead. */
	PS_IGNORED = 1 << 14,
	/* Nobody has it any more, and what it was for would silently not be
	 * done: setting it is an error that ends with `doc`, which says what to
	 * use. Without a default; shown in no list. */
	PS_REMOVED = 1 << 15,
	/* Of a class with reconfigure: what config providers answer for it
	 * may change while a task runs. For others the task starts again. */
	PS_RENEWABLE = 1 << 16,
};

struct ps_key {
	const char *name;
	enum ps_key_type type;
	const char *default_value; /* NULL with no PS_REQUIRED: null */
	enum ps_importance importance;
	unsigned flags;
	const char *doc;
	const char *group; /* NULL: none, order -1 */
	int order;
	enum ps_width width;
	const char *display;        /* NULL: the name */
	const char *const *choices; /* NULL-terminated, or NULL */
	int64_t min, max;
};

struct ps_setting {
	const char *key;
	const char *value; /* NULL: null */
};

/* Sorted by key (byte order). */
struct ps_config {
	const struct ps_setting *settings;
	size_t count;
};

/* NULL when absent or null. */
static inline const char *
ps_config_get(const struct ps_config *c, const char *key)
{
	size_t lo = 0, hi = c->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = strcmp(c->settings[mid].key, key);

		if (order == 0)
			return c->settings[mid].value;
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* "" when absent. */
static inline const char *
ps_config_str(const struct ps_config *c, const char *key)
{
	const char *s = ps_config_get(c, key);

	return s == NULL ? "" : s;
}

static inline bool
ps_config_has(const struct ps_config *c, const char *key)
{
	return ps_config_str(c, key)[0] != '\0';
}

/* The table validated it: a number that is absent is a bug of the caller. */
static inline int64_t
ps_config_int(const struct ps_config *c, const char *key)
{
	const char *s = ps_config_get(c, key);

	assert(s != NULL);
	return strtoll(s, NULL, 10);
}

static inline bool
ps_config_bool(const struct ps_config *c, const char *key)
{
	return strcasecmp(ps_config_str(c, key), "true") == 0;
}

struct ps_list {
	const char *const *items;
	size_t count;
};

/* Entries of a comma-separated list, trimmed, in the arena. "" is empty. */
static inline struct ps_list
ps_config_list(const struct ps_config *c, const char *key, struct ps_arena *a)
{
	const char *s = ps_config_str(c, key), *end;
	const char **items;
	size_t n = 1, len;

	for (const char *p = s; *p != '\0'; p++)
		n += *p == ',';
	items = (const char **)ps_alloc(a, n * sizeof *items);
	for (n = 0; *s != '\0'; s = *end == ',' ? end + 1 : end) {
		end = s + strcspn(s, ",");
		s += strspn(s, " \t\r\n");
		len = s < end ? (size_t)(end - s) : 0;
		while (len > 0 && strchr(" \t\r\n", s[len - 1]) != NULL)
			len--;
		items[n++] = ps_strndup(a, s, len);
	}
	return (struct ps_list){ items, n };
}

/* Where validate() says what is wrong beyond the key table. */
struct ps_report {
	PS_PRINTF(3, 4)
	void (*error)(struct ps_report *rep, const char *key, const char *fmt,
	    ...);
};

#endif
