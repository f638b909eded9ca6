#include "jschema_props.h"

static bool
is_named(const json_t *j, const char *name)
{
	return json_is_string(j) && strcmp(json_string_value(j), name) == 0;
}

static bool
is_required(const json_t *j, const char *name)
{
	const json_t *list = json_object_get(j, "required");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (is_named(json_array_get(list, i), name))
			return true;
	return false;
}

void
jschema_collect(struct ps_arena *a, const json_t *j, struct properties *p)
{
	json_t *object = json_object_get(j, "properties"), *value;
	const char *name;

	json_object_foreach(object, name, value)
	{
		const json_t *index = json_object_get(value, "connect.index");

		if (p->count == p->room) {
			size_t room = 2 * p->room + 16;
			struct property *grown = (struct property *)ps_calloc(a,
			    room, sizeof *grown);

			if (p->count > 0)
				memcpy(grown, p->items,
				    p->count * sizeof *grown);
			p->items = grown;
			p->room = room;
		}
		p->items[p->count] = (struct property){ ps_strdup(a, name),
			value, is_required(j, name),
			json_is_integer(index) ? json_integer_value(index)
					       : (json_int_t)p->count };
		p->count++;
	}
}

/* By connect.index, and where that says nothing as they came. */
void
jschema_sort(struct properties *p)
{
	for (size_t i = 1; i < p->count; i++) {
		struct property item = p->items[i];
		size_t k = i;

		for (; k > 0 && p->items[k - 1].index > item.index; k--)
			p->items[k] = p->items[k - 1];
		p->items[k] = item;
	}
}
