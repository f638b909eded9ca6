/*
 * plan: a schema compiled for writing.
 *
 * Everything that does not depend on the value is rendered once: field
 * names, defaults, the schema itself. A plan borrows nothing of its schema.
 * The cache finds it by the schema's digest, and starts over
 * when it holds `schemas.cache.size` plans.
 */
#ifndef PENSTOCK_JSON_PLAN_H
#define PENSTOCK_JSON_PLAN_H

#include "json.h"

struct plan_text {
	const char *s;
	size_t len;
};

struct plan_field;

/* How a value of one schema is written. */
struct plan_node {
	enum ps_type type;
	enum ps_logical logical;
	bool optional;
	bool null_is_default; /* null is written as `or_null` */
	bool string_keys;     /* MAP: an object, not a list of pairs */
	bool pair_objects;    /* MAP: pairs are objects, not lists of two */
	bool is_union;        /* STRUCT: the one field that is set */
	int32_t scale;
	struct plan_text or_null; /* what stands for null, if anything does */
	const struct plan_node *key, *elem;
	const struct plan_field *fields;
	size_t field_count;
};

struct plan_field {
	struct plan_text name; /* ,"name": */
	struct plan_node node;
};

struct plan {
	uint64_t digest[2];
	struct plan_text before, after; /* the envelope */
	struct plan_node node;
	struct plan *next;
	struct piece *pieces; /* memory of all of it */
};

struct plan_cache;

struct plan_cache *plan_cache_new(const struct json_options *options);
void plan_cache_free(struct plan_cache **cp);
/* The plan, or NULL and `err` when the schema cannot be written (a default
 * that does not fit). `scratch` is for texts that end soon. */
const struct plan *plan_get(struct plan_cache *c, const struct ps_schema *s,
    struct ps_arena *scratch, struct ps_error *err);

#endif
