/*
 * kinds: what a name on the command line names.
 *
 * pipeline/NAME, template/NAME, connector/NAME; without a prefix it is a
 * connector's.
 */
#ifndef PENSTOCK_CLI_KINDS_H
#define PENSTOCK_CLI_KINDS_H

#include <penstock/arena.h>

#include "cli/client.h"

enum cli_kind { CLI_CONNECTOR, CLI_PIPELINE, CLI_TEMPLATE, CLI_KINDS };

/* `*name` goes on behind the prefix. */
enum cli_kind kinds_of(const char **name);
/* "pipelines"; -1: no kind's. */
int kinds_list(const char *name, enum cli_kind *out);
const char *kinds_name(enum cli_kind k); /* "pipeline" */
const char *kinds_all(enum cli_kind k);  /* "pipelines" */
/* Its URL's path with that suffix. */
char *kinds_path(struct ps_arena *a, const char *name, const char *suffix);
/* The names of a kind, an array of strings; new reference. -1: `err`. */
int kinds_names(struct ps_arena *a, enum cli_kind k, json_t **out,
    struct ps_error *err);

/* As client_call of that thing; if it is not there, the error tells what is
 * and has a name like that. */
int kinds_call(struct ps_arena *a, const char *method, const char *name,
    const char *suffix, struct client_answer *out, struct ps_error *err);

#endif
