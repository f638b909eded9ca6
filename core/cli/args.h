/*
 * args: what stands behind a subcommand.
 */
#ifndef PENSTOCK_CLI_ARGS_H
#define PENSTOCK_CLI_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <penstock/arena.h>

/* Exit codes of all subcommands that ask a worker. */
enum cli_exit {
	CLI_DONE = 0,
	CLI_USAGE = 1,
	CLI_REFUSED = 2, /* or the worker cannot be reached */
	CLI_CHANGES = 3, /* apply --plan: something would change */
};

enum cli_output { CLI_TEXT, CLI_JSON, CLI_NAMES };

struct cli_args {
	const char **names; /* operands, those of -f too */
	size_t count;
	json_t *params;    /* of -p: strings */
	const char *label; /* all that carry it; NULL: names */
	enum cli_output output;
	int64_t version; /* 0: not said */
	bool plan, prune, force, clean, wait;
};

/* -1: `err` names what is wrong. */
int cli_args_parse(struct ps_arena *a, int count, char **texts,
    struct cli_args *out, struct ps_error *err);

#endif
