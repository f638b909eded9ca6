#include "cli/upgrade.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/js.h"
#include "base/text.h"
#include "cli/kinds.h"
#include "cli/print.h"

/* Between two looks. */
#define PAUSE_NS 500000000L

struct verb {
	const char *name, *suffix, *ends; /* the state that it is to end in */
};

/* A bare name is a template's here. */
static const char *
full_name(struct ps_arena *a, const char *name)
{
	return strchr(name, '/') != NULL ? name
					 : ps_printf(a, "template/%s", name);
}

static bool
is_over(const json_t *upgrade)
{
	const char *state = js_opt_str(upgrade, "state");

	return state == NULL || (strcmp(state, "RUNNING") != 0 &&
				    strcmp(state, "ROLLING_BACK") != 0);
}

/* Until it is over; *upgrade is replaced by what is there then. */
static int
wait_for(struct ps_arena *a, const char *name, json_t **upgrade,
    struct ps_error *err)
{
	static const struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct client_answer answer;

	while (!is_over(*upgrade)) {
		(void)nanosleep(&pause, NULL);
		if (kinds_call(a, "GET", name, "/upgrade", &answer, err) != 0)
			return -1;
		json_decref(*upgrade);
		*upgrade = answer.json;
	}
	return 0;
}

static int
run(struct ps_arena *a, const struct cli_args *args, const struct verb *v,
    const char *name, struct ps_error *err)
{
	json_t *body = json_object();
	struct client_answer answer;
	const char *state;
	int got;

	if (args->version > 0)
		(void)json_object_set_new(body, "version",
		    json_integer(args->version));
	got = client_call(a, "POST", kinds_path(a, name, v->suffix), body,
	    &answer, err);
	json_decref(body);
	if (got != 0)
		return -1;
	if (args->wait && wait_for(a, name, &answer.json, err) != 0)
		return -1;
	if (args->output == CLI_JSON)
		print_json(answer.json);
	else
		print_upgrade(a, answer.json);
	state = js_opt_str(answer.json, "state");
	if (is_over(answer.json) && state != NULL &&
	    strcmp(state, v->ends) != 0)
		got = ps_fail(err, PS_E_CONFIG, "%s: it is %s", name, state);
	json_decref(answer.json);
	return got;
}

static int
run_all(struct ps_arena *a, const struct cli_args *args, const struct verb *v)
{
	int code = CLI_DONE;

	for (size_t i = 0; i < args->count; i++) {
		struct ps_error err = { 0 };

		if (run(a, args, v, full_name(a, args->names[i]), &err) == 0)
			continue;
		(void)fprintf(stderr, "penstock %s: %s\n", v->name, err.text);
		code = CLI_REFUSED;
	}
	return code;
}

int
cli_upgrade(struct ps_arena *a, const struct cli_args *args)
{
	static const struct verb v = { "upgrade", "/upgrade", "DONE" };

	return run_all(a, args, &v);
}

int
cli_roll_back(struct ps_arena *a, const struct cli_args *args)
{
	static const struct verb v = { "rollback", "/rollback", "ROLLED_BACK" };

	return run_all(a, args, &v);
}
