#include "supervise/listing.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "supervise/errand.h"

#define LIMIT_MS 60000

struct listing {
	bool json, over;
	int code;
};

static const char *
or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static void
print_table(const json_t *result)
{
	const json_t *plugins = json_object_get(result, "plugins"), *one;
	size_t i;

	(void)printf("%-17s %-10s %s\n", "TYPE", "VERSION", "CLASS");
	json_array_foreach(plugins, i, one)(void)
	    printf("%-17s %-10s %s\n", or_empty(js_opt_str(one, "type")),
		or_empty(js_opt_str(one, "version")),
		or_empty(js_opt_str(one, "class")));
}

static void
print_errors(const json_t *result)
{
	const json_t *errors = json_object_get(result, "errors"), *one;
	size_t i;

	json_array_foreach(errors, i, one)(void)
	    fprintf(stderr, "%s: %s\n", or_empty(js_opt_str(one, "file")),
		or_empty(js_opt_str(one, "error")));
}

static void
on_list(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct listing *l = ctx;

	l->over = true;
	if (result == NULL) {
		(void)fprintf(stderr, "penstock inspect: %s\n", err->text);
		l->code = 1;
		return;
	}
	if (l->json) {
		(void)json_dumpf(result, stdout, JSON_INDENT(2));
		(void)printf("\n");
	} else {
		print_table(result);
		print_errors(result);
	}
}

static void
run(struct listing *l, const struct options *o)
{
	struct gate gate;
	uv_loop_t loop;
	struct errand_env env = { &loop, &gate, o, NULL, -1, NULL };
	struct errand_spec spec = { MSG_INSPECT, NULL, NULL };
	struct errand *e;

	(void)uv_loop_init(&loop);
	gate_init(&gate, 1);
	e = errand_new(&env, &spec);
	errand_ask(e, "list", NULL, LIMIT_MS, on_list, l);
	while (!l->over)
		(void)uv_run(&loop, UV_RUN_ONCE);
	errand_free(&e);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&loop);
}

int
listing_main(int argc, char **argv)
{
	struct listing l = { 0 };
	struct options o = { .a = arena_new(1024),
		.worker = json_object(),
		.plugins = json_array() };
	const char *own = options_own_plugins(o.a);

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			l.json = true;
		else
			(void)json_array_append_new(o.plugins,
			    json_string(argv[i]));
	}
	if (json_array_size(o.plugins) == 0 && own != NULL)
		(void)json_array_append_new(o.plugins, json_string(own));
	run(&l, &o);
	json_decref(o.worker);
	json_decref(o.plugins);
	arena_free(&o.a);
	return l.code;
}
