#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "cli/apply.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/completion.h"
#include "cli/print.h"

#define ARENA_BYTES 8192

struct command {
	const char *name;
	/* One name, or NULL when none was given. */
	int (*run)(struct ps_arena *a, const struct command *c,
	    const char *name, struct ps_error *err);
	const char *method, *suffix; /* of orders */
	int needs_name;
	/* Instead of run: all names at once. */
	int (*all)(struct ps_arena *a, const struct cli_args *args);
};

/* ---- what a name names ------------------------------------------------- */

static const struct kind {
	const char *prefix, *list, *path;
} kinds[] = {
	{ "pipeline/", "pipelines", "/pipelines" },
	{ "template/", "templates", "/templates" },
	{ "connector/", "connectors", "/connectors" },
};

#define CONNECTORS (sizeof kinds / sizeof *kinds - 1)

/* A name without a kind's prefix is a connector's. */
static const struct kind *
kind_of(const char **name)
{
	for (size_t i = 0; i <= CONNECTORS; i++)
		if (text_starts(*name, kinds[i].prefix)) {
			*name += strlen(kinds[i].prefix);
			return &kinds[i];
		}
	return &kinds[CONNECTORS];
}

static char *
path_of(struct ps_arena *a, const char *name, const char *suffix)
{
	const struct kind *k = kind_of(&name);

	return ps_printf(a, "%s/%s%s", k->path, text_url_encode(a, name),
	    suffix);
}

/* "pipelines": all of a kind. */
static const char *
list_path(const char *name)
{
	for (size_t i = 0; name != NULL && i <= CONNECTORS; i++)
		if (strcmp(name, kinds[i].list) == 0)
			return kinds[i].path;
	return name == NULL ? "/connectors" : NULL;
}

/* ---- commands ---------------------------------------------------------- */

static int
run_order(struct ps_arena *a, const struct command *c, const char *name,
    struct ps_error *err)
{
	struct client_answer answer;

	if (client_call(a, c->method, path_of(a, name, c->suffix), NULL,
		&answer, err) != 0)
		return -1;
	(void)printf("%s: %s\n", name, c->name);
	print_cleaned(answer.json);
	json_decref(answer.json);
	return 0;
}

static int
run_get(struct ps_arena *a, const struct command *c, const char *name,
    struct ps_error *err)
{
	struct client_answer answer;
	const char *list = list_path(name);
	const char *path = list != NULL ? list : path_of(a, name, "");

	if (client_call(a, c->method, path, NULL, &answer, err) != 0)
		return -1;
	print_json(answer.json);
	json_decref(answer.json);
	return 0;
}

/* What it is, and how it is. */
static int
run_describe(struct ps_arena *a, const struct command *c, const char *name,
    struct ps_error *err)
{
	struct client_answer answer, status = { 0 };
	const char *is = name;
	bool has_status = strcmp(kind_of(&is)->list, "templates") != 0;

	if (client_call(a, c->method, path_of(a, name, ""), NULL, &answer,
		err) != 0)
		return -1;
	if (has_status && client_call(a, "GET", path_of(a, name, "/status"),
			      NULL, &status, err) != 0)
		ps_error_clear(err); /* it has none yet */
	print_described(answer.json, status.json);
	json_decref(answer.json);
	json_decref(status.json);
	return 0;
}

static int
status_of(struct ps_arena *a, const char *name, bool as_json,
    struct ps_error *err)
{
	struct client_answer answer;
	const char *is = name;
	bool flow =
	    name != NULL && strcmp(kind_of(&is)->list, "pipelines") == 0;
	const char *path = name == NULL ? "/connectors?expand=status"
					  "&order=failures"
					: path_of(a, name, "/status");
	json_t *all;

	if (client_call(a, "GET", path, NULL, &answer, err) != 0)
		return -1;
	all = name == NULL || flow
		  ? json_incref(answer.json)
		  : json_pack("{s:{s:O}}", name, "status", answer.json);
	if (as_json)
		print_json(answer.json);
	else if (flow)
		print_pipeline(all);
	else
		print_statuses(all);
	json_decref(all);
	json_decref(answer.json);
	return 0;
}

static int
run_logs(struct ps_arena *a, const struct command *c, const char *name,
    struct ps_error *err)
{
	struct client_answer answer;

	if (client_call(a, c->method, path_of(a, name, c->suffix), NULL,
		&answer, err) != 0)
		return -1;
	print_logs(name, answer.json);
	json_decref(answer.json);
	return 0;
}

