/*
 * print: answers for people.
 */
#ifndef PENSTOCK_CLI_PRINT_H
#define PENSTOCK_CLI_PRINT_H

#include <jansson.h>

/* {"name": {"status": …}} as one line per connector and task. */
void print_statuses(const json_t *all);
void print_json(const json_t *value);

#endif
