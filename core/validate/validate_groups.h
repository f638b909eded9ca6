/*
 * validate_groups: the list of group names of a validation, each once.
 */
#ifndef PENSTOCK_VALIDATE_VALIDATE_GROUPS_H
#define PENSTOCK_VALIDATE_VALIDATE_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

#define GROUPS_MAX 128

struct group_list {
	const char *items[GROUPS_MAX];
	size_t count;
};

/* Those every source or sink has, in Connect's order. */
void group_list_base(struct group_list *g, bool is_sink);
/* NULL and what is there already add nothing. */
void group_list_add(struct group_list *g, const char *name);

#endif
