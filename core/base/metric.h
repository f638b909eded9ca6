/*
 * metric: named numbers, and Prometheus text made of them.
 *
 * A registry holds counters and gauges by name and labels; the worker merges
 * what its children report and prints all. Bounded: past the ceiling new
 * names are dropped and `penstock_metrics_dropped_total` says so.
 */
#ifndef PENSTOCK_BASE_METRIC_H
#define PENSTOCK_BASE_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct metric_registry;

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

struct metric_registry *metric_new(size_t ceiling);
void metric_free(struct metric_registry **mp);
/* HELP and TYPE of a name; not needed before the first value. */
void metric_describe(struct metric_registry *m, const char *name,
    enum metric_kind kind, const char *help);
/* `labels` is the text between the braces, escaped, or "". */
void metric_set(struct metric_registry *m, enum metric_kind kind,
    const char *name, const char *labels, double value);
void metric_add(struct metric_registry *m, enum metric_kind kind,
    const char *name, const char *labels, double add);
/* name="value", with backslash, quote and newline of the value escaped. */
void metric_put_label(struct buf *b, const char *name, const char *value);
/* Forgets every series whose labels contain `label_part`. */
void metric_drop(struct metric_registry *m, const char *label_part);
/* Prometheus text, sorted by name. */
int metric_print(const struct metric_registry *m, struct buf *out);
/* The same without how much was dropped: one registry of several. */
int metric_print_series(const struct metric_registry *m, struct buf *out);
/* Calls fn for each series (for reports to the worker). */
typedef void metric_fn(void *ctx, enum metric_kind kind, const char *name,
    const char *labels, double value);
void metric_each(const struct metric_registry *m, metric_fn *fn, void *ctx);

#endif
