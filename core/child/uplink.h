/*
 * uplink: what the data thread tells the worker, on descriptor 4.
 *
 * Every text passes the redactor. Log lines and metrics are dropped (and
 * counted) when the worker does not read; what matters more is an error
 * then, which ends the process. Never waits.
 */
#ifndef PENSTOCK_CHILD_UPLINK_H
#define PENSTOCK_CHILD_UPLINK_H

#include <stdbool.h>

#include <penstock/error.h>

#include "base/metric.h"
#include "config/redact.h"
#include "ipc/msg.h"

struct uplink;

struct uplink *uplink_new(int fd, enum msg_role role);
void uplink_free(struct uplink **up);
/* Readable when there is something to serve: the worker said something, or
 * reads on while something is left to be told. */
int uplink_fd(const struct uplink *u);
struct redact *uplink_redact(struct uplink *u);
/* Log lines of this thread go up from here on, those of others to stderr. */
void uplink_take_logs(struct uplink *u);

/* Reads and writes what goes without waiting. 0 when the worker is gone. */
int uplink_serve(struct uplink *u, struct ps_error *err);
/* The next message: 1, 0 when there is none, -1. */
int uplink_next(struct uplink *u, struct msg *m, struct ps_error *err);
/* The same, waiting at most limit_ms: 0 is PS_E_RETRY. */
int uplink_wait(struct uplink *u, int limit_ms, struct msg *m,
    struct ps_error *err);

/* Texts in `given` are redacted on the way. */
int
uplink_send(struct uplink *u, const struct msg *given, struct ps_error *err);
/* Sends only what changed since the last; NULL cause: none. */
int uplink_status(struct uplink *u, const char *state, const char *cause,
    struct ps_error *err);
void uplink_metrics(struct uplink *u, const struct metric_registry *m);
/* `failed` with this error, then waits a moment until it is written. */
void uplink_failed(struct uplink *u, const struct ps_error *why);
void uplink_flush(struct uplink *u, int limit_ms);

const char *uplink_code_name(enum ps_code code);

#endif
