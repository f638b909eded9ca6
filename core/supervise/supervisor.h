/*
 * supervisor: the tasks of this worker, one process each.
 *
 * Starts, pauses, restarts and ends them, watches their beats and the time
 * of their plugin calls, and says after each move what became of a task. A
 * task that failed for a reason that may pass is started again by itself.
 */
#ifndef PENSTOCK_SUPERVISE_SUPERVISOR_H
#define PENSTOCK_SUPERVISE_SUPERVISOR_H

#include <penstock/config.h>
#include <uv.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "supervise/child.h"
#include "supervise/gate.h"
#include "supervise/state.h"

struct supervisor;
struct task;

/* What a task is and how far it may go. */
struct task_limits {
	int64_t memory_bytes;      /* 0: none */
	int64_t stall_ms, hang_ms; /* of one plugin call */
	int64_t silence_ms;        /* without a sign of life */
	int64_t start_ms;          /* from fork to RUNNING */
	int64_t stop_ms;           /* STOP to SIGKILL */
	int64_t restart_first_ms, restart_max_ms;
	int64_t restart_tries; /* -1: for ever; 0: never */
	int64_t cpu_weight;    /* of its control group, if it has one */
};

struct task_spec {
	const char *connector;
	int id;
	bool paused;
	struct task_limits limits;
};

struct task_ops {
	/* Its state, cause or stall changed: write the status. */
	void (*moved)(void *ctx, struct task *t);
	/* It is its turn: call task_spawn once its offsets are known, or
	 * task_unready when they cannot be. */
	void (*ready)(void *ctx, struct task *t);
	/* The process is there: send its config. */
	void (*spawned)(void *ctx, struct task *t);
	/* Messages that are not about its state. */
	void (*message)(void *ctx, struct task *t, const struct msg *m);
	/* After task_remove: its process is gone, it is freed on return. */
	void (*removed)(void *ctx, struct task *t);
	/* Its process is reaped. NULL: nobody counts. */
	void (*reaped)(void *ctx, struct task *t);
	/* Asked right before a process is started; if not, the task waits
	 * outside the line for task_queue. NULL: always. */
	bool (*may_start)(void *ctx, const struct task *t);
};

/* What people see of a task. */
struct task_view {
	const char *connector;
	int id;
	enum task_state state;
	bool stalled;
	bool is_gap; /* FAILED, as records are gone: `cause` says which */
	const char *trace, *cause, *next_action; /* NULL: none */
	const char *version;                     /* NULL: none */
	struct wall_ms since;
	unsigned restarts;
	struct child_delivered delivered; /* of this process */
	pid_t pid;                        /* 0: no process */
	const char *lines; /* the last of its log, as in the worker's */
	size_t lines_len;
};

struct supervisor_env {
	uv_loop_t *loop;
	struct gate *gate;
	const struct task_ops *ops;
	void *ctx;
	const char *program;     /* of children, NULL: our own binary */
	int keep_fd;             /* the worker's name, -1: none */
	struct cgroups *cgroups; /* for the tasks, NULL: none */
};

struct supervisor *supervisor_new(const struct supervisor_env *env);
/* All tasks must be removed. */
void supervisor_free(struct supervisor **sp);
size_t supervisor_count(const struct supervisor *s);
/* The worker's lease ends then (CLOCK_BOOTTIME); 0: no lease is kept. */
void supervisor_lease(struct supervisor *s, struct clock_ms ends);
void
supervisor_level(struct supervisor *s, const char *area, const char *level);

/* Gets in line at once. */
struct task *task_add(struct supervisor *s, const struct task_spec *spec);
void task_spawn(struct task *t);
void task_unready(struct task *t, const struct ps_error *err);
/* It may start now, if it waited for that. */
void task_queue(struct task *t);
void task_pause(struct task *t);
void task_resume(struct task *t);
/* Ends the process if there is one, then starts it again. */
void task_restart(struct task *t);
void task_remove(struct task *t);
/* The same, at once. */
void task_kill(struct task *t, const char *why);
void task_send(struct task *t, const struct msg *m);

struct task_view task_view(const struct task *t);
bool task_is_removing(const struct task *t);

#endif
