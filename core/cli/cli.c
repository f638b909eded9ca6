#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/print.h"

#define ARENA_BYTES  8192
#define EXIT_USAGE   1
#define EXIT_REFUSED 2

struct command {
	const char *name;
	/* One name, or NULL when none was given. */
	int (*run)(struct ps_arena *a, const struct command *c,
	    const char *name, struct ps_error *err);
	const char *method, *suffix; /* of orders */
	int needs_name;
};

static char *
path_of(struct ps_arena *a, const char *name, const char *suffix)
{
	return ps_printf(a, "/connectors/%s%s", text_url_encode(a, name),
	    suffix);
}

static int
run_order(struct ps_arena *a, const struct command *c, const char *name,
    struct ps_error *err)
{
	struct client_answer answer;

	if (client_call(a, c->method, path_of(a, name, c->suffix), NULL,
		&answer, err) != 0)
		return -1;
	json_decref(answer.json);
	(void)printf("%s: %s\n", name, c->name);
	return 0;
}

static int
run_get(struct ps_arena *a, const struct command *c, const char *name,
    struct ps_error *err)
{
	struct client_answer answer;
	const char *path = name == NULL ? "/connectors" : path_of(a, name, "");

	if (client_call(a, c->method, path, NULL, &answer, err) != 0)
		return -1;
	print_json(answer.json);
	json_decref(answer.json);
	return 0;
}

static int
run_status(struct ps_arena *a, const struct command *c, const char *name,
    struct ps_error *err)
{
	struct client_answer answer;
	const char *path = name == NULL ? "/connectors?expand=status"
					: path_of(a, name, c->suffix);
	json_t *all;

	if (client_call(a, c->method, path, NULL, &answer, err) != 0)
		return -1;
	all = name == NULL
		  ? json_incref(answer.json)
		  : json_pack("{s:{s:O}}", name, "status", answer.json);
	print_statuses(all);
	json_decref(all);
	json_decref(answer.json);
	return 0;
}

/* The file's config replaces the connector's, or creates it. */
static int
put_file(struct ps_arena *a, const json_t *file, const char *path,
    struct ps_error *err)
{
	const json_t *config = json_object_get(file, "config");
	const char *name = js_opt_str(file, "name");
	struct client_answer answer;

	if (name == NULL)
		return ps_fail(err, PS_E_CONFIG, "%s: name is missing", path);
	if (!json_is_object(config))
		config = file;
	if (client_call(a, "PUT", path_of(a, name, "/config"), config, &answer,
		err) != 0)
		return ps_fail_in(err, "%s", path);
	(void)printf("%s: %s\n", name,
	    answer.status == 201 ? "created" : "configured");
	json_decref(answer.json);
	return 0;
}

static int
run_apply(struct ps_arena *a, const struct command *c, const char *path,
    struct ps_error *err)
{
	json_error_t why;
	json_t *file = json_load_file(path, 0, &why);
	int got;

	(void)c;
	if (file == NULL)
		return ps_fail(err, PS_E_CONFIG, "%s: line %d: %s", path,
		    why.line, why.text);
	got = put_file(a, file, path, err);
	json_decref(file);
	return got;
}

static const struct command commands[] = {
	{ "get", run_get, "GET", "", 0 },
	{ "status", run_status, "GET", "/status", 0 },
	{ "apply", run_apply, "PUT", "", 1 },
	{ "delete", run_order, "DELETE", "", 1 },
	{ "restart", run_order, "POST", "/restart?includeTasks=true", 1 },
	{ "pause", run_order, "PUT", "/pause", 1 },
	{ "resume", run_order, "PUT", "/resume", 1 },
	{ "stop", run_order, "PUT", "/stop", 1 },
};

static int
run_names(const struct command *c, int count, char **names)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	int code = 0;

	for (int i = 0; i < count || (i == 0 && count == 0); i++) {
		struct ps_error err = { 0 };

		if (c->run(a, c, count == 0 ? NULL : names[i], &err) == 0)
			continue;
		(void)fprintf(stderr, "penstock %s: %s\n", c->name, err.text);
		code = EXIT_REFUSED;
	}
	arena_free(&a);
	return code;
}

int
cli_main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		const struct command *c = &commands[i];

		if (strcmp(argv[1], c->name) != 0)
			continue;
		if (c->needs_name && argc < 3) {
			(void)fprintf(stderr, "usage: penstock %s NAME...\n",
			    c->name);
			return EXIT_USAGE;
		}
		return run_names(c, argc - 2, argv + 2);
	}
	return EXIT_USAGE;
}
