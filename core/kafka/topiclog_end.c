#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "kafka/kerror.h"
#include "kafka/topiclog_impl.h"

#define FOR_EVER     INT64_MAX
#define PROBE_MS     500
#define LOGS_AT_ONCE 16 /* in one question */

static struct clock_ms
later(struct topiclog_hub *h)
{
	return clock_after(clock_now(), backoff_next_ms(&h->backoff));
}

/* What a client that never got through is told when the fault is its own; the
 * same words from a cluster that let it in before are an outage. */
static const struct {
	rd_kafka_resp_err_t code;
	const char *word, *keys;
} refusals[] = {
	{ RD_KAFKA_RESP_ERR__AUTHENTICATION, "",
	    "sasl.jaas.config and sasl.mechanism" },
	{ RD_KAFKA_RESP_ERR__SSL, "certificate",
	    "ssl.truststore.* and ssl.keystore.*" },
	{ RD_KAFKA_RESP_ERR__SSL, "wrong version number",
	    "security.protocol and the port in bootstrap.servers" },
};

static void
note_refusal(struct topiclog_hub *h, rd_kafka_resp_err_t code, const char *text)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (h->logs == NULL && refusals[i].code == code &&
		    strstr(text, refusals[i].word) != NULL)
			(void)ps_fail(&h->fatal, PS_E_CONFIG, "%s: look at %s",
			    text, refusals[i].keys);
}

void
topiclog_note(struct topiclog_hub *h, rd_kafka_resp_err_t code,
    const char *text)
{
	bool follows = code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
		       code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
		       code == RD_KAFKA_RESP_ERR__DESTROY;

	if (h->trouble[0] == '\0')
		h->probe_at = clock_after(clock_now(), PROBE_MS);
	else if (follows)
		return;
	(void)snprintf(h->trouble, sizeof h->trouble, "%.250s", text);
	note_refusal(h, code, text);
}

/* Nothing tells that a broken connection is back: an answer does. */
static void
on_probe(void *ctx, const struct admin_answer *answer)
{
	struct topiclog_hub *h = ctx;

	h->probing = false;
	h->probe_at = clock_after(clock_now(), PROBE_MS);
	if (answer->code == 0)
		h->trouble[0] = '\0';
}

static void
probe(struct topiclog_hub *h, struct clock_ms now)
{
	if (h->trouble[0] == '\0' || h->probing || h->probe_at.ms > now.ms)
		return;
	h->probing = true;
	admin_probe(h->admin,
	    (struct admin_call){ on_probe, h, TOPICLOG_ASK_MS });
}

static void
free_log(struct topiclog *l)
{
	free(l->positions);
	free(l->topic);
	free(l);
}

static void
free_barrier(struct barrier *b)
{
	free(b->ends);
	free(b);
}

/* Out of the list, answered; an answer of the cluster that is on its way
 * frees it then. */
static void
end_barrier(struct barrier **link, const struct ps_error *err)
{
	struct barrier *b = *link;
	topiclog_end_fn *fn = b->fn;
	void *ctx = b->ctx;

	*link = b->next;
	b->log = NULL;
	b->dropped = b->asking;
	if (!b->asking)
		free_barrier(b);
	fn(ctx, err);
}

static void
end_late(struct barrier **link)
{
	const struct topiclog *l = (*link)->log;
	const char *why = l->unread[0] != '\0' ? l->unread : l->hub->trouble;
	struct ps_error err = { PS_OK, "" };

	(void)ps_fail(&err, PS_E_RETRY,
	    "topic %s could not be read to its end in time%s%s", l->topic,
	    why[0] == '\0' ? "" : ": ", why);
	end_barrier(link, &err);
}

static bool
is_passed(const struct topiclog *l, const struct barrier *b)
{
	if (b->ends == NULL)
		return false;
	for (int i = 0; i < l->partitions; i++)
		if (l->positions[i] < b->ends[i])
			return false;
	return true;
}

void
topiclog_check(struct topiclog *l)
{
	struct clock_ms now = clock_now();

	for (struct barrier **link = &l->barriers; *link != NULL;) {
		struct barrier *b = *link;

		if (is_passed(l, b)) {
			end_barrier(link, NULL);
		} else if (b->deadline.ms <= now.ms) {
			end_late(link);
		} else {
			link = &b->next;
		}
	}
}

