/*
 * jschema_props: the properties of a JSON Schema's object, in their order.
 */
#ifndef PENSTOCK_REGISTRY_JSCHEMA_PROPS_H
#define PENSTOCK_REGISTRY_JSCHEMA_PROPS_H

#include <jansson.h>

#include <penstock/value.h>

struct property {
	const char *name;
	const json_t *schema;
	bool required;
	json_int_t index;
};

struct properties {
	struct property *items;
	size_t count, room;
};

/* Adds those of `j`. */
void jschema_collect(struct ps_arena *a, const json_t *j, struct properties *p);
/* By connect.index, and where that says nothing as they came. */
void jschema_sort(struct properties *p);

#endif
