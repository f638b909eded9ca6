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
#include "cli/kinds.h"
#include "cli/places.h"
#include "cli/print.h"
#include "cli/upgrade.h"

#define ARENA_BYTES 8192

struct run {
	struct ps_arena *a;
	const struct cli_args *args;
	json_t *said; /* of orders, with -o json */
};

struct command {
	const char *name;
	/* One name, or NULL when none was given. */
	int (*run)(struct run *r, const struct command *c, const char *name,
	    struct ps_error *err);
	const char *method, *suffix, *done; /* of orders */
	const char *wants;                  /* NULL: it may stand alone */
	/* Instead of run: all names at once. */
	int (*all)(struct ps_arena *a, const struct cli_args *args);
};

static void
print_gap(const struct run *r, const char *name)
{
	if (r->args->count > 1 && name != r->args->names[0])
		(void)printf("\n");
}

/* ---- orders ------------------------------------------------------------ */

static const char *
suffix_of(const struct run *r, const struct command *c)
{
	if (strcmp(c->method, "DELETE") != 0)
		return c->suffix;
	return ps_printf(r->a, "%s%s", r->args->force ? "?force=true" : "?",
	    r->args->clean ? "&clean=true" : "");
}

/* With what a clean delete tells. */
static json_t *
said(const struct command *c, const char *name, const json_t *answer)
{
	return json_pack("{s:s, s:s, s:O*, s:O*}", "name", name, "result",
	    c->done, "removed", json_object_get(answer, "removed"), "left",
	    json_object_get(answer, "left"));
}

static int
order(struct run *r, const struct command *c, const char *name,
    struct ps_error *err)
{
	struct client_answer answer;

	if (kinds_call(r->a, c->method, name, suffix_of(r, c), &answer, err) !=
	    0)
		return -1;
	if (r->args->output == CLI_JSON)
		(void)json_array_append_new(r->said,
		    said(c, name, answer.json));
	else
		(void)printf("%s: %s\n", name, c->done);
	if (r->args->output == CLI_TEXT)
		print_cleaned(answer.json);
	json_decref(answer.json);
	return 0;
}

/* The connectors of a pipeline; new reference, NULL: `err`. */
static json_t *
connectors_of(struct run *r, const char *name, struct ps_error *err)
{
	struct client_answer answer;
	json_t *list;

	if (kinds_call(r->a, "GET", name, "", &answer, err) != 0)
		return NULL;
	list = json_incref(json_object_get(answer.json, "connectors"));
	json_decref(answer.json);
	return list;
}

static int
run_order(struct run *r, const struct command *c, const char *name,
    struct ps_error *err)
{
	const char *is = name;
	const json_t *one;
	json_t *list;
	int got = 0;
	size_t i;

	if (kinds_of(&is) != CLI_PIPELINE || strcmp(c->method, "DELETE") == 0)
		return order(r, c, name, err);
	list = connectors_of(r, name, err);
	if (list == NULL)
		return -1;
	json_array_foreach(list, i, one)
	{
		got = got != 0 ? got : order(r, c, json_string_value(one), err);
	}
	json_decref(list);
	return got;
}

/* Of all connectors with the label, by name. */
static int
run_labelled(struct ps_arena *a, const struct command *c,
    const struct cli_args *args)
{
	const char *path = ps_printf(a, "/labels/%s%s",
	    text_url_encode(a, args->label), c->suffix);
	struct ps_error err = { 0 };
	struct client_answer answer;
	int code;

	if (client_call(a, c->method, path, NULL, &answer, &err) != 0) {
		(void)fprintf(stderr, "penstock %s: %s\n", c->name, err.text);
		return CLI_REFUSED;
	}
	code = answer.status == 207 ? CLI_REFUSED : CLI_DONE;
	if (args->output == CLI_JSON)
		print_json(answer.json);
	else
		print_labelled(answer.json, c->done);
	json_decref(answer.json);
	return code;
}

/* ---- looking ----------------------------------------------------------- */

static void
print_names(enum cli_kind k, const json_t *names)
{
	const json_t *one;
	size_t i;

	json_array_foreach(names, i, one)
	{
		(void)printf("%s%s%s\n",
		    k == CLI_CONNECTOR ? "" : kinds_name(k),
		    k == CLI_CONNECTOR ? "" : "/", json_string_value(one));
	}
}

