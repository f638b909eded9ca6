#include "cli/print.h"

#include <stdio.h>

#include "base/js.h"

static const char *
text_of(const json_t *obj, const char *name)
{
	const char *text = js_opt_str(obj, name);

	return text == NULL ? "" : text;
}

static void
print_head(void)
{
	(void)printf("%-30s %-11s %-10s %-22s %s\n", "NAME", "STATE", "DETAIL",
	    "WORKER", "CAUSE");
}

static void
print_line(const char *name, const json_t *state)
{
	const char *detail = text_of(state, "detail");

	(void)printf("%-30s %-11s %-10s %-22s %s\n", name,
	    text_of(state, "state"), detail, text_of(state, "worker_id"),
	    text_of(state, "cause"));
}

static void
print_status(const json_t *status)
{
	const json_t *tasks = json_object_get(status, "tasks"), *task;
	char name[300];
	size_t i;

	print_line(text_of(status, "name"),
	    json_object_get(status, "connector"));
	json_array_foreach(tasks, i, task)
	{
		(void)snprintf(name, sizeof name, "  %s-%lld",
		    text_of(status, "name"),
		    (long long)js_opt_int(task, "id", (int64_t)i));
		print_line(name, task);
	}
}

void
print_statuses(const json_t *all)
{
	const char *name;
	const json_t *one;

	print_head();
	json_object_foreach((json_t *)(uintptr_t)all, name, one)
	    print_status(json_object_get(one, "status"));
}

void
print_pipeline(const json_t *status)
{
	const json_t *list = json_object_get(status, "connectors"), *one;
	size_t i;

	print_head();
	(void)printf("%-30s %s\n", text_of(status, "name"),
	    text_of(status, "state"));
	json_array_foreach(list, i, one)
	{
		print_status(one);
	}
}

static void
print_member(const char *name, const json_t *value)
{
	(void)printf("%s: ", name);
	if (json_is_string(value))
		(void)printf("%s\n", json_string_value(value));
	else
		print_json(value);
}

void
print_described(const json_t *thing, const json_t *status)
{
	const char *name;
	const json_t *value;

	JS_EACH(thing, name, value)
	{
		print_member(name, value);
	}
	if (status == NULL)
		return;
	(void)printf("\n");
	if (json_object_get(status, "connectors") != NULL) {
		print_pipeline(status);
		return;
	}
	print_head();
	print_status(status);
}

void
print_json(const json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	(void)printf("\n");
}

void
print_logs(const char *connector, const json_t *tasks)
{
	const json_t *task, *lines, *line;
	size_t i, k;

	json_array_foreach(tasks, i, task)
	{
		lines = json_object_get(task, "lines");
		if (!json_is_array(lines))
			(void)fprintf(stderr,
			    "%s-%d: its worker is %s, ask there\n", connector,
			    (int)i, js_opt_str(task, "worker_id"));
		json_array_foreach(lines, k, line)
		{
			(void)printf("%s\n", json_string_value(line));
		}
	}
}

bool
print_labelled(const json_t *answer, const char *what)
{
	const json_t *list = json_object_get(answer, "connectors"), *one;
	bool all = true;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *message = js_opt_str(one, "message");

		if (message == NULL)
			(void)printf("%s: %s\n", text_of(one, "name"), what);
		else
			(void)fprintf(stderr, "%s: %s\n", text_of(one, "name"),
			    message);
		all = all && message == NULL;
	}
	return all;
}

static void
print_parts(const char *head, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *why = js_opt_str(one, "why");

		(void)printf("  %s: %s %s%s%s\n", head, text_of(one, "what"),
		    text_of(one, "name"), why == NULL ? "" : "- ",
		    why == NULL ? "" : why);
	}
}

void
print_cleaned(const json_t *answer)
{
	print_parts("removed", json_object_get(answer, "removed"));
	print_parts("left", json_object_get(answer, "left"));
}

void
print_revisions(const json_t *answer)
{
	const json_t *list = json_object_get(answer, "revisions"), *one;
	size_t i;

	(void)printf("%-10s %-26s %-20s %s\n", "REVISION", "AT", "BY", "HOW");
	json_array_foreach(list, i, one)
	{
		(void)printf("%-9lld%s %-26s %-20s %s\n",
		    (long long)js_opt_int(one, "revision", 0),
		    json_is_true(json_object_get(one, "current")) ? "*" : " ",
		    text_of(one, "at"), text_of(one, "by"),
		    text_of(one, "how"));
	}
}
