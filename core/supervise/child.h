/*
 * child: one process of ours in a role, its two channels and its last words.
 *
 * Started as /proc/self/exe with its identity in argv; descriptors 3 and 4
 * are the channels, all output goes to a pipe that we read. Ends in exactly
 * one call of `ended`, after the process was reaped and all it said was read.
 */
#ifndef PENSTOCK_SUPERVISE_CHILD_H
#define PENSTOCK_SUPERVISE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include <penstock/host.h> /* enum ps_level */

#include "base/clock.h"
#include "ipc/msg.h"

struct child;
struct cgroups;

struct child_spec {
	enum msg_role role;
	const char *connector;   /* NULL: none */
	int task;                /* -1: none */
	const char *program;     /* NULL: our own binary */
	int keep_fd;             /* stays open in the child, -1: none */
	struct cgroups *cgroups; /* it gets one of them, NULL: none */
	int64_t cpu_weight;      /* of its group */
};

struct child_end {
	int status;         /* of waitpid */
	const char *killed; /* why we killed it, NULL: we did not */
	const char *call;   /* plugin call it was in, NULL: none */
	const char *words;  /* last lines of its output, "" if none */
};

struct child_ops {
	/* Every message but log lines; borrowed. */
	void (*message)(void *ctx, const struct msg *m);
	/* The child is gone and freed when this returns. */
	void (*ended)(void *ctx, const struct child_end *end);
	/* A line that was logged of it. NULL: nobody keeps them. */
	void (*line)(void *ctx, enum ps_level level, const char *area,
	    const char *text);
};

struct child *child_start(uv_loop_t *loop, const struct child_spec *spec,
    const struct child_ops *ops, void *ctx, struct ps_error *err);
pid_t child_pid(const struct child *c);
const char *child_label(const struct child *c); /* "task orders-0" */

/* What a task's target has taken; see core/child/gauges.h. */
struct child_delivered {
	int64_t records, at_ms, newest_ms;
};

/* On the wire its type belongs to. A child that does not read is killed. */
void child_send(struct child *c, const struct msg *m);
/* STOP, then SIGTERM and SIGKILL at the limit. */
void child_stop(struct child *c, int64_t limit_ms);
/* It has said its last: it must end within the limit. */
void child_expect_end(struct child *c, int64_t limit_ms);
/* SIGKILL now; `why` goes into the end's text. */
void child_kill(struct child *c, const char *why);
bool child_is_killed(const struct child *c);
/* Reads what waits, so that silence is judged on what was really said. */
void child_pump(struct child *c);
struct clock_ms child_heard(const struct child *c);
/* The plugin call that its last beat saw it in, for so long; NULL: in none. */
const char *child_call(const struct child *c, int64_t *ms);
bool child_is_suspended(const struct child *c);
struct child_delivered child_delivered(const struct child *c);
/* Records that it has taken and nobody has yet, and since when none of them
 * arrived; 0: none. */
int64_t child_pending(const struct child *c, struct clock_ms *since);
/* Has what others leave of the processors: it may say nothing any more. */
bool child_yields(const struct child *c);
/* Is it to yield, or not to any more, though it says nothing? */
void child_look(struct child *c);
/* Partitions of its topics have been nobody's for too long. */
bool child_is_unclaimed(const struct child *c);

/* "killed by SIGSEGV in poll", "exit code 3", "out of memory limit 256 MB" */
char *child_end_text(struct ps_arena *a, const struct child_end *end,
    int64_t memory_bytes);

#endif