static void
start_partition(struct topiclog *l, int32_t partition, int64_t offset)
{
	l->positions[partition] = offset;
	(void)rd_kafka_consume_start_queue(l->rkt, partition, offset,
	    l->hub->records);
}

static void
start_all(struct topiclog *l, const int64_t *ends)
{
	l->state = TOPICLOG_READING;
	for (int i = 0; i < l->partitions; i++)
		start_partition(l, i, ends == NULL ? 0 : ends[i]);
}

static void
on_ends(void *ctx, const struct admin_answer *answer)
{
	struct barrier *b = ctx;
	struct topiclog *l = b->log;
	rd_kafka_resp_err_t code = (rd_kafka_resp_err_t)answer->code;

	b->asking = false;
	if (b->dropped) {
		free_barrier(b);
		return;
	}
	for (size_t i = 0; i < answer->count; i++)
		if (answer->items[i].code != 0)
			code = (rd_kafka_resp_err_t)answer->items[i].code;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR ||
	    answer->count != (size_t)l->partitions) {
		topiclog_note(l->hub, code, rd_kafka_err2str(code));
		b->ask_at = later(l->hub);
		return;
	}
	backoff_reset(&l->hub->backoff);
	b->ends = xcalloc((size_t)l->partitions, sizeof *b->ends);
	for (size_t i = 0; i < answer->count; i++)
		b->ends[answer->items[i].partition] = answer->items[i].offset;
	if (l->state != TOPICLOG_READING)
		start_all(l, b->ends);
}

static void
ask_ends(struct barrier *b)
{
	struct topiclog *l = b->log;
	struct consumer_position *list =
	    xcalloc((size_t)l->partitions, sizeof *list);

	for (int i = 0; i < l->partitions; i++)
		list[i] =
		    (struct consumer_position){ l->topic, i, CONSUMER_END, 0 };
	b->asking = true;
	admin_list_offsets(l->hub->admin, list, (size_t)l->partitions,
	    l->hub->isolation == TOPICLOG_COMMITTED ? ADMIN_COMMITTED
						    : ADMIN_UNCOMMITTED,
	    (struct admin_call){ on_ends, b, TOPICLOG_ASK_MS });
	free(list);
}

static void
on_start_passed(void *ctx, const struct ps_error *err)
{
	struct topiclog *l = ctx;

	l->ended = true;
	if (l->reader.on_end != NULL)
		l->reader.on_end(l->reader.ctx, err);
}

static struct barrier *
add_barrier(struct topiclog *l, int64_t limit_ms, topiclog_end_fn *fn,
    void *ctx)
{
	struct barrier *b = xcalloc(1, sizeof *b), **last = &l->barriers;

	b->log = l;
	b->fn = fn;
	b->ctx = ctx;
	b->ask_at = clock_now();
	b->deadline.ms = limit_ms == FOR_EVER
			     ? FOR_EVER
			     : clock_after(b->ask_at, limit_ms).ms;
	while (*last != NULL)
		last = &(*last)->next;
	*last = b;
	return b;
}

static void
take_partitions(struct topiclog *l, int partitions)
{
	backoff_reset(&l->hub->backoff);
	l->partitions = partitions;
	l->positions = xcalloc((size_t)partitions, sizeof *l->positions);
	/* Without the ends, DESCRIBING goes on. */
	if (l->reader.start == TOPICLOG_FROM_START)
		start_all(l, NULL);
}

static void
ask_again(struct topiclog *l, int code, const struct ps_error *why)
{
	topiclog_note(l->hub, (rd_kafka_resp_err_t)code,
	    why->code == PS_OK ? "the topic has no partitions" : why->text);
	l->state = TOPICLOG_UNKNOWN;
	l->ask_at = later(l->hub);
}

static const struct admin_item *
item_of(const struct admin_answer *answer, const char *topic)
{
	for (size_t i = 0; i < answer->count; i++)
		if (strcmp(answer->items[i].name, topic) == 0)
			return &answer->items[i];
	return NULL;
}

/* All that can start do so at once: a request for some of the partitions
 * alone keeps those of the others waiting while it waits for records. */
static void
on_partitions(void *ctx, const struct admin_answer *answer)
{
	struct topiclog_hub *h = ctx;

	for (struct topiclog *l = h->logs; l != NULL; l = l->next) {
		const struct admin_item *it = item_of(answer, l->topic);

		if (l->partitions > 0)
			continue;
		if (it != NULL && it->partitions > 0)
			take_partitions(l, it->partitions);
		else if (it != NULL)
			ask_again(l, it->code, &it->error);
		else if (answer->code != 0)
			ask_again(l, answer->code, &answer->error);
	}
}

