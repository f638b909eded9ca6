/*
 * inventory: which plugins there are, as an inspect child tells.
 *
 * Asked at the start and again when a plugin folder has changed; the worker
 * itself opens no plugin. What is known is kept while a new list is fetched.
 */
#ifndef PENSTOCK_SUPERVISE_INVENTORY_H
#define PENSTOCK_SUPERVISE_INVENTORY_H

#include "supervise/errand.h"

struct inventory;

/* The list is known (err NULL) or cannot be had. */
typedef void inventory_fn(void *ctx, const struct ps_error *err);

struct inventory *inventory_new(const struct errand_env *env);
void inventory_free(struct inventory **ip);
/* Calls fn once what is known is up to date; NULL: nobody waits. */
void inventory_refresh(struct inventory *i, inventory_fn *fn, void *ctx);
void inventory_forget(struct inventory *i, const void *ctx);
/* Told of each new list; one at a time, NULL: nobody. */
void inventory_watch(struct inventory *i, inventory_fn *fn, void *ctx);

/* [{class, type, version, name, aliases, keys: […]}], NULL: not known yet. */
const json_t *inventory_plugins(const struct inventory *i);
/* [[type, name], …] with each class twice, by our name and by Java's; NULL:
 * not known yet. */
json_t *inventory_names(const struct inventory *i);
/* By any name: full, simple, or without its type's suffix. NULL: none. */
const json_t *inventory_find(const struct inventory *i, const char *name);
/* The same of one type: source, sink, connector (both), converter …; NULL:
 * of any. */
const json_t *inventory_find_of(const struct inventory *i, const char *name,
    const char *type);
/* ", the nearest is X", "" when none is near. */
const char *inventory_nearest(const struct inventory *i, struct ps_arena *a,
    const char *name);
/* The class of that type with the most similar name, by its last part if not
 * by all of it; NULL: none is near. */
const char *inventory_nearest_of(const struct inventory *i, struct ps_arena *a,
    const char *name, const char *type);
/* All names that connectors answer to, separated by commas; NULL: not known
 * yet, or more than a record holds. */
char *inventory_connectors(const struct inventory *i, struct ps_arena *a);
/* "source", "sink" or "unknown". */
const char *
inventory_connector_type(const struct inventory *i, const char *class_name);

#endif
