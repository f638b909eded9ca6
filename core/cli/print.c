#include "cli/print.h"

#include <stdio.h>
#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "cli/columns.h"

static const char *
text_of(const json_t *obj, const char *name)
{
	const char *text = js_opt_str(obj, name);

	return text == NULL ? "" : text;
}

static const char *
number_of(struct ps_arena *a, const json_t *obj, const char *name)
{
	return ps_printf(a, "%lld", (long long)js_opt_int(obj, name, 0));
}

/* ---- statuses ---------------------------------------------------------- */

static struct columns *
status_columns(struct ps_arena *a)
{
	static const char *const heads[] = { "NAME", "STATE", "DETAIL",
		"WORKER", NULL };

	return columns_new(a, heads);
}

/* Why it is so, and what would help. */
static void
add_state(struct ps_arena *a, struct columns *t, const char *name,
    const json_t *state)
{
	const char *cause = text_of(state, "cause");
	const char *action = text_of(state, "next_action");
	const char *const cells[] = { name, text_of(state, "state"),
		text_of(state, "detail"), text_of(state, "worker_id") };

	columns_add(t, cells);
	columns_note(t, action[0] == '\0'
			    ? cause
			    : ps_printf(a, "%s%s%s", cause,
				  cause[0] == '\0' ? "" : "; ", action));
}

static void
add_status(struct ps_arena *a, struct columns *t, const json_t *status)
{
	const json_t *tasks = json_object_get(status, "tasks"), *task;
	const char *name = text_of(status, "name");
	size_t i;

	add_state(a, t, name, json_object_get(status, "connector"));
	json_array_foreach(tasks, i, task)
	{
		add_state(a, t,
		    ps_printf(a, "  %s-%lld", name,
			(long long)js_opt_int(task, "id", (int64_t)i)),
		    task);
	}
}

void
print_status(struct ps_arena *a, const json_t *status)
{
	struct columns *t = status_columns(a);

	add_status(a, t, status);
	columns_print(t);
}

void
print_statuses(struct ps_arena *a, const json_t *all)
{
	struct columns *t = status_columns(a);
	const char *name;
	const json_t *one;

	json_object_foreach((json_t *)(uintptr_t)all, name, one)
	{
		add_status(a, t, json_object_get(one, "status"));
	}
	columns_print(t);
}

void
print_pipeline(struct ps_arena *a, const json_t *status)
{
	const json_t *upgrade = json_object_get(status, "upgrade");
	const json_t *list = json_object_get(status, "connectors"), *one;
	const char *const cells[] = { ps_printf(a, "pipeline/%s",
					  text_of(status, "name")),
		text_of(status, "state"), NULL, NULL };
	struct columns *t = status_columns(a);
	size_t i;

	columns_add(t, cells);
	if (upgrade != NULL)
		columns_note(t,
		    ps_printf(a, "upgrade to version %s: %s %s",
			number_of(a, upgrade, "version"),
			text_of(upgrade, "state"), text_of(upgrade, "cause")));
	json_array_foreach(list, i, one)
	{
		add_status(a, t, one);
	}
	columns_print(t);
}

void
print_upgrade(struct ps_arena *a, const json_t *upgrade)
{
	static const char *const heads[] = { "PIPELINE", "FROM", "STATE",
		"SINCE", NULL };
	const json_t *list = json_object_get(upgrade, "pipelines"), *one;
	struct columns *t = columns_new(a, heads);
	size_t i;

	(void)printf("template/%s to version %s: %s\n",
	    text_of(upgrade, "template"), number_of(a, upgrade, "version"),
	    text_of(upgrade, "state"));
	columns_wrap(text_of(upgrade, "reason"), 2);
	json_array_foreach(list, i, one)
	{
		const char *const cells[] = { text_of(one, "name"),
			number_of(a, one, "from"), text_of(one, "state"),
			text_of(one, "since") };

		columns_add(t, cells);
		columns_note(t, text_of(one, "cause"));
	}
	if (json_array_size(list) > 0)
		columns_print(t);
}

/* ---- lists ------------------------------------------------------------- */

/* "2 of 3": those that run. */
static const char *
running(struct ps_arena *a, const json_t *tasks)
{
	const json_t *task;
	size_t n = 0, i;

	json_array_foreach(tasks, i, task)
	{
		n += strcmp(text_of(task, "state"), "RUNNING") == 0;
	}
	return ps_printf(a, "%zu of %zu", n, json_array_size(tasks));
}

static void
list_connectors(struct ps_arena *a, const json_t *all)
{
	static const char *const heads[] = { "NAME", "TYPE", "STATE",
		"TASKS RUNNING", NULL };
	struct columns *t = columns_new(a, heads);
	const char *name;
	const json_t *one;

	JS_EACH(all, name, one)
	{
		const json_t *status = json_object_get(one, "status");
		const char *const cells[] = { name, text_of(status, "type"),
			text_of(json_object_get(status, "connector"), "state"),
			running(a, json_object_get(status, "tasks")) };

		columns_add(t, cells);
	}
	columns_print(t);
}

static void
list_pipelines(struct ps_arena *a, const json_t *all)
{
	static const char *const heads[] = { "NAME", "STATE", "TEMPLATE",
		"VERSION", "CONNECTORS", NULL };
	struct columns *t = columns_new(a, heads);
	const json_t *one;
	size_t i;

	json_array_foreach(all, i, one)
	{
		const char *const cells[] = { text_of(one, "name"),
			text_of(one, "state"), text_of(one, "template"),
			number_of(a, one, "version"),
			number_of(a, one, "connectors") };

		columns_add(t, cells);
	}
	columns_print(t);
}

