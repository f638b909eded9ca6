#include "task/clean.h"

#include "base/js.h"

static void
add(const char **list, size_t *count, const char *topic)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(list[i], topic) == 0)
			return;
	list[(*count)++] = topic;
}

/* Those that it was seen to read, and those that its configuration names. */
static const char **
topics_of(const struct settings *s, const json_t *seen)
{
	struct ps_list named = ps_config_list(&s->common, "topics", s->arena);
	const char **list = (const char **)ps_calloc(s->arena,
	    named.count + json_array_size(seen) + 1, sizeof *list);
	size_t count = 0, i;
	const json_t *topic;

	for (i = 0; i < named.count; i++)
		add(list, &count, named.items[i]);
	json_array_foreach(seen, i, topic)
	{
		if (json_is_string(topic))
			add(list, &count, json_string_value(topic));
	}
	return list;
}

json_t *
clean_outside(struct task *t, const struct instance *ops,
    const struct ps_config *c, const json_t *seen, struct ps_error *err)
{
	int cleaned = 0;

	if (settings_is_sink(&t->settings) && ops->sink.clean != NULL)
		cleaned = ops->sink.clean(host_abi(t->host), c,
		    topics_of(&t->settings, seen), err);
	if (cleaned < 0)
		return NULL;
	return json_pack("{s:b}", "cleaned", cleaned == 1);
}
