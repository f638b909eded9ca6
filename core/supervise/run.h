/*
 * run: what task.c and supervisor.c share of a task's run.
 *
 * task.c moves a task through its states; supervisor.c keeps the list and
 * watches.
 */
#ifndef PENSTOCK_SUPERVISE_RUN_H
#define PENSTOCK_SUPERVISE_RUN_H

#include "base/lines.h"
#include "supervise/causes.h"
#include "supervise/supervisor.h"

#define SUPERVISOR_AREA "supervisor"

enum after { AFTER_NOTHING, AFTER_RESTART, AFTER_REMOVE };

/* STALL_NONE apart each goes before those above it. */
enum stall_kind { STALL_NONE, STALL_PENDING, STALL_UNCLAIMED, STALL_CALL };

/* What the worker sees; what the task says of itself stands beside it. */
struct stall {
	enum stall_kind kind;
	char cause[128];
	char next_action[128];
};

struct task {
	struct supervisor *s;
	struct task *prev, *next;
	struct gate_ticket ticket;
	uv_timer_t retry;

	char *connector;
	int id;
	struct task_limits limits;
	bool paused; /* wanted */
	enum task_state state;
	enum after after;
	struct child *child;
	struct clock_ms began;
	struct clock_ms missed; /* a sign of life: seen since it was heard */
	struct wall_ms since;
	struct backoff backoff;
	unsigned restarts;
	bool completed, failed;
	struct stall stall;
	bool held; /* out of the line, as it may not start */
	enum ps_code code;
	bool retriable;
	struct ps_arena *text; /* trace, cause, next: of the present state */
	const char *trace, *cause, *next_action;
	struct lines lines; /* of all its processes */
};

struct supervisor {
	struct supervisor_env env;
	struct causes *causes;
	struct task *first;
	size_t count;
	uv_timer_t timer; /* for the first task that may need a look */
	struct clock_ms due;
	struct clock_ms lease;
	bool closing;
};

/* Its status is to be written again. */
void task_tell(struct task *t);
/* Trace, cause and next action are gone. */
void task_forget_text(struct task *t);
void task_send_lease(struct task *t);
/* Its child was started or said something: is all well, and how long? */
void task_look(struct task *t);

#endif
