#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "task/source.h"

enum {
	SERVE_MS = 50, /* a suspension leaves two seconds */
	BUNCH = 256,
	KEEP = 64 << 10
};

/* Exactly once: an outage that outlasted the transaction. */
static void
lost(struct source *s, const struct producer_report *r)
{
	log_warn("task", "the transaction is lost: %s", r->failed->text);
	s->must_restart = true;
}

static void
note_delivered(struct source *s, const struct producer_report *r)
{
	const struct ps_batch *b = ((struct flight *)r->opaque)->batch;

	s->numbers.written += r->count;
	clients_sent(&s->task->clients, producer_topic_name(r->topic),
	    r->count);
	gauges_delivered(s->task->gauges, r->count,
	    b->count == 0 ? PS_NO_TIMESTAMP
			  : b->records[b->count - 1].timestamp);
}

/* Which record it was the report does not tell: it is known only of one that
 * was sent alone. */
static void
refused(struct source *s, const struct producer_report *r)
{
	if (s->is_alone) {
		s->refusal = *r->failed;
		return;
	}
	log_warn("task",
	    "%s: sending one by one from the last committed position",
	    r->failed->text);
	s->must_restart = s->was_refused = true;
}

void
deliver_report(void *ctx, const struct producer_report *r)
{
	struct source *s = (struct source *)ctx;

	if (sending_report(&s->unhealed, r) || commit_report(s->commit, r))
		return;
	if (r->failed != NULL) {
		s->numbers.failed += r->count;
		clients_failed(&s->task->clients, producer_topic_name(r->topic),
		    r->count);
	}
	/* A flight that failed stays undone: nothing of it is safe. */
	if (s->must_restart || (r->failed != NULL && s->was_purged))
		return;
	if (r->failed != NULL && r->failed->code == PS_E_DATA) {
		refused(s, r);
		return;
	}
	if (r->failed != NULL && r->failed->code == PS_E_RETRY &&
	    s->txn.boundary != TXN_NONE &&
	    producer_txn_state(s->producer) != PRODUCER_TXN_FENCED)
		lost(s, r);
	else if (r->failed != NULL)
		(void)ps_fail(&s->failed, r->failed->code,
		    "Unrecoverable exception from producer send callback: %s",
		    r->failed->text);
	if (s->failed.code != PS_OK || s->must_restart)
		return;
	if (r->failed == NULL)
		note_delivered(s, r);
	ack_done(s->ack, (struct flight *)r->opaque, r->count);
}

/* What the reports so far say. */
static int
outcome(struct source *s, struct ps_error *err)
{
	if (s->failed.code != PS_OK) {
		(void)ps_fail(err, s->failed.code, "%s", s->failed.text);
		return txn_judge(s, err);
	}
	if (s->must_restart)
		return ps_fail(err, PS_E_RETRY, "the source starts again");
	return 0;
}

int
deliver_serve(struct source *s, struct ps_error *err)
{
	if (producer_serve(s->producer, 0, err) < 0)
		return txn_judge(s, err);
	return outcome(s, err);
}

/* ---- Sending ---- */

static const struct producer_header *
headers_of(struct ps_arena *a, const struct ps_record *r)
{
	struct producer_header *out;

	if (r->header_count == 0)
		return NULL;
	out = (struct producer_header *)ps_alloc(a,
	    r->header_count * sizeof *out);
	for (size_t i = 0; i < r->header_count; i++)
		out[i] = (struct producer_header){ r->headers[i].name,
			r->headers[i].name_len, r->headers[i].raw.data,
			r->headers[i].raw.len };
	return out;
}

static void
fill_record(const struct source *s, struct ps_record *r,
    struct producer_record *out)
{
	*out = (struct producer_record){ .key = r->raw_key.data,
		.key_len = r->raw_key.len,
		.value = r->raw_value.data,
		.value_len = r->raw_value.len,
		.partition = r->partition,
		.timestamp =
		    r->timestamp == PS_NOW ? PS_NO_TIMESTAMP : r->timestamp,
		.headers = headers_of(s->headers, r),
		.header_count = r->header_count,
		.opaque = s->cursor.flight };
}

static int
check_record(const struct ps_record *r, struct ps_error *err)
{
	if (r->topic == NULL || r->topic[0] == '\0')
		return ps_fail(err, PS_E_DATA, "a source record has no topic");
	if (r->timestamp < 0 && r->timestamp != PS_NO_TIMESTAMP &&
	    r->timestamp != PS_NOW)
		return ps_fail(err, PS_E_DATA, "Invalid record timestamp %lld",
		    (long long)r->timestamp);
	return 0;
}

/* Records that go to the producer in one call. */
struct bunch {
	struct producer_topic *topic;
	const char *name;
	struct producer_record records[BUNCH];
	size_t count;
};

static bool
belongs(const struct bunch *bunch, const struct ps_record *r)
{
	return r->outcome == PS_KEPT && r->topic != NULL &&
	       (r->topic == bunch->name || strcmp(r->topic, bunch->name) == 0);
}

/* The next record that is kept, if it was refused before. */
static void
drop_refused(struct source *s, struct ps_batch *b)
{
	for (size_t i = s->cursor.at; i < b->count; i++) {
		struct ps_record *r = &b->records[i];

		if (r->outcome != PS_KEPT)
			continue;
		if (!refusals_has(&s->refusals, r))
			return;
		r->outcome = PS_DROPPED;
	}
}

