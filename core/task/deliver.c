#include "base/log.h"
#include "task/source.h"

enum { SERVE_MS = 100 };

/* A record the broker refuses for good: as errors.tolerance says. Its batch
 * still has it, but which one it was the report does not tell. */
static void
refused(struct source *s, const struct producer_report *r)
{
	struct ps_record record = { .topic = producer_topic_name(r->topic),
		.partition = r->partition,
		.timestamp = PS_NO_TIMESTAMP };
	struct ps_failure f = { .stage = PS_STAGE_KAFKA_PRODUCE,
		.class_name = "producer",
		.error = *r->failed };

	s->care_left = CARE_RECORDS;
	for (size_t i = 0; i < r->count && s->failed.code == PS_OK; i++)
		(void)tolerance_settle_one(&s->task->tolerance, &record, &f,
		    &s->failed);
}

void
deliver_report(void *ctx, const struct producer_report *r)
{
	struct source *s = (struct source *)ctx;

	if (commit_report(s->commit, r))
		return;
	/* A flight that failed stays undone: nothing of it is safe. */
	if (s->must_restart || (r->failed != NULL && s->was_purged))
		return;
	if (r->failed != NULL && r->failed->code == PS_E_DATA &&
	    s->care_left == 0) {
		log_warn("task",
		    "%s: sending one by one from the last "
		    "committed position",
		    r->failed->text);
		s->must_restart = s->was_refused = true;
		return;
	}
	if (r->failed != NULL && r->failed->code == PS_E_DATA)
		refused(s, r);
	else if (r->failed != NULL)
		(void)ps_fail(&s->failed, r->failed->code,
		    "Unrecoverable exception from producer send callback: %s",
		    r->failed->text);
	if (s->failed.code != PS_OK)
		return;
	if (r->failed == NULL)
		s->numbers.written += r->count;
	ack_done(s->ack, (struct flight *)r->opaque, r->count);
}

int
deliver_serve(struct source *s, struct ps_error *err)
{
	if (producer_serve(s->producer, 0, err) < 0)
		return -1;
	if (s->failed.code != PS_OK)
		return ps_fail(err, s->failed.code, "%s", s->failed.text);
	if (s->must_restart)
		return ps_fail(err, PS_E_RETRY, "the source starts again");
	return 0;
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
		.timestamp = r->timestamp,
		.headers = headers_of(s->cursor.flight->batch->arena, r),
		.header_count = r->header_count,
		.opaque = s->cursor.flight };
}

static int
check_record(const struct ps_record *r, struct ps_error *err)
{
	if (r->topic == NULL || r->topic[0] == '\0')
		return ps_fail(err, PS_E_DATA, "a source record has no topic");
	if (r->timestamp < 0 && r->timestamp != PS_NO_TIMESTAMP)
		return ps_fail(err, PS_E_DATA, "Invalid record timestamp %lld",
		    (long long)r->timestamp);
	return 0;
}

/* 1: sent, or settled otherwise; 0: the producer is full; -1: over. */
static int
send_one(struct source *s, struct ps_record *r, struct ps_error *err)
{
	struct ps_failure f = { .stage = PS_STAGE_KAFKA_PRODUCE,
		.class_name = "producer" };
	struct producer_record out;
	struct producer_topic *topic;

	if (check_record(r, err) != 0)
		return -1;
	topic = topics_get(s->topics, r->topic, err);
	if (topic == NULL)
		return -1;
	fill_record(s, r, &out);
	if (producer_send(s->producer, topic, &out, &f.error) == 0) {
		ack_sent(s->cursor.flight);
		return 1;
	}
	if (f.error.code == PS_E_RETRY)
		return 0;
	if (f.error.code != PS_E_DATA)
		return ps_fail(err, f.error.code, "%s", f.error.text);
	if (tolerance_settle_one(&s->task->tolerance, r, &f, err) != 0)
		return -1;
	return 1;
}

/* Waits until the record just sent is durable, or refused. */
static int
take_care(struct source *s, struct ps_error *err)
{
	if (s->care_left == 0)
		return 0;
	while (producer_in_flight(s->producer) > 0 &&
	       !gauges_should_stop(s->task->gauges)) {
		if (producer_serve(s->producer, SERVE_MS, err) < 0)
			return -1;
		if (s->failed.code != PS_OK)
			return ps_fail(err, s->failed.code, "%s",
			    s->failed.text);
	}
	s->care_left--;
	return 0;
}

int
deliver_rest(struct source *s, struct ps_error *err)
{
	struct cursor *c = &s->cursor;
	struct ps_batch *b;
	int sent = 1;

	if (c->flight == NULL)
		return 0;
	for (b = c->flight->batch; c->at < b->count; c->at++) {
		if (b->records[c->at].outcome != PS_KEPT)
			continue;
		sent = send_one(s, &b->records[c->at], err);
		if (sent != 1)
			return sent;
		if (take_care(s, err) != 0)
			return -1;
	}
	ack_seal(s->ack, c->flight);
	c->flight = NULL;
	return 0;
}