static bool
is_due(const struct topiclog *l, struct clock_ms now)
{
	return l->state == TOPICLOG_UNKNOWN && l->ask_at.ms <= now.ms;
}

static void
ask_partitions(struct topiclog_hub *h, struct clock_ms now)
{
	const char *names[LOGS_AT_ONCE];
	size_t count = 0;

	for (struct topiclog *l = h->logs; l != NULL; l = l->next) {
		if (!is_due(l, now) || count == LOGS_AT_ONCE)
			continue;
		l->state = TOPICLOG_DESCRIBING;
		names[count++] = l->topic;
	}
	if (count > 0)
		admin_describe_topics(h->admin, names, count,
		    (struct admin_call){ on_partitions, h, TOPICLOG_ASK_MS });
}

void
topiclog_ask(struct topiclog_hub *h)
{
	struct clock_ms now = clock_now();

	probe(h, now);
	ask_partitions(h, now);
	for (struct topiclog *l = h->logs; l != NULL; l = l->next) {
		if (!l->ended && l->barriers == NULL)
			(void)add_barrier(l, FOR_EVER, on_start_passed, l);
		if (l->partitions == 0)
			continue;
		for (struct barrier *b = l->barriers; b != NULL; b = b->next)
			if (b->ends == NULL && !b->asking &&
			    b->ask_at.ms <= now.ms)
				ask_ends(b);
	}
}

static int64_t
earliest(const struct topiclog *l, int64_t at)
{
	if (l->state == TOPICLOG_UNKNOWN && l->ask_at.ms < at)
		at = l->ask_at.ms;
	for (const struct barrier *b = l->barriers; b != NULL; b = b->next) {
		if (b->deadline.ms < at)
			at = b->deadline.ms;
		if (b->ends == NULL && !b->asking && l->partitions > 0 &&
		    b->ask_at.ms < at)
			at = b->ask_at.ms;
		/* Positions past markers come without a record. */
		if (b->ends != NULL && clock_now().ms + 20 < at)
			at = clock_now().ms + 20;
	}
	return at;
}

void
topiclog_arm(struct topiclog_hub *h)
{
	struct itimerspec when = { .it_value = { 0, 0 } };
	int64_t at = FOR_EVER;

	if (h->trouble[0] != '\0' && !h->probing)
		at = h->probe_at.ms;
	for (const struct topiclog *l = h->logs; l != NULL; l = l->next)
		at = earliest(l, at);
	if (at != FOR_EVER) {
		if (at <= 0)
			at = 1;
		when.it_value.tv_sec = at / 1000;
		when.it_value.tv_nsec = at % 1000 * 1000000;
	}
	if (timerfd_settime(h->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) != 0)
		abort();
}

void
topiclog_close(struct topiclog **lp)
{
	struct topiclog *l = *lp, **link;
	struct ps_error err = { PS_OK, "" };

	*lp = NULL;
	if (l == NULL)
		return;
	for (link = &l->hub->logs; *link != l; link = &(*link)->next)
		;
	*link = l->next;
	l->ended = true;
	(void)ps_fail(&err, PS_E_RETRY, "topic %s: the log was closed",
	    l->topic);
	while (l->barriers != NULL)
		end_barrier(&l->barriers, &err);
	for (int i = 0; l->state == TOPICLOG_READING && i < l->partitions; i++)
		(void)rd_kafka_consume_stop(l->rkt, i);
	rd_kafka_topic_destroy(l->rkt);
	free_log(l);
}

void
topiclog_read_to_end(struct topiclog *l, int limit_ms, topiclog_end_fn *fn,
    void *ctx)
{
	if (!l->ended && l->barriers == NULL)
		(void)add_barrier(l, FOR_EVER, on_start_passed, l);
	(void)add_barrier(l, limit_ms, fn, ctx);
	topiclog_ask(l->hub);
	topiclog_arm(l->hub);
}

bool
topiclog_has_passed(const struct topiclog *l, int32_t partition, int64_t offset)
{
	return topiclog_position(l, partition) > offset;
}

int64_t
topiclog_position(const struct topiclog *l, int32_t partition)
{
	if (partition < 0 || partition >= l->partitions)
		return -1;
	return l->positions[partition];
}

int
topiclog_partitions(const struct topiclog *l)
{
	return l->partitions;
}
