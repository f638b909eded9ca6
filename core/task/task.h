/*
 * task: what the loops of a source and of a sink have in common.
 *
 * One per process, on the data thread. Its wake descriptor gathers what a
 * waiting plugin must know of: a stop or pause, a message of the worker, a
 * commit that is due, and (sources) delivery reports.
 */
#ifndef PENSTOCK_TASK_TASK_H
#define PENSTOCK_TASK_TASK_H

#include "base/clock.h"
#include "child/gauges.h"
#include "child/settings.h"
#include "child/uplink.h"
#include "convert/converters.h"
#include "convert/pipeline.h"
#include "convert/tolerance.h"
#include "kafka/consumer.h"
#include "plugin/host.h"
#include "plugin/instance.h"
#include "task/clients.h"
#include "task/measures.h"
#include "task/reload.h"

enum task_end { TASK_STOPPED, TASK_COMPLETED, TASK_FAILED };

struct task {
	struct gauges *gauges;
	struct uplink *uplink;
	struct settings settings;
	struct host *host;
	struct instance connector;
	struct converters converters;
	struct pipeline *pipeline;
	struct tolerance tolerance;
	struct clients clients;
	struct measures measures;

	int wake_fd;  /* an epoll of what follows */
	int timer_fd; /* a commit is due */
	int64_t commit_interval_ms, commit_limit_ms;
	struct clock_ms next_commit, next_metrics;
	uint64_t records_seen; /* when metrics were due last */
	bool gave_back;

	/* Set by the plugin through its host. */
	bool commit_requested;
	int64_t retry_after_ms; /* -1: not asked for */
	/* Of a source or sink that waits: renewed secrets are tried at once. */
	struct clock_ms *next_try;
	struct ps_error raised;
	/* Why work waits, each cleared by who said it; "": no reason. */
	char cause[PS_ERROR_TEXT], waiting[PS_ERROR_TEXT],
	    trouble[PS_ERROR_TEXT], unclaimed[PS_ERROR_TEXT],
	    refused[PS_ERROR_TEXT];
	struct reload reload;

	/* A sink's, for what its plugin asks of it; NULL: none, or not yet. */
	struct consumer *consumer;
	struct positions *positions;

	/* While something is waited for, also in a suspension, which it ends
	 * when nothing is on its way any more; -1 ends the wait. NULL: the
	 * loop has not begun. */
	int (*on_wait)(void *ctx, struct ps_error *err);
	void *on_wait_ctx;

	/* offsets_stored, for the committer. */
	void (*on_stored)(void *ctx, const struct msg_offsets_stored *m);
	void *on_stored_ctx;
};

/* Opens wake_fd, timer_fd and the host. Settings have been begun. */
int
task_init(struct task *t, const struct host_hooks *hooks, struct ps_error *err);
/* Connector, converters and transforms, created but not started. */
int task_open_plugins(struct task *t, struct ps_error *err);
/* Calls start (NULL: nothing to do) until it works: after an outage the
 * instance is made anew, with a back-off and the cause shown. */
typedef int start_fn(void *state, struct ps_error *err);
int task_start_connector(struct task *t, start_fn *start, struct ps_error *err);
void task_fini(struct task *t);
/* A default set of hooks, for the owner to add to. */
extern const struct host_hooks task_hooks;

void task_watch(struct task *t, int fd);
/* Serves the worker's channel; -1 when the worker is gone or a raised error
 * of the plugin ends the task. */
int task_serve(struct task *t, struct ps_error *err);
/* The same while the data thread waits. A connector's process has no loop, so
 * nothing then: who asks it waits for the answer. */
int task_serve_waiting(struct task *t, struct ps_error *err);
/* Waits until wake_fd, `fd` (-1: none) or the time limit. */
void task_wait(const struct task *t, int fd, int64_t timeout_ms);
/* Waits so long, less when a stop is wanted: false then. */
bool task_sleep(struct task *t, int64_t ms);
bool task_commit_is_due(const struct task *t);
void task_commit_was_begun(struct task *t);
/* RUNNING or PAUSED, with the cause. */
int task_status(struct task *t, const char *state, struct ps_error *err);
void task_set_cause(struct task *t, const char *cause);
/* The same of the Kafka client; NULL: it is over. */
void task_set_trouble(struct task *t, const char *cause);
/* Which partitions of a sink's topics nobody reads; NULL: none. */
void task_set_unclaimed(struct task *t, const char *cause);
/* The same of a configuration that the connector did not take. */
void task_set_refused(struct task *t, const char *cause);

/* core/task/source.c, core/task/sink.c */
enum task_end source_run(struct task *t, struct ps_error *err);
enum task_end sink_run(struct task *t, struct ps_error *err);

#endif