static void
list_templates(struct ps_arena *a, const json_t *all)
{
	static const char *const heads[] = { "NAME", "VERSION", "PIPELINES",
		NULL };
	struct columns *t = columns_new(a, heads);
	const json_t *one;
	size_t i;

	json_array_foreach(all, i, one)
	{
		const char *const cells[] = { text_of(one, "name"),
			number_of(a, one, "version"),
			ps_printf(a, "%zu",
			    json_array_size(
				json_object_get(one, "pipelines"))) };

		columns_add(t, cells);
		columns_note(t, text_of(one, "description"));
	}
	columns_print(t);
}

void
print_list(struct ps_arena *a, enum cli_kind k, const json_t *all)
{
	static void (*const lists[CLI_KINDS])(struct ps_arena *,
	    const json_t *) = {
		[CLI_CONNECTOR] = list_connectors,
		[CLI_PIPELINE] = list_pipelines,
		[CLI_TEMPLATE] = list_templates,
	};

	if (json_array_size(all) + json_object_size(all) == 0)
		(void)fprintf(stderr, "no %s\n", kinds_all(k));
	else
		lists[k](a, all);
}

/* ---- one thing --------------------------------------------------------- */

/* A list of texts in one line, else JSON. */
static const char *
shown(struct ps_arena *a, const json_t *value)
{
	size_t count = json_array_size(value), i;
	const char **texts = ps_calloc(a, count + 1, sizeof *texts);
	const json_t *one;

	if (json_is_string(value))
		return json_string_value(value);
	json_array_foreach(value, i, one)
	{
		texts[i] = json_string_value(one);
		if (texts[i] == NULL)
			return js_dump(a, value);
	}
	if (json_is_array(value))
		return count == 0 ? "none" : text_join(a, texts, count, ", ");
	return js_dump(a, value);
}

static void
print_member(struct ps_arena *a, const char *name, const json_t *value,
    size_t indent)
{
	const char *key;
	const json_t *one;
	size_t i;

	if (json_object_size(value) > 0) {
		(void)printf("%*s%s:\n", (int)indent, "", name);
		JS_EACH(value, key, one)
		{
			(void)printf("%*s%s: %s\n", (int)indent + 2, "", key,
			    shown(a, one));
		}
	} else if (json_is_object(json_array_get(value, 0))) {
		(void)printf("%*s%s:\n", (int)indent, "", name);
		json_array_foreach(value, i, one)
		{
			(void)printf("%*s%s\n", (int)indent + 2, "",
			    js_dump(a, one));
		}
	} else {
		(void)printf("%*s%s: %s\n", (int)indent, "", name,
		    shown(a, value));
	}
}

/* What a value of a template must be. */
static void
print_parameters(struct ps_arena *a, const json_t *params)
{
	static const char *const heads[] = { "PARAMETER", "TYPE", "DEFAULT",
		NULL };
	struct columns *t = columns_new(a, heads);
	const char *name;
	const json_t *def;

	JS_EACH(params, name, def)
	{
		const json_t *absent = json_object_get(def, "default");
		bool secret = json_is_true(json_object_get(def, "secret"));
		bool required = json_is_true(json_object_get(def, "required"));
		const char *const cells[] = { name,
			ps_printf(a, "%s%s", text_of(def, "type"),
			    secret ? ", secret" : ""),
			absent != NULL ? shown(a, absent)
			: required     ? "(required)"
				       : "" };

		columns_add(t, cells);
		columns_note(t, text_of(def, "description"));
	}
	(void)printf("\n");
	columns_print(t);
}

static void
print_template(struct ps_arena *a, const json_t *thing)
{
	const json_t *list = json_object_get(thing, "connectors"), *one;
	const char *each = js_opt_str(thing, "for_each");
	const char *own;
	size_t i;

	(void)printf("template/%s, version %s\n", text_of(thing, "name"),
	    number_of(a, thing, "version"));
	columns_wrap(text_of(thing, "description"), 2);
	print_parameters(a, json_object_get(thing, "parameters"));
	(void)printf("\nCONNECTORS\n");
	json_array_foreach(list, i, one)
	{
		own = js_opt_str(one, "for_each");
		own = own == NULL ? each : own;
		(void)printf("%s%s%s\n    %s\n", text_of(one, "name"),
		    own == NULL ? "" : ", for each of ", own == NULL ? "" : own,
		    text_of(json_object_get(one, "config"), "connector.class"));
	}
}

/* Its tasks stand in its status. */
void
print_described(struct ps_arena *a, enum cli_kind k, const json_t *thing)
{
	const char *name;
	const json_t *value;

	if (k == CLI_TEMPLATE) {
		print_template(a, thing);
		return;
	}
	JS_EACH(thing, name, value)
	{
		if (strcmp(name, "tasks") != 0)
			print_member(a, name, value, 0);
	}
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

void
print_labelled(const json_t *answer, const char *what)
{
	const json_t *list = json_object_get(answer, "connectors"), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *message = js_opt_str(one, "message");

		if (message == NULL)
			(void)printf("%s: %s\n", text_of(one, "name"), what);
		else
			(void)fprintf(stderr, "%s: %s\n", text_of(one, "name"),
			    message);
	}
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
print_revisions(struct ps_arena *a, const json_t *answer)
{
	static const char *const heads[] = { "REVISION", "AT", "BY", "HOW",
		NULL };
	const json_t *list = json_object_get(answer, "revisions"), *one;
	struct columns *t = columns_new(a, heads);
	size_t i;

	json_array_foreach(list, i, one)
	{
		bool current = json_is_true(json_object_get(one, "current"));
		const char *const cells[] = { ps_printf(a, "%s%s",
						  number_of(a, one, "revision"),
						  current ? " *" : ""),
			text_of(one, "at"), text_of(one, "by"),
			text_of(one, "how") };

		columns_add(t, cells);
	}
	columns_print(t);
}