static int
run_status(struct ps_arena *a, const struct cli_args *args)
{
	int code = CLI_DONE;

	for (size_t i = 0; i < args->count || i == 0; i++) {
		const char *name = args->count == 0 ? NULL : args->names[i];
		struct ps_error err = { 0 };

		if (status_of(a, name, args->json, &err) == 0)
			continue;
		(void)fprintf(stderr, "penstock status: %s\n", err.text);
		code = CLI_REFUSED;
	}
	return code;
}

/* Of all connectors with the label, by name. */
static int
run_labelled(struct ps_arena *a, const struct command *c, const char *label)
{
	const char *path =
	    ps_printf(a, "/labels/%s%s", text_url_encode(a, label), c->suffix);
	struct ps_error err = { 0 };
	struct client_answer answer;
	int code = CLI_REFUSED;

	if (client_call(a, c->method, path, NULL, &answer, &err) != 0) {
		(void)fprintf(stderr, "penstock %s: %s\n", c->name, err.text);
		return code;
	}
	code = print_labelled(answer.json, c->name) ? CLI_DONE : CLI_REFUSED;
	json_decref(answer.json);
	return code;
}

static int
run_revisions(struct ps_arena *a, const struct command *c, const char *name,
    struct ps_error *err)
{
	struct client_answer answer;

	if (client_call(a, c->method, path_of(a, name, c->suffix), NULL,
		&answer, err) != 0)
		return -1;
	print_revisions(answer.json);
	json_decref(answer.json);
	return 0;
}

static const struct command commands[] = {
	{ "get", run_get, "GET", "", 0, NULL },
	{ "describe", run_describe, "GET", "", 1, NULL },
	{ "status", NULL, "GET", "/status", 0, run_status },
	{ "logs", run_logs, "GET", "/logs", 1, NULL },
	{ "revisions", run_revisions, "GET", "/revisions", 1, NULL },
	{ "apply", NULL, "PUT", "", 1, cli_apply },
	{ "validate", NULL, "PUT", "", 1, cli_validate },
	{ "delete", run_order, "DELETE", "", 1, NULL },
	{ "restart", run_order, "POST", "/restart?includeTasks=true", 1, NULL },
	{ "pause", run_order, "PUT", "/pause", 1, NULL },
	{ "resume", run_order, "PUT", "/resume", 1, NULL },
	{ "stop", run_order, "PUT", "/stop", 1, NULL },
	{ "completion", NULL, "", "", 1, cli_completion },
};

static int
run_names(struct ps_arena *a, const struct command *c,
    const struct cli_args *args)
{
	struct command forced = *c;
	int code = CLI_DONE;

	if (strcmp(c->method, "DELETE") == 0)
		forced.suffix =
		    ps_printf(a, "%s%s", args->force ? "?force=true" : "?",
			args->clean ? "&clean=true" : "");
	for (size_t i = 0; i < args->count || (i == 0 && args->count == 0);
	     i++) {
		struct ps_error err = { 0 };
		const char *name = args->count == 0 ? NULL : args->names[i];

		if (c->run(a, &forced, name, &err) == 0)
			continue;
		(void)fprintf(stderr, "penstock %s: %s\n", c->name, err.text);
		code = CLI_REFUSED;
	}
	return code;
}

static bool
takes_label(const struct command *c)
{
	return c->run == run_order && strcmp(c->method, "DELETE") != 0;
}

static int
run_command(const struct command *c, int count, char **texts)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct ps_error err = { 0 };
	struct cli_args args;
	int code = CLI_USAGE;

	if (cli_args_parse(a, count, texts, &args, &err) != 0)
		(void)fprintf(stderr, "penstock %s: %s\n", c->name, err.text);
	else if (args.label != NULL && takes_label(c))
		code = run_labelled(a, c, args.label);
	else if (args.label != NULL)
		(void)fprintf(stderr, "penstock %s takes names, no label\n",
		    c->name);
	else if (c->needs_name && args.count == 0)
		(void)fprintf(stderr, "usage: penstock %s %s...\n", c->name,
		    c->all == NULL ? "NAME" : "FILE");
	else
		code =
		    c->all == NULL ? run_names(a, c, &args) : c->all(a, &args);
	json_decref(args.params);
	arena_free(&a);
	return code;
}

int
cli_main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return run_command(&commands[i], argc - 2, argv + 2);
	return CLI_USAGE;
}
