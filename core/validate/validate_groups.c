#include "validate/validate_groups.h"

#include <string.h>

void
group_list_base(struct group_list *g, bool is_sink)
{
	static const char *const all[] = { "Common", "Transforms", "Predicates",
		"Error Handling" };
	static const char *const source[] = { "Topic Creation",
		"Exactly Once Support", "offsets.topic" };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		group_list_add(g, all[i]);
	for (size_t i = 0; i < sizeof source / sizeof *source && !is_sink; i++)
		group_list_add(g, source[i]);
}

void
group_list_add(struct group_list *g, const char *name)
{
	if (name == NULL || g->count == GROUPS_MAX)
		return;
	for (size_t i = 0; i < g->count; i++)
		if (strcmp(g->items[i], name) == 0)
			return;
	g->items[g->count++] = name;
}
