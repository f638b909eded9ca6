#include <string.h>

#include "kafka/consumer.h"
#include "kafka/kerror.h"
#include "kafka/producer_impl.h"

#include "base/clock.h"
#include "base/xalloc.h"

#define AGAIN_MS 500

enum producer_txn
producer_txn_state(const struct producer *p)
{
	return p->txn;
}

bool
producer_txn_is_open(const struct producer *p)
{
	return p->txn == PRODUCER_TXN_OPEN || p->txn == PRODUCER_TXN_MUST_ABORT;
}

enum producer_txn
producer_txn_after(const struct producer *p, rd_kafka_resp_err_t code)
{
	char text[256];

	if (code == RD_KAFKA_RESP_ERR__FATAL)
		code = rd_kafka_fatal_error(p->rk, text, sizeof text);
	switch (code) {
	case RD_KAFKA_RESP_ERR__FENCED:
	case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
	case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
		return PRODUCER_TXN_FENCED;
	default:
		return PRODUCER_TXN_UNKNOWN;
	}
}

/* What an error of a transaction call makes of the state. */
static enum producer_txn
state_after(const struct producer *p, const rd_kafka_error_t *e)
{
	enum producer_txn fatal = producer_txn_after(p, rd_kafka_error_code(e));

	if (fatal == PRODUCER_TXN_FENCED || rd_kafka_error_is_fatal(e))
		return fatal;
	if (rd_kafka_error_txn_requires_abort(e))
		return PRODUCER_TXN_MUST_ABORT;
	return p->txn;
}

static int
fail(struct producer *p, rd_kafka_error_t *e, const char *what,
    struct ps_error *err)
{
	p->txn = state_after(p, e);
	return kerror_take(err, e, "%s", what);
}

/* librdkafka asks for the coordinator at once and, when there is no connection
 * yet, again after AGAIN_MS: so long nobody leads. */