/* The producer copies headers, so they last no longer than the bunch: what it
 * has no room for is gathered again and again. */
static void
begin_bunch(struct source *s, struct bunch *bunch)
{
	bunch->count = 0;
	arena_reset(s->headers, KEEP);
}

/* The kept records at the cursor that go to the topic of the first of them;
 * none at the end of the batch. */
static int
gather(struct source *s, struct bunch *bunch, struct ps_error *err)
{
	struct cursor *c = &s->cursor;
	struct ps_batch *b = c->flight->batch;
	size_t most = s->care_left > 0 ? 1 : BUNCH;
	struct ps_record *r;

	begin_bunch(s, bunch);
	drop_refused(s, b);
	while (c->at < b->count && b->records[c->at].outcome != PS_KEPT)
		c->at++;
	if (c->at == b->count)
		return 0;
	r = &b->records[c->at];
	if (check_record(r, err) != 0)
		return -1;
	bunch->name = r->topic;
	bunch->topic = topics_get(s->topics, r->topic, err);
	if (bunch->topic == NULL)
		return -1;
	for (size_t i = c->at; i < b->count && bunch->count < most; i++) {
		r = &b->records[i];
		if (!belongs(bunch, r) || check_record(r, NULL) != 0)
			break;
		fill_record(s, r, &bunch->records[bunch->count++]);
	}
	return 0;
}

/* As errors.tolerance says; its letter is there before its position counts. */
static int
settle(struct source *s, const struct ps_record *r, const struct ps_error *why,
    struct ps_error *err)
{
	const struct ps_failure f = { .stage = PS_STAGE_KAFKA_PRODUCE,
		.class_name = "producer",
		.error = *why };

	if (tolerance_settle_one(&s->task->tolerance, r, &f, err) == 0 &&
	    source_wait_for_letters(s, err) == 0)
		return 0;
	/* Its flight stays undone: a stop need not wait for it. */
	if (gauges_should_stop(s->task->gauges))
		s->must_restart = true;
	else if (err->code != PS_E_RETRY)
		(void)ps_fail(&s->failed, err->code, "%s", err->text);
	return -1;
}

/* 1: sent, or settled otherwise; 0: the producer is full; -1: over. */
static int
send_bunch(struct source *s, const struct bunch *bunch, struct ps_error *err)
{
	struct cursor *c = &s->cursor;
	struct ps_error why = { 0 };
	size_t n = producer_send_batch(s->producer, bunch->topic,
	    bunch->records, bunch->count, &why);

	ack_sent(c->flight, n);
	s->txn.records += n;
	c->at += n;
	if (n == bunch->count)
		return 1;
	if (why.code == PS_E_RETRY)
		return 0;
	if (why.code != PS_E_DATA) {
		(void)ps_fail(err, why.code, "%s", why.text);
		return txn_judge(s, err);
	}
	if (settle(s, &c->flight->batch->records[c->at], &why, err) != 0)
		return -1;
	c->at++;
	return 1;
}

/* The record that was sent last, alone. A transaction is lost with it, and
 * comes again without it. */
static int
settle_refused(struct source *s, struct ps_error *err)
{
	const struct cursor *c = &s->cursor;
	const struct ps_record *r = &c->flight->batch->records[c->at - 1];
	const struct ps_error why = s->refusal;

	ps_error_clear(&s->refusal);
	s->care_left = CARE_RECORDS;
	if (settle(s, r, &why, err) != 0)
		return -1;
	if (s->txn.boundary == TXN_NONE) {
		ack_done(s->ack, c->flight, 1);
		return 0;
	}
	if (refusals_add(&s->refusals, r, err) != 0)
		return -1;
	s->must_restart = s->was_refused = true;
	return outcome(s, err);
}

static int
serve_alone(struct source *s, struct ps_error *err)
{
	while (producer_in_flight(s->producer) > 0 &&
	       !gauges_should_stop(s->task->gauges)) {
		if (producer_serve(s->producer, SERVE_MS, err) < 0)
			return txn_judge(s, err);
		if (outcome(s, err) != 0 || task_serve(s->task, err) != 0 ||
		    source_while_waiting(s, err) != 0)
			return -1;
	}
	return 0;
}

/* Waits until the record just sent is durable, or refused. */
static int
take_care(struct source *s, struct ps_error *err)
{
	int served;

	if (s->care_left == 0)
		return 0;
	s->is_alone = true;
	served = serve_alone(s, err);
	s->is_alone = false;
	if (served != 0)
		return -1;
	s->care_left--;
	return s->refusal.code == PS_OK ? 0 : settle_refused(s, err);
}

int
deliver_rest(struct source *s, struct ps_error *err)
{
	struct cursor *c = &s->cursor;
	struct bunch bunch;
	int sent;

	if (c->flight == NULL)
		return 0;
	/* The lease may end while they go one by one; after what is taken back
	 * nothing is sent. */
	while (!gauges_should_suspend(s->task->gauges) && !s->was_purged) {
		if (gather(s, &bunch, err) != 0)
			return -1;
		if (bunch.count == 0) {
			ack_seal(s->ack, c->flight);
			c->flight = NULL;
			return 0;
		}
		if (txn_send(s, bunch.name, err) != 0)
			return -1;
		sent = send_bunch(s, &bunch, err);
		if (sent != 1)
			return sent;
		if (take_care(s, err) != 0)
			return -1;
	}
	return 0;
}
