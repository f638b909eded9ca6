#include <string.h>

#include "base/js.h"
#include "base/log.h"
#include "rest/handlers.h"
#include "worker/worker.h"

/* The areas of the worker; tasks have their own below "task". */
static const char *const areas[] = { "root", "child", "journal", "member",
	"reconcile", "requests", "rest", "supervisor", "task", "worker" };

#define AREAS (sizeof areas / sizeof *areas)

static const char *
area_of(const char *name)
{
	return strcmp(name, "root") == 0 ? "" : name;
}

static json_t *
level_of(const char *name)
{
	return json_pack("{s:s, s:n}", "level",
	    log_level_name(log_level(area_of(name))), "last_modified");
}

void
rest_loggers(struct exchange *x)
{
	json_t *all = json_object();

	for (size_t i = 0; i < AREAS; i++)
		(void)json_object_set_new(all, areas[i], level_of(areas[i]));
	exchange_json(x, 200, all);
}

void
rest_logger(struct exchange *x)
{
	for (size_t i = 0; i < AREAS; i++) {
		size_t len = strlen(areas[i]);

		if (strncmp(areas[i], x->param[0], len) != 0 ||
		    (x->param[0][len] != '\0' && x->param[0][len] != '.'))
			continue;
		exchange_json(x, 200, level_of(x->param[0]));
		return;
	}
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

void
rest_set_logger(struct exchange *x)
{
	json_t *body = exchange_object(x);
	const char *text;
	enum ps_level level;

	if (body == NULL)
		return;
	text = js_opt_str(body, "level");
	if (text == NULL) {
		exchange_error(x, 400,
		    "Desired 'level' parameter was not specified in request.");
	} else if (log_level_parse(text, &level) != 0) {
		exchange_error(x, 404, "invalid log level '%s'.", text);
	} else {
		log_set_level(area_of(x->param[0]), level);
		supervisor_level(
		    reconcile_supervisor(worker_reconcile(x->worker)),
		    area_of(x->param[0]), text);
		exchange_json(x, 200, changed_areas(x->param[0]));
	}
	json_decref(body);
}
