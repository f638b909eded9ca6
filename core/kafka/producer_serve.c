#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kafka/conf.h"
#include "kafka/kerror.h"
#include "kafka/producer_impl.h"

#define EVENTS_MAX 64 /* of a call, each up to thousands of records */

/* Reports of one event that have the same end, told as one. */
struct run {
	struct producer_report report;
	rd_kafka_resp_err_t code;
	const rd_kafka_topic_t *rkt;
};

static const struct producer_topic *
topic_of(const struct producer *p, const rd_kafka_topic_t *rkt)
{
	const char *name = rd_kafka_topic_name(rkt);

	for (size_t i = 0; i < p->topic_count; i++)
		if (strcmp(p->topics[i]->name, name) == 0)
			return p->topics[i];
	return NULL;
}

static void
flush_run(struct producer *p, struct run *run)
{
	struct ps_error err = { PS_OK, "" };

	if (run->report.count == 0)
		return;
	run->report.topic = topic_of(p, run->rkt);
	if (run->code != RD_KAFKA_RESP_ERR_NO_ERROR) {
		(void)kerror_fail(&err, run->code, "topic %s, partition %d",
		    rd_kafka_topic_name(run->rkt), run->report.partition);
		run->report.failed = &err;
		/* Its event may come after these. */
		if (p->txn != PRODUCER_TXN_NONE &&
		    (producer_txn_after(p, run->code) == PRODUCER_TXN_FENCED ||
			producer_txn_after(p, RD_KAFKA_RESP_ERR__FATAL) ==
			    PRODUCER_TXN_FENCED))
			p->txn = PRODUCER_TXN_FENCED;
	}
	p->fn(p->ctx, &run->report);
	run->report = (struct producer_report){ .count = 0 };
}

static void
add_to_run(struct producer *p, struct run *run, const rd_kafka_message_t *m)
{
	struct producer_report *r = &run->report;

	if (r->count > 0 &&
	    (r->opaque != m->_private || r->partition != m->partition ||
		run->code != m->err || run->rkt != m->rkt))
		flush_run(p, run);
	r->opaque = m->_private;
	r->partition = m->partition;
	r->offset = m->err == RD_KAFKA_RESP_ERR_NO_ERROR ? m->offset : -1;
	r->count++;
	run->code = m->err;
	run->rkt = m->rkt;
}

static int
serve_reports(struct producer *p, rd_kafka_event_t *ev)
{
	struct run run = { .report = { .count = 0 } };
	const rd_kafka_message_t *m;
	int served = 0;

	p->quiet = clock_now();
	while ((m = rd_kafka_event_message_next(ev)) != NULL) {
		assert(p->records > 0);
		p->records--;
		p->bytes -= m->len + m->key_len;
		add_to_run(p, &run, m);
		if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			p->trouble[0] = p->lack[0] = '\0';
		served++;
	}
	flush_run(p, &run);
	return served;
}

static void
note_error(struct producer *p, rd_kafka_event_t *ev)
{
	rd_kafka_resp_err_t code = rd_kafka_event_error(ev);
	char text[512];

	if (!rd_kafka_event_error_is_fatal(ev) &&
	    code != RD_KAFKA_RESP_ERR__FATAL) {
		/* What it follows from was told before. */
		if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN &&
		    p->trouble[0] != '\0')
			return;
		(void)snprintf(p->trouble, sizeof p->trouble, "%s",
		    rd_kafka_event_error_string(ev));
		return;
	}
	code = rd_kafka_fatal_error(p->rk, text, sizeof text);
	if (p->txn != PRODUCER_TXN_NONE)
		p->txn = producer_txn_after(p, code);
	(void)ps_fail(&p->fatal, PS_E_FATAL, "producer: %s (%s)", text,
	    rd_kafka_err2name(code));
}

static int
serve_event(struct producer *p, rd_kafka_event_t *ev)
{
	switch (rd_kafka_event_type(ev)) {
	case RD_KAFKA_EVENT_DR:
		return serve_reports(p, ev);
	case RD_KAFKA_EVENT_ERROR:
		note_error(p, ev);
		break;
	case RD_KAFKA_EVENT_LOG:
		conf_log(ev);
		break;
	default:
		break;
	}
	return 0;
}

/* Empties the counter: what comes from now on makes it readable again. */
static void
rest(const struct producer *p)
{
	uint64_t count;

	while (read(p->fd, &count, sizeof count) > 0)
		;
}

static void
wait_for(const struct producer *p, int timeout_ms)
{
	struct pollfd fd = { .fd = p->fd, .events = POLLIN };

	if (timeout_ms != 0)
		(void)poll(&fd, 1, timeout_ms);
}

int
producer_serve(struct producer *p, int timeout_ms, struct ps_error *err)
{
	rd_kafka_event_t *ev;
	int served = 0, events = 0;

	if (rd_kafka_queue_length(p->queue) == 0)
		wait_for(p, timeout_ms);
	rest(p);
	while (events++ < EVENTS_MAX &&
	       (ev = rd_kafka_queue_poll(p->queue, 0)) != NULL) {
		served += serve_event(p, ev);
		rd_kafka_event_destroy(ev);
	}
	if (events > EVENTS_MAX) {
		static const uint64_t one = 1;

		if (write(p->fd, &one, sizeof one) < 0)
			return ps_fail(err, PS_E_FATAL, "producer: eventfd");
	}
	if (p->fatal.code == PS_OK || served > 0)
		return served;
	return ps_fail(err, PS_E_FATAL, "%s", p->fatal.text);
}
