#include "config/common.h"

/* The first rows of both tables per alias: type and plugin.version. */
#define OWN_ROWS 2u

/* The table with the alias behind each display name. */
static struct ps_key *
rows_for(struct ps_arena *a, const struct key_table *t, size_t count,
    const char *alias)
{
	struct ps_key *keys = ps_alloc(a, count * sizeof *keys);

	for (size_t i = 0; i < count; i++) {
		keys[i] = t->keys[i];
		keys[i].display =
		    ps_printf(a, "%s%s", t->keys[i].display, alias);
	}
	return keys;
}

static void
add_stage(struct def_set *s, const struct key_table *t, const char *kind,
    const char *alias, const struct key_table *plugin)
{
	struct ps_arena *a = def_set_arena(s);
	size_t more = t->count - OWN_ROWS;
	struct ps_key *rest;
	char *prefix = ps_printf(a, "%s.%s.", kind, alias);
	char *group = ps_printf(a, "%s: %s", kind, alias);

	group[0] = (char)(group[0] - 'a' + 'A');
	def_set_add(s, rows_for(a, t, OWN_ROWS, alias), OWN_ROWS, prefix,
	    group);
	if (plugin == NULL)
		return;
	rest = ps_alloc(a, (plugin->count + more + 1) * sizeof *rest);
	if (plugin->count > 0)
		memcpy(rest, plugin->keys, plugin->count * sizeof *rest);
	if (more > 0)
		memcpy(rest + plugin->count, t->keys + OWN_ROWS,
		    more * sizeof *rest);
	def_set_embed(s, rest, plugin->count + more, prefix, group,
	    (int)OWN_ROWS);
}

void
common_add_transform(struct def_set *s, const char *alias,
    const struct key_table *plugin)
{
	add_stage(s, &common_transform_keys, "transforms", alias, plugin);
}

void
common_add_predicate(struct def_set *s, const char *alias,
    const struct key_table *plugin)
{
	add_stage(s, &common_predicate_keys, "predicates", alias, plugin);
}

void
common_add_topic_group(struct def_set *s, const char *alias)
{
	struct ps_arena *a = def_set_arena(s);
	const struct key_table *t = &common_topic_group_keys;
	struct ps_key *keys = rows_for(a, t, t->count, alias);
	char *prefix = ps_printf(a, "topic.creation.%s.", alias);

	/* The default group takes all and has no other to fall back to. */
	for (size_t i = 0; strcmp(alias, "default") == 0 && i < t->count; i++) {
		if ((keys[i].flags & PS_OR_BROKER) != 0)
			keys[i].flags |= PS_REQUIRED;
		else if (strcmp(keys[i].name, "include") == 0)
			keys[i].default_value = ".*";
	}
	def_set_add(s, keys, t->count, prefix,
	    ps_printf(a, "Topic Creation: %s", alias));
}
