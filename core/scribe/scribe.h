/*
 * scribe: transactions on the config topic, one after the other.
 *
 * A call waits until it is over: committed, or aborted (and what the abort
 * hides healed), or in doubt. After FENCED and UNKNOWN the scribe is of no
 * more use. `connect-cluster-<group.id>` is Kafka Connect's id as well, so
 * its leader is fenced by ours, and ours by it.
 */
#ifndef PENSTOCK_SCRIBE_SCRIBE_H
#define PENSTOCK_SCRIBE_SCRIBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <penstock/config.h>
#include <penstock/error.h>

struct scribe;

struct scribe_spec {
	const struct ps_config *worker; /* its settings, resolved */
	const char *group;
	const char *topic;
	int session_ms; /* the limit of each wait */
};

struct scribe_record {
	const char *key;
	size_t key_len;
	const char *value; /* NULL: null */
	size_t value_len;
};

struct scribe_records {
	const struct scribe_record *items;
	size_t count;
};

enum scribe_end {
	SCRIBE_OK,
	SCRIBE_REFUSED, /* none of it is in the log */
	SCRIBE_FENCED,  /* another has the transactional id */
	SCRIBE_UNKNOWN, /* it may be in the log, as a whole */
};

#define SCRIBE_ALL ((size_t)-1)

struct scribe_outcome {
	enum scribe_end end;
	size_t record; /* which can never be written; SCRIBE_ALL: no one */
	struct ps_error err;
};

/* Is told the records' offsets right before they are committed. */
typedef int scribe_committing_fn(void *ctx, const int64_t *offsets,
    size_t count, struct ps_error *err);

struct scribe *scribe_new(const struct scribe_spec *spec,
    scribe_committing_fn *fn, void *ctx, struct ps_error *err);
void scribe_free(struct scribe **sp);

/* Fences the last leader, then writes; `group` is a membership, serialized:
 * one of the past is refused. */
struct scribe_outcome scribe_claim(struct scribe *s, const void *group,
    size_t group_len, struct scribe_records records);
struct scribe_outcome
scribe_write(struct scribe *s, struct scribe_records records);
struct scribe_outcome scribe_heal(struct scribe *s);
/* Must something be healed, because a transaction was aborted? */
bool scribe_has_aborted(const struct scribe *s);
/* Between calls: what the client has to say. -1: it can do no more. */
int scribe_serve(struct scribe *s, struct ps_error *err);
int scribe_fd(const struct scribe *s);

#endif