static int
list_names(struct run *r, enum cli_kind k, struct ps_error *err)
{
	json_t *names;

	if (kinds_names(r->a, k, &names, err) != 0)
		return -1;
	print_names(k, names);
	json_decref(names);
	return 0;
}

static int
list(struct run *r, enum cli_kind k, struct ps_error *err)
{
	bool people = r->args->output == CLI_TEXT;
	const char *path = ps_printf(r->a, "/%s%s", kinds_all(k),
	    people && k == CLI_CONNECTOR ? "?expand=status" : "");
	struct client_answer answer;

	if (r->args->output == CLI_NAMES)
		return list_names(r, k, err);
	if (client_call(r->a, "GET", path, NULL, &answer, err) != 0)
		return -1;
	if (people)
		print_list(r->a, k, answer.json);
	else
		print_json(answer.json);
	json_decref(answer.json);
	return 0;
}

/* One thing is shown as the document that it is. */
static int
run_get(struct run *r, const struct command *c, const char *name,
    struct ps_error *err)
{
	enum cli_kind k = CLI_CONNECTOR;
	struct client_answer answer;

	if (name == NULL || kinds_list(name, &k) == 0)
		return list(r, k, err);
	if (kinds_call(r->a, c->method, name, "", &answer, err) != 0)
		return -1;
	if (r->args->output == CLI_NAMES)
		(void)printf("%s\n", name);
	else
		print_json(answer.json);
	json_decref(answer.json);
	return 0;
}

static void
print_state(struct run *r, enum cli_kind k, const json_t *status)
{
	switch (k) {
	case CLI_CONNECTOR:
		print_status(r->a, status);
		break;
	case CLI_PIPELINE:
		print_pipeline(r->a, status);
		break;
	case CLI_TEMPLATE:
		print_upgrade(r->a, status);
		break;
	case CLI_KINDS:
		break;
	}
}

static const char *
status_suffix(enum cli_kind k)
{
	return k == CLI_TEMPLATE ? "/upgrade" : "/status";
}

/* What it is, and how it is. */
static int
run_describe(struct run *r, const struct command *c, const char *name,
    struct ps_error *err)
{
	struct client_answer answer, status = { 0 };
	const char *is = name;
	enum cli_kind k = kinds_of(&is);
	struct ps_error none = { 0 };

	if (kinds_call(r->a, c->method, name, "", &answer, err) != 0)
		return -1;
	if (client_call(r->a, "GET", kinds_path(r->a, name, status_suffix(k)),
		NULL, &status, &none) != 0)
		status.json = NULL; /* it has none yet */
	if (r->args->output == CLI_JSON) {
		print_json(answer.json);
	} else {
		print_gap(r, name);
		print_described(r->a, k, answer.json);
		if (status.json != NULL) {
			(void)printf("\n");
			print_state(r, k, status.json);
		}
	}
	json_decref(answer.json);
	json_decref(status.json);
	return 0;
}

static int
status_of_all(struct run *r, struct ps_error *err)
{
	struct client_answer answer;

	if (client_call(r->a, "GET", "/connectors?expand=status&order=failures",
		NULL, &answer, err) != 0)
		return -1;
	if (r->args->output == CLI_JSON)
		print_json(answer.json);
	else if (json_object_size(answer.json) == 0)
		print_list(r->a, CLI_CONNECTOR, answer.json);
	else
		print_statuses(r->a, answer.json);
	json_decref(answer.json);
	return 0;
}

static int
run_status(struct run *r, const struct command *c, const char *name,
    struct ps_error *err)
{
	const char *is = name;
	enum cli_kind k = name == NULL ? CLI_CONNECTOR : kinds_of(&is);
	struct client_answer answer;

	if (name == NULL)
		return status_of_all(r, err);
	if (kinds_call(r->a, c->method, name, status_suffix(k), &answer, err) !=
	    0)
		return -1;
	if (r->args->output == CLI_JSON) {
		print_json(answer.json);
	} else {
		print_gap(r, name);
		print_state(r, k, answer.json);
	}
	json_decref(answer.json);
	return 0;
}

