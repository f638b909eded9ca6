/*
 * source: PostgresSource, and what its connector process does.
 */
#ifndef PENSTOCK_POSTGRES_SOURCE_H
#define PENSTOCK_POSTGRES_SOURCE_H

#include <penstock/abi.h>
#include <penstock/source.h>

extern const struct ps_source_ops source_ops;

/* discover.c: checks against the server, tasks from its list of tables. */
void discover_validate(const struct ps_host *h, const struct ps_config *c,
    struct ps_report *rep);
int discover_task_configs(const struct ps_host *h, const struct ps_config *c,
    size_t max, struct ps_task_configs *out, struct ps_error *err);
int discover_watch(const struct ps_host *h, const struct ps_config *c,
    struct ps_error *err);

/* alter.c */
int source_alter_offsets(const struct ps_host *h, const struct ps_config *c,
    const struct ps_position *positions, size_t count, struct ps_error *err);

#endif
