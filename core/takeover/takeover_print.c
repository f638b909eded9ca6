#include <stdio.h>
#include <string.h>

#include "base/js.h"
#include "takeover/takeover_impl.h"

static const char *
text_of(const json_t *obj, const char *name)
{
	const char *text = js_opt_str(obj, name);

	return text == NULL ? "" : text;
}

static bool
runs(const json_t *one)
{
	return json_is_true(json_object_get(one, "runs"));
}

static const char *
word(const json_t *one)
{
	return runs(one) ? "runs" : "does NOT run";
}

static void
print_problems(const json_t *connector)
{
	const json_t *list = json_object_get(connector, "problems"), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *key = text_of(one, "key");

		(void)printf("  %s%s%s\n", key, key[0] == '\0' ? "" : ": ",
		    text_of(one, "problem"));
	}
}

static void
print_connector(const json_t *c)
{
	(void)printf("%s: %s (%s, %s, %lld tasks, %zu positions)\n",
	    text_of(c, "name"), word(c), text_of(c, "type"),
	    text_of(c, "target_state"), (long long)js_opt_int(c, "tasks", 0),
	    json_array_size(json_object_get(c, "offsets")));
	print_problems(c);
}

static void
print_worker(const json_t *worker)
{
	const json_t *list = json_object_get(worker, "problems"), *one;
	size_t i;

	(void)printf("worker's file: %s\n", word(worker));
	json_array_foreach(list, i, one)
	{
		(void)printf("  %s\n", json_string_value(one));
	}
}

void
takeover_print(const json_t *report)
{
	const json_t *list = json_object_get(report, "connectors"), *one;
	size_t i, good = 0;

	print_worker(json_object_get(report, "worker"));
	json_array_foreach(list, i, one)
	{
		print_connector(one);
		good += runs(one);
	}
	(void)printf("%zu of %zu connectors of group %s run here\n", good,
	    json_array_size(list), text_of(report, "group"));
}
