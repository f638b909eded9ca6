/*
 * versions: *.plugin.version in validation: which class it means, what is
 * shown as its default and recommended.
 */
#ifndef PENSTOCK_VALIDATE_VERSIONS_H
#define PENSTOCK_VALIDATE_VERSIONS_H

#include "config/def.h"
#include "plugin/catalog.h"

#define VERSIONS_KEYS 64

/* The classes a configuration names, each with its version's key. */
struct versions {
	struct catalog *catalog;
	struct versioned {
		const char *key;
		enum ps_kind kind;
		const char *name;
	} items[VERSIONS_KEYS];
	size_t count;
};

/* The newest that `range` takes, NULL with the reason; remembers `key`. */
const struct catalog_class *
versions_find(struct versions *v, const char *key, enum ps_kind kind,
    const char *name, const char *range, struct ps_error *err);
/* What is installed is the default … */
void versions_define(const struct versions *v, struct def_set *s);
/* … and recommended. */
void versions_recommend(const struct versions *v, struct def_result *r);

#endif
