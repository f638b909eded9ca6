/*
 * print: answers for people.
 */
#ifndef PENSTOCK_CLI_PRINT_H
#define PENSTOCK_CLI_PRINT_H

#include <stdbool.h>

#include <jansson.h>

/* {"name": {"status": …}} as one line per connector and task. */
void print_statuses(const json_t *all);
/* {"name", "state", "connectors": [statuses]} likewise. */
void print_pipeline(const json_t *status);
/* Members line by line, then its status (NULL: none). */
void print_described(const json_t *thing, const json_t *status);
/* {"removed": [{"what", "name"}], "left": [with "why" too]}; nothing of any
 * other answer. */
void print_cleaned(const json_t *answer);
/* {"revisions": [...]}: a line each. */
void print_revisions(const json_t *answer);
/* {"connectors": [{"name", "status", "message"}]}: what came of it, on stderr
 * what was refused. Was nothing? */
bool print_labelled(const json_t *answer, const char *what);
/* [{id, worker_id, lines}]: the lines; on stderr whose are not here. */
void print_logs(const char *connector, const json_t *tasks);
void print_json(const json_t *value);

#endif
