/*
 * conn: one connector of this worker: its own process and its tasks.
 */
#ifndef PENSTOCK_RECONCILE_CONN_H
#define PENSTOCK_RECONCILE_CONN_H

#include "config/redact.h"
#include "reconcile/quota.h"
#include "reconcile/reconcile.h"

enum conn_state {
	CONN_UNASSIGNED,
	CONN_RUNNING,
	CONN_PAUSED,
	CONN_STOPPED,
	CONN_FAILED,
	CONN_RESTARTING,
};

struct conn {
	struct reconcile *r;
	struct conn *prev, *next;
	char *name;
	bool dirty;
	bool unsaid; /* a status, as it could not be written */

	struct errand *errand; /* the connector's process */
	char *told;            /* what that process waits for, NULL: nothing */
	bool asking, watching, writing;
	size_t
	    processes; /* of the connector's own: one, or one that ends too */
	/* Offset of the config that task configs were made of, -1: none. */
	int64_t configured;
	uv_timer_t retry;
	struct backoff backoff;
	bool waiting; /* for the retry */

	struct errand *fence;  /* fences tasks of earlier generations */
	int64_t fenced_offset; /* of the task configs that it is for */
	bool fencing;          /* says so in the config topic */
	bool type_asked;       /* source or sink: the plugins are listed */

	int64_t tasks_offset; /* of the task configs that run, -1: none */
	struct task **tasks;
	size_t task_count;

	enum conn_state state;
	struct wall_ms since;
	char *trace, *cause; /* NULL: none */
	struct redact *secrets;
};

struct reconcile {
	struct reconcile_env env;
	struct supervisor *supervisor;
	struct conn *first;
	struct dict *by_name; /* the same ones */
	uv_idle_t soon;
	bool begun, stopping, told, closing;
	int handles;
	struct reconcile_counts counts;
};

struct conn *conn_find(const struct reconcile *r, const char *name);
struct conn *conn_get(struct reconcile *r, const char *name); /* made if new */
/* No task, no errand, nothing on its way to the config topic. */
bool conn_is_idle(const struct conn *c);
/* Look at it again, soon. */
void conn_touch(struct conn *c);
/* One look. The connector may be freed. */
void conn_settle(struct conn *c);
/* Is the connector's own process this worker's to run? */
bool conn_is_mine(const struct conn *c);
/* All its processes end at once. */
void conn_kill(struct conn *c);
struct conn_tasks {
	const struct ps_config *maps;
	size_t count;
};
/* To the config log, then `fn`. */
void conn_write_configs(struct reconcile *r, const char *name,
    const struct conn_tasks *tasks, journal_done_fn *fn, void *ctx);
struct quota conn_quota(const struct reconcile *r);
/* Task configs are made anew. */
void conn_reconfigure(struct conn *c);
void conn_free(struct conn *c);

/* conn_tasks.c: what tasks want of us. */
extern const struct task_ops conn_task_ops;
struct task_limits
conn_limits(const struct conn *c, const struct ps_config *config);
/* All tasks are asked to end. */
void conn_remove_tasks(struct conn *c);
/* Those that are another worker's, or of other task configs. */
void conn_remove_others(struct conn *c);
/* What could not be said before. */
void conn_tell_tasks(struct conn *c);
/* Of a task that runs here, what it is. */
void conn_tell_task(struct conn *c, int id);
/* Starts those of ours that are not there. */
void conn_add_tasks(struct conn *c, const struct configs_connector *cfg);

/* conn_fence.c: with exactly-once support, tasks start when those of earlier
 * generations can commit nothing more and the config topic says so. What is
 * missing is begun; the connector is looked at again when it is there. */
bool conn_may_start(struct conn *c, const struct configs_connector *cfg);
bool
conn_is_exactly_once(const struct conn *c, const struct configs_connector *cfg);
void conn_forget_fence(struct conn *c);

/* conn_status.c */
void conn_move(struct conn *c, enum conn_state to, const char *cause,
    const char *trace);
void conn_say(struct conn *c);
/* Of a connector that is ours and has said something before. */
void conn_tell(struct conn *c);
void conn_write_task(struct conn *c, const struct task_view *v);
/* None of its tasks runs, and why. */
void conn_write_waiting(struct conn *c, size_t count, const char *cause);
/* The status records of tasks from `first` on, and all when it is gone. */
void conn_forget_tasks(struct conn *c, int first);
void conn_forget_all(struct conn *c);
void conn_write_topic(struct conn *c, int task, const char *topic);
void conn_learn_secrets(struct conn *c, const struct ps_config *config);

#endif
