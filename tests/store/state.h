/*
 * state: what a config log amounts to, as one text to compare.
 */
#ifndef PENSTOCK_TESTS_STORE_STATE_H
#define PENSTOCK_TESTS_STORE_STATE_H

#include "base/js.h"
#include "config/map.h"
#include "store/configs.h"

/* The whole state as one text. */
__attribute__((unused)) static char *
state_text(struct ps_arena *a, const struct configs *c)
{
	json_t *all = json_object(), *x, *tasks;
	char *text;

	for (size_t i = 0; i < configs_count(c); i++) {
		const struct configs_connector *k = configs_at(c, i);

		x = json_object();
		tasks = json_array();
		for (size_t t = 0; k->tasks != NULL && t < k->task_count; t++)
			json_array_append_new(tasks,
			    js_from_config(&k->tasks[t]));
		json_object_set_new(x, "config", js_from_config(&k->config));
		json_object_set_new(x, "tasks", tasks);
		json_object_set_new(x, "target",
		    json_string(target_state_name(k->target)));
		json_object_set_new(x, "count",
		    json_integer((json_int_t)k->task_count));
		json_object_set_new(x, "fencing",
		    json_integer(k->fencing_count));
		json_object_set_new(all, k->name, x);
	}
	text = js_dump(a, all);
	json_decref(all);
	return text;
}

#endif
