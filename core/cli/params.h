/*
 * params: values of -p, for the pipelines whose templates have them.
 *
 * One that no template has is a mistake, and nothing is done.
 */
#ifndef PENSTOCK_CLI_PARAMS_H
#define PENSTOCK_CLI_PARAMS_H

#include "cli/documents.h"

/* Puts `given` into the pipelines' parameters. Templates that are not among
 * the documents are asked for. -1: `err` names a value that none takes. */
int cli_params_give(struct ps_arena *a, struct cli_documents *all,
    const json_t *given, struct ps_error *err);

#endif
