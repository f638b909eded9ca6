#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "child/roles.h"
#include "cli/cli.h"
#include "http/server.h"
#include "options/javaonly.h"
#include "rest/rest.h"
#include "supervise/listing.h"
#include "takeover/takeover.h"
#include "worker/standalone.h"
#include "worker/worker.h"

#define EXIT_USAGE  1
#define EXIT_START  2
#define FILES_BYTES 4096

struct role {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage; /* NULL: started by a worker, not by people */
};

/* ---- worker and standalone --------------------------------------------- */

static int
fail_start(const struct ps_error *err)
{
	log_error("worker", "%s", err->text);
	return EXIT_START;
}

struct serving {
	struct worker *w;
	struct rest *rest;
};

static void
on_drained(void *ctx)
{
	struct serving *s = ctx;

	rest_close(&s->rest);
	worker_leave(s->w);
}

static void
on_stopping(void *ctx)
{
	struct serving *s = ctx;

	rest_quiesce(s->rest, on_drained, s);
}

static void
on_hurry(void *ctx)
{
	struct serving *s = ctx;

	if (s->rest != NULL)
		rest_hurry(s->rest);
}

static const struct worker_ending ending = { on_stopping, on_hurry };

/* REST first: it answers while the logs are read. */
static int
serve(struct worker *w)
{
	struct ps_error err = { 0 };
	struct serving s = { w, rest_open(w, &err) };
	int code;

	if (s.rest == NULL)
		return fail_start(&err);
	worker_tell_end(w, &ending, &s);
	if (worker_start(w, rest_port(s.rest), &err) == 0) {
		rest_join(s.rest);
		code = worker_run(w);
	} else {
		code = fail_start(&err);
	}
	rest_close(&s.rest);
	return code;
}

static int
add_files(struct worker *w, struct ps_arena *a, int count, char **paths)
{
	struct ps_error err = { 0 };
	struct request_spec spec;

	for (int i = 0; i < count; i++) {
		if (standalone_read(a, paths[i], &spec, &err) != 0)
			return fail_start(&err);
		worker_add_connector(w, &spec, paths[i]);
	}
	return 0;
}

static int
run_as(enum worker_kind kind, int count, char **paths)
{
	struct ps_error err = { 0 };
	struct worker *w = worker_open(paths[0], kind, &err);
	struct ps_arena *a = arena_new(FILES_BYTES);
	int code;

	if (w == NULL) {
		arena_free(&a);
		return fail_start(&err);
	}
	code = add_files(w, a, count - 1, paths + 1);
	if (code == 0)
		code = serve(w);
	worker_free(&w);
	arena_free(&a);
	return code;
}

static int
usage_of(const char *text)
{
	(void)fprintf(stderr, "usage: penstock %s\n", text);
	return EXIT_USAGE;
}

/* Said before the usage, as a script for Kafka Connect may give it. */
static void
tell_options(int argc, char **argv)
{
	struct ps_arena *a = arena_new(FILES_BYTES);

	for (int i = 2; i < argc; i++) {
		const char *text = javaonly_argument(a, argv[i]);

		if (text != NULL)
			(void)fprintf(stderr, "penstock %s: %s\n", argv[1],
			    text);
	}
	arena_free(&a);
}

static int
run_worker(int argc, char **argv)
{
	tell_options(argc, argv);
	if (argc != 3 || argv[2][0] == '-')
		return usage_of("worker FILE.properties");
	return run_as(WORKER_DISTRIBUTED, 1, argv + 2);
}

static int
run_standalone(int argc, char **argv)
{
	tell_options(argc, argv);
	if (argc < 3 || argv[2][0] == '-')
		return usage_of("standalone FILE.properties CONNECTOR...");
	return run_as(WORKER_STANDALONE, argc - 2, argv + 2);
}

/* ---- the table --------------------------------------------------------- */

static const struct role roles[] = {
	{ "worker", run_worker, "worker FILE.properties" },
	{ "standalone", run_standalone,
	    "standalone FILE.properties CONNECTOR.json..." },
	{ "inspect", listing_main, "inspect [--json] [FOLDER...]" },
	{ "check-takeover", takeover_main,
	    "check-takeover [-o json] FILE.properties" },
	{ "get", cli_main,
	    "get [-o json|name] [NAME... | connectors|pipelines|templates]" },
	{ "describe", cli_main, "describe [-o json] NAME..." },
	{ "status", cli_main, "status [-o json] [NAME...]" },
	{ "logs", cli_main, "logs NAME..." },
	{ "revisions", cli_main, "revisions NAME..." },
	{ "revert", cli_main, "revert -p revision=N NAME..." },
	{ "seek", cli_main,
	    "seek -p timestamp=T|offset=N|to=beginning|to=end [--plan] "
	    "NAME..." },
	{ "apply", cli_main,
	    "apply [--plan] [--prune] [--force] [-o json] [-p name=value]\n"
	    "                 -f FILE|FOLDER..." },
	{ "validate", cli_main, "validate [-p name=value] -f FILE|FOLDER..." },
	{ "upgrade", cli_main,
	    "upgrade [--version N] [--wait] [-o json] TEMPLATE..." },
	{ "rollback", cli_main, "rollback [--wait] [-o json] TEMPLATE..." },
	{ "delete", cli_main, "delete [--force] [--clean] NAME..." },
	{ "restart", cli_main, "restart NAME...|-l LABEL" },
	{ "pause", cli_main, "pause NAME...|-l LABEL" },
	{ "resume", cli_main, "resume NAME...|-l LABEL" },
	{ "stop", cli_main, "stop NAME...|-l LABEL" },
	{ "completion", cli_main, "completion bash" },
	{ "task", task_main, NULL },
	{ "connector", connector_main, NULL },
	{ "inspect-child", inspect_main, NULL },
	{ "scribe", scribe_main, NULL },
};

#define ROLES (sizeof roles / sizeof *roles)

static int
usage(FILE *to)
{
	(void)fprintf(to, "usage:\n");
	for (size_t i = 0; i < ROLES; i++)
		if (roles[i].usage != NULL)
			(void)fprintf(to, "  penstock %s\n", roles[i].usage);
	(void)fprintf(to,
	    "NAME is a connector's, pipeline/NAME or template/NAME.\n"
	    "REST is at $PENSTOCK_URL, http://localhost:8083 when not set; "
	    "who asks is\n$PENSTOCK_USER with $PENSTOCK_PASSWORD, or whoever "
	    "has $PENSTOCK_TOKEN;\n$PENSTOCK_CA is a file of certificates to "
	    "trust, $PENSTOCK_CERT and\n$PENSTOCK_KEY are files of the one "
	    "to show.\n"
	    "Exit codes: 0 done, 1 usage, 2 refused or not reached, 3 apply "
	    "--plan has\nchanges or check-takeover found what would not "
	    "run.\n");
	return to == stdout ? 0 : EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ROLES; i++)
		if (strcmp(argv[1], roles[i].name) == 0)
			return roles[i].run(argc, argv);
	if (argc > 1 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0))
		return usage(stdout);
	if (argc > 1)
		(void)fprintf(stderr, "penstock: %s is no command\n", argv[1]);
	return usage(stderr);
}
