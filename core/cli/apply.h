/*
 * apply: files of templates, connectors and pipelines become what is there.
 *
 * A document with "connectors" is a template, one with "template" a
 * pipeline, any other a connector. A folder stands for its *.json.
 */
#ifndef PENSTOCK_CLI_APPLY_H
#define PENSTOCK_CLI_APPLY_H

#include "cli/args.h"

/* An exit code; what went wrong is on stderr. */
int cli_apply(struct ps_arena *a, const struct cli_args *args);
/* The same documents are only checked. */
int cli_validate(struct ps_arena *a, const struct cli_args *args);

#endif
