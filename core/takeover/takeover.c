#include "takeover/takeover.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/log.h"
#include "takeover/takeover_impl.h"

#define ARENA_BYTES   16384
#define LIST_LIMIT_MS 60000
#define TEXT_BYTES    2048

/* ---- the loop ---------------------------------------------------------- */

static void
on_late(uv_timer_t *timer)
{
	struct takeover *t = timer->data;

	(void)ps_fail(&t->err, PS_E_RETRY, "no answer in time");
}

int
takeover_wait(struct takeover *t, int limit_ms, struct ps_error *err)
{
	(void)uv_timer_start(&t->timer, on_late, (uint64_t)limit_ms, 0);
	while (t->waiting > 0 && t->err.code == PS_OK)
		(void)uv_run(&t->loop, UV_RUN_ONCE);
	(void)uv_timer_stop(&t->timer);
	if (t->err.code == PS_OK)
		return 0;
	*err = t->err;
	t->err = (struct ps_error){ 0 };
	return -1;
}

void
takeover_problem(struct takeover *t, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)json_array_append_new(t->problems, js_str(text));
}

/* ---- the file ---------------------------------------------------------- */

static void
use_own_plugins(struct takeover *t)
{
	const char *own = options_own_plugins(t->a);

	json_decref(t->o->plugins);
	t->o->plugins = json_array();
	if (own != NULL)
		(void)json_array_append_new(t->o->plugins, js_str(own));
}

struct resolved {
	struct takeover *t;
	struct ps_config config;
};

static void
on_resolved(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct resolved *r = ctx;

	r->t->waiting--;
	if (result == NULL)
		r->t->err = *err;
	else
		(void)js_to_config(r->t->a, json_object_get(result, "config"),
		    &r->config, &r->t->err);
}

static int
resolve(struct takeover *t, struct ps_config *out, struct ps_error *err)
{
	struct errand_spec spec = { MSG_INSPECT, NULL, NULL };
	struct resolved r = { .t = t };
	struct errand *e = errand_new(&t->errands, &spec);
	int got;

	t->o->worker = js_from_config(&t->o->raw);
	t->waiting = 1;
	errand_ask(e, "resolve", json_pack("{s:O}", "config", t->o->worker),
	    LIST_LIMIT_MS, on_resolved, &r);
	got = takeover_wait(t, 2 * LIST_LIMIT_MS, err);
	errand_free(&e);
	json_decref(t->o->worker);
	t->o->worker = NULL;
	*out = r.config;
	return got;
}

/* What a worker would refuse is a problem; the topics are read all the
 * same. */
static int
take_file(struct takeover *t, const char *path, struct ps_error *err)
{
	struct ps_error refused = { 0 };
	struct ps_config given;

	t->o = options_load(path, WORKER_DISTRIBUTED, err);
	if (t->o == NULL)
		return -1;
	t->errands =
	    (struct errand_env){ &t->loop, &t->gate, t->o, NULL, -1, NULL };
	if (options_take_plugins(t->o, &refused) != 0) {
		takeover_problem(t, "%s", refused.text);
		use_own_plugins(t);
	}
	given = t->o->raw;
	if (options_need_resolving(t->o) && resolve(t, &given, err) != 0)
		return -1;
	refused = (struct ps_error){ 0 };
	if (options_apply(t->o, &given, &refused) == 0)
		return 0;
	takeover_problem(t, "%s", refused.text);
	t->o->given = given;
	t->o->all = given;
	if (t->o->worker == NULL)
		t->o->worker = js_from_config(&given);
	return 0;
}

/* ---- plugins ----------------------------------------------------------- */

static void
on_inventory(void *ctx, const struct ps_error *err)
{
	struct takeover *t = ctx;

	t->waiting--;
	if (err != NULL)
		t->err = *err;
}

static int
list_plugins(struct takeover *t, struct ps_error *err)
{
	t->inventory = inventory_new(&t->errands);
	t->errands.inventory = t->inventory;
	t->waiting = 1;
	inventory_refresh(t->inventory, on_inventory, t);
	return takeover_wait(t, LIST_LIMIT_MS, err);
}

