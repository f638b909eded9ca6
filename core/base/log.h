/*
 * log: one line per event on stderr, control characters escaped.
 *
 * `2026-11-21 08:00:00.123 INFO  worker: text`. Levels are set per logger
 * name (the area, "worker", "task.orders-0"), prefixes inherit. In children
 * a sink function sends lines to the worker instead (log_set_sink).
 */
#ifndef PENSTOCK_BASE_LOG_H
#define PENSTOCK_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include <penstock/error.h>
#include <penstock/host.h> /* enum ps_level */

/* Of a text that is printed, its NUL counted. */
#define LOG_TEXT_MAX 8192u

/* Gets the whole text: what is to be hidden in it is found before a cut. */
typedef void
log_sink_fn(void *ctx, enum ps_level level, const char *area, const char *text);

PS_PRINTF(3, 4)
void log_at(enum ps_level level, const char *area, const char *fmt, ...);

/* The line as it is printed, with its newline; its length. Room for 256 more
 * than is shown of the text. */
size_t log_format(char *out, size_t room, enum ps_level level, const char *area,
    const char *text);

#define log_debug(area, ...) log_at(PS_DEBUG, area, __VA_ARGS__)
#define log_info(area, ...)  log_at(PS_INFO, area, __VA_ARGS__)
#define log_warn(area, ...)  log_at(PS_WARN, area, __VA_ARGS__)
#define log_error(area, ...) log_at(PS_ERROR, area, __VA_ARGS__)

/* Level of a logger and those below it; "" or "root" is all. */
void log_set_level(const char *area, enum ps_level level);
enum ps_level log_level(const char *area);
/* When that was set, by the wall clock in ms; 0: never. */
int64_t log_level_set_ms(const char *area);
/* The i-th logger below the root that has a level of its own, or NULL. */
const char *log_logger(size_t i);
/* A text that is longer than is printed ends with "..." instead. */
void log_cut(char *text);
/* NULL: stderr again. */
void log_set_sink(log_sink_fn *sink, void *ctx);
const char *log_level_name(enum ps_level level); /* DEBUG INFO WARN ERROR */
int log_level_parse(const char *name, enum ps_level *out);

#endif
