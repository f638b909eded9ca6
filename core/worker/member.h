/*
 * member: this worker's place in the cluster: its name and its lease.
 *
 * The name is an abstract socket that every child inherits: while a process
 * of the last start of this id runs, the next one waits. The lease binds the
 * children; alone in its cluster a worker renews it by itself.
 */
#ifndef PENSTOCK_WORKER_MEMBER_H
#define PENSTOCK_WORKER_MEMBER_H

#include <uv.h>

#include <penstock/error.h>

#include "base/clock.h"

struct supervisor;

/* A descriptor that holds @penstock/<group>/<id>, above those of a child. -1
 * when the name is still taken after limit_ms (PS_E_RETRY). */
int member_take_name(const char *group, const char *id, int64_t limit_ms,
    struct ps_error *err);

struct member;
/* Renews the lease every heartbeat_ms to 0.9 of session_ms from then. */
struct member *member_new(uv_loop_t *loop, struct supervisor *s,
    int64_t heartbeat_ms, int64_t session_ms);
void member_free(struct member **mp);

#endif
