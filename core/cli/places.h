/*
 * places: where a connector goes on from, and what it goes back to.
 */
#ifndef PENSTOCK_CLI_PLACES_H
#define PENSTOCK_CLI_PLACES_H

#include "cli/args.h"

/* `seek -p timestamp=...|offset=...|to=...|offsets=... [--plan] NAME...` */
int cli_seek(struct ps_arena *a, const struct cli_args *args);
/* `revert -p revision=N NAME...` */
int cli_revert(struct ps_arena *a, const struct cli_args *args);

#endif
