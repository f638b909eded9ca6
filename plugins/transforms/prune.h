/*
 * prune: which fields of a record stay, and what they are called.
 *
 * Fields are named by paths, as they are before anything is renamed. A field
 * that is included as part of a path keeps only what is included below it.
 */
#ifndef PENSTOCK_TRANSFORMS_PRUNE_H
#define PENSTOCK_TRANSFORMS_PRUNE_H

#include "path.h"

struct prune_node {
	struct step step;
	struct step to; /* its new name; NULL: its own */
	bool is_excluded;
	bool is_included;
	bool leads_on; /* something below is included */
	struct prune_node *children, *next;
};

struct prune {
	struct prune_node root; /* of no name */
	bool only_text_keys;    /* a map with others fails */
};

/* Each of them may be said of a field. Of two new names the first stays. */
void prune_exclude(struct prune *p, struct common *t, const struct path *path);
void prune_include(struct prune *p, struct common *t, const struct path *path);
void prune_rename(struct prune *p, struct common *t, const struct path *path,
    const struct step *to);

/* The operand is a struct with its schema or a map without one. */
int prune_apply(const struct prune *p, struct common *t, struct work *w,
    const struct operand *o);

#endif
