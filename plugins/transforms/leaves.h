/*
 * leaves: other values, and maybe other schemas, for some fields of a record.
 *
 * Fields are named by paths. For each schema it is worked out once per batch
 * which fields change and to what; a record then costs its copy and those.
 */
#ifndef PENSTOCK_TRANSFORMS_LEAVES_H
#define PENSTOCK_TRANSFORMS_LEAVES_H

#include "path.h"

struct leaf_ops {
	const char *purpose;
	bool only_there; /* without a schema absent ones stay absent */
	/* The field's new schema, NULL and w->err when there is none. NULL
	 * operation: schemas stay. */
	const struct ps_schema *(*schema)(void *state, struct work *w,
	    size_t leaf, const struct ps_schema *from);
	/* Changes a value; without a schema an absent one is null. */
	int (*value)(void *state, struct work *w, size_t leaf,
	    const struct ps_schema *from, struct ps_value *v);
};

struct leaf_node;

struct leaves {
	const struct leaf_ops *ops;
	struct leaf_node *root;
};

/* Of two leaves with one path the later stays. */
void leaves_add(struct leaves *l, struct common *t, const struct path *p,
    size_t leaf);
/* Null passes; the struct may have lost its schema's default. */
int leaves_apply(const struct leaves *l, struct common *t, struct work *w,
    const struct operand *o);

#endif
