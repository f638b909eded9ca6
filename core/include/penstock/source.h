/*
 * source: operations of a source connector class.
 *
 * validate, task_configs and watch run in the connector's process, the rest
 * in a task's; all on one thread. Only create, poll and destroy are required.
 */
#ifndef PENSTOCK_SOURCE_H
#define PENSTOCK_SOURCE_H

#include <penstock/host.h>

struct ps_class;

/* Overlays on the connector's configuration, one per task. */
struct ps_task_configs {
	struct ps_arena *arena;
	struct ps_setting **tasks; /* tasks[i]: key NULL ends */
	size_t count;
};

/* Adds a task whose overlay has the given settings (copied). */
static inline void
ps_task_add(struct ps_task_configs *out, const struct ps_setting *settings,
    size_t count)
{
	struct ps_setting **tasks = (struct ps_setting **)ps_calloc(out->arena,
	    out->count + 1, sizeof *tasks);
	struct ps_setting *own =
	    (struct ps_setting *)ps_calloc(out->arena, count + 1, sizeof *own);

	if (out->count > 0)
		memcpy(tasks, out->tasks, out->count * sizeof *tasks);
	for (size_t i = 0; i < count; i++) {
		own[i].key = ps_strdup(out->arena, settings[i].key);
		own[i].value = ps_strdup(out->arena, settings[i].value);
	}
	tasks[out->count++] = own;
	out->tasks = tasks;
}

enum ps_support { PS_UNSUPPORTED_BY_CLASS, PS_SUPPORTED };

struct ps_position {
	const struct ps_source_partition *partition;
	struct ps_value offset;
};

struct ps_source_ops {
	/* What the key table cannot say. May look at the outside world for a
	 * bounded time; must not change it. */
	void (*validate)(const struct ps_host *h, const struct ps_config *c,
	    struct ps_report *rep);
	/* At most `max` overlays. NULL op: one task, empty overlay. */
	int (*task_configs)(const struct ps_host *h, const struct ps_config *c,
	    size_t max, struct ps_task_configs *out, struct ps_error *err);
	/* Waits until the task list may have changed: 1; 0 when asked to stop
	 * (h->wake_fd); -1 on an error. NULL op: it never changes. The keys
	 * of the overlays are in `c`, their values of all tasks joined by
	 * commas: what to compare with. */
	int (*watch)(const struct ps_host *h, const struct ps_config *c,
	    struct ps_error *err);

	/* The instance, or NULL. Does not connect to anything yet. */
	void *(*create)(const struct ps_host *h, const struct ps_class *self,
	    const struct ps_config *c, struct ps_error *err);
	/* Connects; stored offsets can be asked from here on. */
	int (*start)(void *state, struct ps_error *err);
	/* Adds records, or none after at most a second or when wake_fd is
	 * readable. PS_E_RETRY: what was added is sent, poll is called again
	 * after a back-off. Any other error fails the task. 1: the source has
	 * ended, the task is COMPLETED once all is committed. */
	int (*poll)(void *state, struct ps_batch *b, struct ps_error *err);
	/* These positions are durable: the source may forget what is before. */
	void (*committed)(void *state, const struct ps_position *positions,
	    size_t count);
	enum ps_support (*exactly_once)(const struct ps_config *c);
	enum ps_support (*boundaries)(const struct ps_config *c);
	/* An operator changes stored offsets (offset PS_NULL: reset), before
	 * they are. 1: with that nothing holds the old position any more; 0:
	 * something else may; -1: they are refused. NULL op: 0. */
	int (*alter_offsets)(const struct ps_host *h, const struct ps_config *c,
	    const struct ps_position *positions, size_t count,
	    struct ps_error *err);
	/* Bounded: what takes longer than the graceful time-out is killed. */
	void (*stop)(void *state);
	void (*destroy)(void *state);
	/* What config providers answer for PS_RENEWABLE keys has changed,
	 * secrets as a rule, and for no others: use it from the next
	 * connection on. An error: go on with what you had, it
	 * is tried again; PS_E_FATAL, naming the key: the task is to start
	 * again for this.
	 * `c` is valid during the call. */
	int (*reconfigure)(void *state, const struct ps_config *c,
	    struct ps_error *err);
};

#endif
