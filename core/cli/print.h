/*
 * print: answers for people.
 */
#ifndef PENSTOCK_CLI_PRINT_H
#define PENSTOCK_CLI_PRINT_H

#include <jansson.h>

#include <penstock/arena.h>

#include "cli/kinds.h"

/* {"name": {"status": …}} as one line per connector and task. */
void print_statuses(struct ps_arena *a, const json_t *all);
/* One status likewise. */
void print_status(struct ps_arena *a, const json_t *status);
/* {"name", "state", "connectors": [statuses]} likewise. */
void print_pipeline(struct ps_arena *a, const json_t *status);
/* How far the upgrade of a template is. */
void print_upgrade(struct ps_arena *a, const json_t *upgrade);
/* What GET answers of all of a kind: connectors with their statuses. */
void print_list(struct ps_arena *a, enum cli_kind k, const json_t *all);
/* Member by member. */
void print_described(struct ps_arena *a, enum cli_kind k, const json_t *thing);
/* {"removed": [{"what", "name"}], "left": [with "why" too]}; nothing of any
 * other answer. */
void print_cleaned(const json_t *answer);
/* {"revisions": [...]}: a line each. */
void print_revisions(struct ps_arena *a, const json_t *answer);
/* {"connectors": [{"name", "status", "message"}]}: what came of it, on stderr
 * what was refused. */
void print_labelled(const json_t *answer, const char *what);
/* [{id, worker_id, lines}]: the lines; on stderr whose are not here. */
void print_logs(const char *connector, const json_t *tasks);
void print_json(const json_t *value);

#endif
