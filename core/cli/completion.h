/*
 * completion: what a shell may complete.
 */
#ifndef PENSTOCK_CLI_COMPLETION_H
#define PENSTOCK_CLI_COMPLETION_H

#include "cli/args.h"

/* Prints the script of the shell that is named: bash. */
int cli_completion(struct ps_arena *a, const struct cli_args *args);

#endif