static void
connect_first(struct producer *p, int limit_ms)
{
	const struct rd_kafka_metadata *md;

	if (rd_kafka_metadata(p->rk, 0, NULL, &md, limit_ms) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(md);
}

int
producer_txn_init(struct producer *p, int limit_ms, struct ps_error *err)
{
	struct clock_ms start = clock_now();
	rd_kafka_error_t *e;

	connect_first(p, limit_ms / 2 < AGAIN_MS ? limit_ms / 2 : AGAIN_MS);
	limit_ms -= (int)clock_since(start, clock_now());
	e = rd_kafka_init_transactions(p->rk, limit_ms > 0 ? limit_ms : 1);
	if (e != NULL)
		return fail(p, e, "init of transactions", err);
	p->txn = PRODUCER_TXN_READY;
	return 0;
}

int
producer_txn_begin(struct producer *p, struct ps_error *err)
{
	rd_kafka_error_t *e;

	if (p->txn != PRODUCER_TXN_READY)
		return ps_fail(err, PS_E_FATAL,
		    "begin of a transaction: the producer is in state %d",
		    (int)p->txn);
	e = rd_kafka_begin_transaction(p->rk);
	if (e != NULL)
		return fail(p, e, "begin of a transaction", err);
	p->txn = PRODUCER_TXN_OPEN;
	return 0;
}

/* Every record has its report before the end of the transaction is asked
 * for. What the caller learns from a failed one makes it abort. */
static int
serve_all(struct producer *p, int limit_ms, struct ps_error *err)
{
	struct clock_ms start = clock_now();

	(void)rd_kafka_flush(p->rk, 0);
	while (p->records > 0) {
		int64_t left = limit_ms - clock_since(start, clock_now());

		if (left <= 0)
			return ps_fail(err, PS_E_RETRY,
			    "%zu records of the transaction have no report "
			    "after %d ms",
			    p->records, limit_ms);
		if (producer_serve(p, left > 100 ? 100 : (int)left, err) < 0)
			return -1;
	}
	return 0;
}

/* All has its report. */
static int
commit(struct producer *p, int limit_ms, struct ps_error *err)
{
	rd_kafka_error_t *e = rd_kafka_commit_transaction(p->rk, limit_ms);

	if (e == NULL) {
		p->txn = PRODUCER_TXN_READY;
		return 0;
	}
	if (rd_kafka_error_code(e) == RD_KAFKA_RESP_ERR__TIMED_OUT)
		p->txn = PRODUCER_TXN_UNKNOWN;
	else
		p->txn = state_after(p, e);
	return kerror_take(err, e, "commit of a transaction");
}

/* Of the limit, what is left for the commit. */
static int
serve_before_commit(struct producer *p, int limit_ms, struct ps_error *err)
{
	struct clock_ms start = clock_now();
	int64_t left;

	if (serve_all(p, limit_ms, err) != 0) {
		p->txn = PRODUCER_TXN_MUST_ABORT;
		return -1;
	}
	left = limit_ms - clock_since(start, clock_now());
	return left < 1 ? 1 : (int)left;
}

int
producer_txn_commit(struct producer *p, int limit_ms, struct ps_error *err)
{
	return serve_before_commit(p, limit_ms, err) < 0 ? -1
							 : commit(p, -1, err);
}

int
producer_txn_commit_within(struct producer *p, int limit_ms,
    struct ps_error *err)
{
	int left = serve_before_commit(p, limit_ms, err);

	return left < 0 ? -1 : commit(p, left, err);
}

int
producer_txn_abort(struct producer *p, int limit_ms, struct ps_error *err)
{
	rd_kafka_error_t *e;

	producer_purge(p);
	if (serve_all(p, limit_ms, err) != 0) {
		p->txn = PRODUCER_TXN_UNKNOWN;
		return -1;
	}
	e = rd_kafka_abort_transaction(p->rk, limit_ms);
	if (e == NULL) {
		p->txn = PRODUCER_TXN_READY;
		return 0;
	}
	p->txn = rd_kafka_error_code(e) == RD_KAFKA_RESP_ERR__TIMED_OUT
		     ? PRODUCER_TXN_UNKNOWN
		     : state_after(p, e);
	return kerror_take(err, e, "abort of a transaction");
}

static rd_kafka_topic_partition_list_t *
list_of(const struct consumer_position *positions, size_t count)
{
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new((int)count);

	for (size_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(l, positions[i].topic,
		    positions[i].partition)
		    ->offset = positions[i].offset;
	return l;
}

/* Takes the list and the metadata. */
static int
send_list(struct producer *p, rd_kafka_topic_partition_list_t *l,
    rd_kafka_consumer_group_metadata_t *md, struct ps_error *err)
{
	rd_kafka_error_t *e =
	    rd_kafka_send_offsets_to_transaction(p->rk, l, md, -1);

	rd_kafka_topic_partition_list_destroy(l);
	rd_kafka_consumer_group_metadata_destroy(md);
	if (e != NULL)
		return fail(p, e, "offsets of a transaction", err);
	return 0;
}

/* Takes the metadata. */
static int
send_offsets(struct producer *p, const struct consumer_position *positions,
    size_t count, rd_kafka_consumer_group_metadata_t *md, struct ps_error *err)
{
	return send_list(p, list_of(positions, count), md, err);
}

int
producer_txn_offsets(struct producer *p,
    const struct consumer_position *positions, size_t count,
    const struct consumer_group *group, struct ps_error *err)
{
	return send_offsets(p, positions, count,
	    rd_kafka_consumer_group_metadata_new_with_genid(group->group,
		group->generation, group->member, NULL),
	    err);
}

int
producer_txn_offsets_of(struct producer *p,
    const struct consumer_position *positions, size_t count,
    const void *metadata, size_t len, struct ps_error *err)
{
	rd_kafka_consumer_group_metadata_t *md;
	rd_kafka_error_t *e =
	    rd_kafka_consumer_group_metadata_read(&md, metadata, len);

	if (e != NULL)
		return kerror_take(err, e, "membership of a group");
	return send_offsets(p, positions, count, md, err);
}

int
producer_txn_note(struct producer *p, const struct consumer_position *position,
    const char *note, const char *group, struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l = list_of(position, 1);

	/* The list frees it. */
	l->elems[0].metadata = xstrdup(note);
	l->elems[0].metadata_size = strlen(note);
	return send_list(p, l, rd_kafka_consumer_group_metadata_new(group),
	    err);
}
