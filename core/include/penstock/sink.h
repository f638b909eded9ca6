/*
 * sink: operations of a sink connector class.
 *
 * put() takes a batch and may keep copies of it; pre_commit() says up to
 * where all is durable in the target. Only that is ever committed.
 */
#ifndef PENSTOCK_SINK_H
#define PENSTOCK_SINK_H

#include <penstock/source.h>

/* What put() looks at in a record's value (and key, if it asks for it). */
enum ps_input {
	PS_INPUT_VALUES = 0, /* value, value_schema */
	/* raw_value: what was consumed, after the converter checked it. With
	 * transforms it is what the converter makes of the result. */
	PS_INPUT_BYTES,
	/* raw_value: one JSON document without schema (Connect's JsonConverter
	 * with schemas.enable=false); aliases what was consumed if it can. */
	PS_INPUT_JSON,
};

enum ps_close_reason {
	PS_CLOSE_REVOKED, /* what is durable is still committed */
	PS_CLOSE_LOST,    /* another task has them: drop what is not durable */
};

struct ps_sink_ops {
	void (*validate)(const struct ps_host *h, const struct ps_config *c,
	    struct ps_report *rep);
	/* NULL op: `max` tasks with empty overlays. */
	int (*task_configs)(const struct ps_host *h, const struct ps_config *c,
	    size_t max, struct ps_task_configs *out, struct ps_error *err);
	int (*watch)(const struct ps_host *h, const struct ps_config *c,
	    struct ps_error *err);

	void *(*create)(const struct ps_host *h, const struct ps_class *self,
	    const struct ps_config *c, struct ps_error *err);
	/* Asked once, after create. NULL op: PS_INPUT_VALUES. */
	enum ps_input (*input)(void *state);
	int (*start)(void *state, struct ps_error *err);
	/* New partitions; offset is the committed one or PS_NO_OFFSET. A sink
	 * that keeps the position in the target writes the one to start from.
	 */
	int (*open)(void *state, struct ps_topic_position *tps, size_t count,
	    struct ps_error *err);
	/* All records with outcome PS_KEPT, in order per partition; may be
	 * empty. PS_E_RETRY: none of it counts, the same batch comes again
	 * after a back-off (or host->retry_after). The memory of `b` ends
	 * with the call. */
	int (*put)(void *state, struct ps_batch *b, struct ps_error *err);
	/* In: the offset after the last record put, per partition. Out: the
	 * offset that may be committed (all before it is durable), or
	 * PS_NO_OFFSET. May flush. NULL op: what was put is durable. */
	int (*pre_commit)(void *state, struct ps_topic_position *tps,
	    size_t count, struct ps_error *err);
	/* Comes after a last pre_commit unless the partitions are lost. */
	void (*close)(void *state, const struct ps_topic_position *tps,
	    size_t count, enum ps_close_reason why);
	/* An operator changes the group's offsets (PS_NO_OFFSET: reset; none
	 * at all: reset all), before they are. Answers as a source's. */
	int (*alter_offsets)(const struct ps_host *h, const struct ps_config *c,
	    const struct ps_topic_position *tps, size_t count,
	    struct ps_error *err);
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
	/* Asked once, after create: does it look at records' headers? Reading
	 * them costs as much as all else of a record. NULL op: it does. */
	bool (*headers)(void *state);
	/* The connector is deleted and is to leave nothing: removes what it
	 * made outside for itself alone, and nothing that it delivered. In
	 * the connector's process, within a bounded time; no task runs. NULL
	 * ends `topics`, those it has read as far as is known. 1: nothing is
	 * left; 0: something may be; -1: not now. NULL op: 0. */
	int (*clean)(const struct ps_host *h, const struct ps_config *c,
	    const char *const *topics, struct ps_error *err);
};

#endif
