/*
 * sink: the parts of a sink task.
 *
 * sink.c is the loop; sink_commit.c says what may be committed; assignment.c
 * answers the group; sink_suspend.c is for an ending lease. A batch that put()
 * refused for now is held with the consumer's memory behind it and given again.
 */
#ifndef PENSTOCK_TASK_SINK_H
#define PENSTOCK_TASK_SINK_H

#include "base/backoff.h"
#include "convert/decode.h"
#include "kafka/consumer.h"
#include "task/dlq.h"
#include "task/positions.h"
#include "task/task.h"

struct sink {
	struct task *task;
	struct consumer *consumer;
	struct positions *positions;
	struct dlq *dlq; /* NULL: none */
	struct decoder decoder;
	unsigned parts; /* of each record: enum consumed_parts */
	struct consumer_limits limits;
	int64_t session_ms; /* of the consumer in its group */

	/* What put() has not taken yet. */
	struct ps_batch *batch;
	struct consumer_event event; /* its records' memory */
	bool is_held;
	uint64_t batch_since; /* assignments up to this number are in it */
	uint64_t assignments; /* counts them */

	struct backoff backoff;
	struct clock_ms put_again; /* of what is held, or an empty batch */
	bool wants_put;            /* put_again counts without a batch too */
	struct clock_ms commit_began;
	bool is_committing;
	bool is_paused, is_suspended;
	struct clock_ms suspended_at;
	struct ps_arena *scratch;

	uint64_t read, read_bytes, put, commits, given_up;
	uint64_t read_before; /* when it was looked at last */
	struct clock_ms next_gauges;
};

/* sink.c. A plugin call that outlasts task.hang.timeout.ms ends the process:
 * until then the group must not take its partitions away. */
struct ps_config
sink_with_poll_limit(const struct settings *own, const struct ps_config *c);
/* Between two puts of the same records. */
void sink_put_pauses(const struct settings *own, struct backoff *out);

/* sink_commit.c */
enum sink_wait { SINK_ASYNC, SINK_SYNC };
/* Asks the plugin what is durable, of the partitions given (NULL: all), and
 * commits that much; nothing while the task is suspended. */
int sink_commit(struct sink *s, const struct consumer_position *only,
    size_t only_count, enum sink_wait wait, struct ps_error *err);
void sink_committed(struct sink *s, const struct consumer_event *e);

/* sink_gauges.c. What it counts, into the host's registry. */
void sink_publish(struct sink *s, struct clock_ms now);

/* sink_suspend.c. Says that nothing is on its way once that is so. */
void sink_suspend(struct sink *s);
/* struct task's on_wait. */
int sink_while_waiting(void *ctx, struct ps_error *err);

/* assignment.c */
int sink_assigned(struct sink *s, const struct consumer_event *e,
    struct ps_error *err);
int sink_unassigned(struct sink *s, const struct consumer_event *e,
    enum ps_close_reason why, struct ps_error *err);
/* All partitions, at the end of the task. Suspended they are lost ones. */
int sink_close_all(struct sink *s, struct ps_error *err);

#endif
