#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/js.h"
#include "base/log.h"
#include "rest/ask.h"
#include "rest/handlers.h"
#include "worker/worker.h"

/* The areas of the worker; tasks have their own below "task". */
static const char *const areas[] = { "child", "connector", "errand",
	"inventory", "journal", "kafka", "member", "pen", "reconcile",
	"requests", "rest", "root", "supervisor", "task", "worker" };

#define AREAS (sizeof areas / sizeof *areas)

static const char *
area_of(const char *name)
{
	return strcmp(name, "root") == 0 ? "" : name;
}

static json_t *
level_of(const char *name)
{
	const char *area = area_of(name);
	int64_t ms = log_level_set_ms(area);

	return json_pack("{s:s, s:o}", "level", log_level_name(log_level(area)),
	    "last_modified", ms == 0 ? json_null() : json_integer(ms));
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
rest_loggers(struct exchange *x)
{
	json_t *all = json_object();
	const char **names, *name;
	size_t count = AREAS;

	while (log_logger(count - AREAS) != NULL)
		count++;
	names = ps_calloc(x->a, count, sizeof *names);
	memcpy(names, areas, sizeof areas);
	for (size_t i = 0; (name = log_logger(i)) != NULL; i++)
		names[AREAS + i] = name;
	qsort(names, count, sizeof *names, by_name);
	for (size_t i = 0; i < count; i++)
		(void)json_object_set_new(all, names[i], level_of(names[i]));
	exchange_json(x, 200, all);
}

/* One of the worker's or below it, or one that was given a level. */
static bool
is_there(const char *wanted)
{
	const char *name;

	for (size_t i = 0; i < AREAS; i++) {
		size_t len = strlen(areas[i]);

		if (strncmp(areas[i], wanted, len) == 0 &&
		    (wanted[len] == '\0' || wanted[len] == '.'))
			return true;
	}
	for (size_t i = 0; (name = log_logger(i)) != NULL; i++)
		if (strcmp(name, wanted) == 0)
			return true;
	return false;
}

void
rest_logger(struct exchange *x)
{
	if (is_there(x->param[0]))
		exchange_json(x, 200, level_of(x->param[0]));
	else
		exchange_error(x, 404, "Logger %s not found.", x->param[0]);
}

static bool
is_below(const char *area, const char *name)
{
	size_t len = strlen(name);

	return strcmp(name, "root") == 0 ||
	       (strncmp(area, name, len) == 0 &&
		   (area[len] == '\0' || area[len] == '.'));
}

static json_t *
changed_areas(const char *name)
{
	json_t *list = json_array();
	bool itself = false;

	for (size_t i = 0; i < AREAS; i++) {
		if (!is_below(areas[i], name))
			continue;
		itself |= strcmp(areas[i], name) == 0;
		(void)json_array_append_new(list, json_string(areas[i]));
	}
	if (!itself)
		(void)json_array_append_new(list, json_string(name));
	return list;
}

static void
set_here(struct exchange *x, const char *name, enum ps_level level)
{
	log_set_level(area_of(name), level);
	supervisor_level(reconcile_supervisor(worker_reconcile(x->worker)),
	    area_of(name), log_level_name(level));
	exchange_json(x, 200, changed_areas(name));
}

/* By a record that every worker acts on; this one too. */
static void
set_everywhere(struct exchange *x, const char *name, enum ps_level level)
{
	const struct request_spec spec = { .op = REQUEST_LOGGER,
		.logger = name,
		.level = log_level_name(level) };

	ask_worker(x, &spec, ask_no_content);
}

static bool
is_for_all(const struct exchange *x)
{
	const char *scope = exchange_query(x, "scope");

	if (scope == NULL || strcasecmp(scope, "worker") == 0)
		return false;
	if (strcasecmp(scope, "cluster") == 0)
		return true;
	log_warn("rest",
	    "Received invalid scope '%s' in request to adjust log level; will "
	    "default to worker",
	    scope);
	return false;
}

/* A number is text too, as everywhere in a flat map. */
static const char *
level_in(struct exchange *x, const json_t *value)
{
	if (json_is_string(value) || value == NULL || json_is_null(value))
		return json_string_value(value);
	return json_is_object(value) || json_is_array(value)
		   ? NULL
		   : js_dump(x->a, value);
}

void
rest_set_logger(struct exchange *x)
{
	json_t *body = exchange_object(x);
	const char *text;
	enum ps_level level;

	if (body == NULL)
		return;
	text = level_in(x, json_object_get(body, "level"));
	if (text == NULL)
		exchange_error(x, 400,
		    "Desired 'level' parameter was not specified in request.");
	else if (log_level_parse(text, &level) != 0)
		exchange_error(x, 404, "invalid log level '%s'.", text);
	else if (is_for_all(x))
		set_everywhere(x, x->param[0], level);
	else
		set_here(x, x->param[0], level);
	json_decref(body);
}