static int
logs_of(struct run *r, const char *name, struct ps_error *err)
{
	struct client_answer answer;

	if (kinds_call(r->a, "GET", name, "/logs", &answer, err) != 0)
		return -1;
	if (r->args->output == CLI_JSON)
		print_json(answer.json);
	else
		print_logs(name, answer.json);
	json_decref(answer.json);
	return 0;
}

static int
run_logs(struct run *r, const struct command *c, const char *name,
    struct ps_error *err)
{
	const char *is = name;
	const json_t *one;
	json_t *all;
	int got = 0;
	size_t i;

	(void)c;
	if (kinds_of(&is) != CLI_PIPELINE)
		return logs_of(r, name, err);
	all = connectors_of(r, name, err);
	if (all == NULL)
		return -1;
	json_array_foreach(all, i, one)
	{
		got = got != 0 ? got : logs_of(r, json_string_value(one), err);
	}
	json_decref(all);
	return got;
}

static int
run_revisions(struct run *r, const struct command *c, const char *name,
    struct ps_error *err)
{
	struct client_answer answer;

	if (kinds_call(r->a, c->method, name, c->suffix, &answer, err) != 0)
		return -1;
	if (r->args->output == CLI_JSON) {
		print_json(answer.json);
	} else {
		print_gap(r, name);
		print_revisions(r->a, answer.json);
	}
	json_decref(answer.json);
	return 0;
}

/* ---- the table --------------------------------------------------------- */

#define NAMES "NAME..."
#define FILES "-f FILE|FOLDER..."

static const struct command commands[] = {
	{ "get", run_get, "GET", "", "", NULL, NULL },
	{ "describe", run_describe, "GET", "", "", NAMES, NULL },
	{ "status", run_status, "GET", "", "", NULL, NULL },
	{ "logs", run_logs, "GET", "", "", NAMES, NULL },
	{ "revisions", run_revisions, "GET", "/revisions", "", NAMES, NULL },
	{ "revert", NULL, "POST", "", "", "-p revision=N " NAMES, cli_revert },
	{ "seek", NULL, "POST", "", "",
	    "-p timestamp=T|offset=N|to=PLACE " NAMES, cli_seek },
	{ "apply", NULL, "", "", "", FILES, cli_apply },
	{ "validate", NULL, "", "", "", FILES, cli_validate },
	{ "upgrade", NULL, "", "", "", "TEMPLATE...", cli_upgrade },
	{ "rollback", NULL, "", "", "", "TEMPLATE...", cli_roll_back },
	{ "delete", run_order, "DELETE", "", "deleted", NAMES, NULL },
	{ "restart", run_order, "POST", "/restart?includeTasks=true",
	    "restarted", NAMES, NULL },
	{ "pause", run_order, "PUT", "/pause", "paused", NAMES, NULL },
	{ "resume", run_order, "PUT", "/resume", "resumed", NAMES, NULL },
	{ "stop", run_order, "PUT", "/stop", "stopped", NAMES, NULL },
	{ "completion", NULL, "", "", "", "bash", cli_completion },
};

static int
run_names(struct ps_arena *a, const struct command *c,
    const struct cli_args *args)
{
	struct run r = { a, args, json_array() };
	int code = CLI_DONE;

	for (size_t i = 0; i < args->count || i == 0; i++) {
		struct ps_error err = { 0 };
		const char *name = args->count == 0 ? NULL : args->names[i];

		if (c->run(&r, c, name, &err) == 0)
			continue;
		(void)fprintf(stderr, "penstock %s: %s\n", c->name, err.text);
		code = CLI_REFUSED;
	}
	if (args->output == CLI_JSON && c->done[0] != '\0')
		print_json(r.said);
	json_decref(r.said);
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
		code = run_labelled(a, c, &args);
	else if (args.label != NULL)
		(void)fprintf(stderr, "penstock %s takes names, no label\n",
		    c->name);
	else if (c->wants != NULL && args.count == 0)
		(void)fprintf(stderr, "usage: penstock %s %s%s\n", c->name,
		    c->wants, takes_label(c) ? "|-l LABEL" : "");
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
