/*
 * upgrade: templates' pipelines go to another version, or back.
 */
#ifndef PENSTOCK_CLI_UPGRADE_H
#define PENSTOCK_CLI_UPGRADE_H

#include "cli/args.h"

/* An exit code: with --wait that of how it ended. */
int cli_upgrade(struct ps_arena *a, const struct cli_args *args);
int cli_roll_back(struct ps_arena *a, const struct cli_args *args);

#endif