/* A plugin.path of Kafka Connect's that is not on this machine. */
static int
find_plugins(struct takeover *t, struct ps_error *err)
{
	if (list_plugins(t, err) != 0)
		return -1;
	if (json_array_size(inventory_plugins(t->inventory)) > 0)
		return 0;
	takeover_problem(t,
	    "plugin.path=%s: no plugin of penstock is there. Leave the key "
	    "out, or name folders with .so files",
	    ps_config_str(&t->o->raw, "plugin.path"));
	inventory_free(&t->inventory);
	use_own_plugins(t);
	return list_plugins(t, err);
}

/* ---- the report -------------------------------------------------------- */

static bool
all_run(const json_t *connectors)
{
	const json_t *one;
	size_t i;

	json_array_foreach(connectors, i, one)
	{
		if (!json_is_true(json_object_get(one, "runs")))
			return false;
	}
	return true;
}

static void
check_owner(struct takeover *t)
{
	const char *group = ps_config_str(&t->o->all, "group.id");

	if (t->mark.group != NULL && strcmp(t->mark.group, group) != 0)
		takeover_problem(t,
		    "the topics belong to a cluster of penstock with "
		    "group.id=%s, this file's is %s",
		    t->mark.group, group);
}

static json_t *
report_of(struct takeover *t)
{
	json_t *providers = takeover_providers(t), *list = json_array();
	json_t *worker;
	bool fine;

	check_owner(t);
	for (size_t i = 0; i < configs_count(t->configs); i++)
		(void)json_array_append_new(list,
		    takeover_judge(t, configs_at(t->configs, i)));
	fine = json_array_size(t->problems) == 0;
	worker = json_pack("{s:b, s:O, s:o}", "runs", fine, "problems",
	    t->problems, "providers", providers);
	return json_pack("{s:o, s:b, s:o, s:o}", "group",
	    js_str(ps_config_str(&t->o->all, "group.id")), "runs",
	    fine && all_run(list), "worker", worker, "connectors", list);
}

static int
check(struct takeover *t, const char *path, bool as_json, struct ps_error *err)
{
	json_t *report;
	int code;

	if (take_file(t, path, err) != 0 || find_plugins(t, err) != 0 ||
	    takeover_read(t, err) != 0)
		return TAKEOVER_UNREAD;
	report = report_of(t);
	if (as_json) {
		(void)json_dumpf(report, stdout, JSON_INDENT(2));
		(void)printf("\n");
	} else {
		takeover_print(report);
	}
	code = json_is_true(json_object_get(report, "runs")) ? TAKEOVER_RUNS
							     : TAKEOVER_NOT;
	json_decref(report);
	return code;
}

/* ---- the command ------------------------------------------------------- */

static void
init(struct takeover *t)
{
	t->a = arena_new(ARENA_BYTES);
	t->problems = json_array();
	t->timer.data = t;
	(void)uv_loop_init(&t->loop);
	(void)uv_timer_init(&t->loop, &t->timer);
	gate_init(&t->gate, 1);
	log_set_level("", PS_ERROR);
}

static void
fini(struct takeover *t)
{
	takeover_close(t);
	inventory_free(&t->inventory);
	uv_close((uv_handle_t *)&t->timer, NULL);
	(void)uv_run(&t->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&t->loop);
	mark_fini(&t->mark);
	json_decref(t->problems);
	options_free(&t->o);
	arena_free(&t->a);
}

static int
usage(void)
{
	(void)fprintf(stderr,
	    "usage: penstock check-takeover [-o json] FILE.properties\n");
	return TAKEOVER_USAGE;
}

int
takeover_main(int argc, char **argv)
{
	struct takeover t = { 0 };
	struct ps_error err = { 0 };
	const char *path = NULL;
	bool as_json = false;
	int code;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "-o") == 0 && i + 1 < argc &&
		    strcmp(argv[i + 1], "json") == 0)
			as_json = argv[++i] != NULL;
		else if (argv[i][0] == '-' || path != NULL)
			return usage();
		else
			path = argv[i];
	}
	if (path == NULL)
		return usage();
	init(&t);
	code = check(&t, path, as_json, &err);
	if (code == TAKEOVER_UNREAD)
		(void)fprintf(stderr, "penstock check-takeover: %s\n",
		    err.text);
	fini(&t);
	return code;
}
