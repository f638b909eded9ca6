#include <string.h>

#include "base/xalloc.h"
#include "kafka/conf.h"
#include "kafka/consumer_impl.h"
#include "kafka/kerror.h"

#define COMMITTED_MS 5000

static void
tell(struct consumer *c, const rd_kafka_topic_partition_list_t *l,
    struct consumer_event *out)
{
	size_t n = l == NULL ? 0 : (size_t)l->cnt;

	c->told = xrealloc(c->told, (n + 1) * sizeof *c->told);
	for (size_t i = 0; i < n; i++)
		c->told[i] = (struct consumer_position){ consumer_intern(c,
							     l->elems[i].topic),
			l->elems[i].partition,
			l->elems[i].offset < 0 ? CONSUMER_NO_OFFSET
					       : l->elems[i].offset,
			consumer_mark_of(&l->elems[i]) };
	c->told_count = n;
	out->positions = c->told;
	out->position_count = n;
}

static bool
is_cooperative(const struct consumer *c)
{
	const char *protocol = rd_kafka_rebalance_protocol(c->rk);

	return protocol != NULL && strcmp(protocol, "COOPERATIVE") == 0;
}

static int
take_rebalance(struct consumer *c, rd_kafka_event_t *ev,
    struct consumer_event *out)
{
	const rd_kafka_topic_partition_list_t *l =
	    rd_kafka_event_topic_partition_list(ev);

	if (rd_kafka_event_error(ev) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		c->waiting = rd_kafka_topic_partition_list_copy(l);
		return 0;
	}
	out->what =
	    rd_kafka_assignment_lost(c->rk) ? CONSUMER_LOST : CONSUMER_REVOKED;
	tell(c, l, out);
	c->unanswered = out->what;
	return 1;
}

static int
take_commit(struct consumer *c, rd_kafka_event_t *ev,
    struct consumer_event *out)
{
	const rd_kafka_topic_partition_list_t *l =
	    rd_kafka_event_topic_partition_list(ev);
	rd_kafka_resp_err_t e = rd_kafka_event_error(ev);

	for (int i = 0; l != NULL && i < l->cnt; i++)
		if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
			e = l->elems[i].err;
	out->what = CONSUMER_COMMITTED;
	tell(c, l, out);
	if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
		(void)kerror_fail(&out->error, e, "commit of group %s",
		    c->group_id);
	return 1;
}

static int
take_error(struct consumer *c, rd_kafka_event_t *ev, struct consumer_event *out,
    struct ps_error *err)
{
	rd_kafka_resp_err_t e = rd_kafka_event_error(ev);
	enum ps_code class = kerror_class(e);

	if (rd_kafka_event_error_is_fatal(ev))
		class = PS_E_FATAL;
	/* An answer that is too large comes as large again: "0 of 1 brokers
	 * are up" would be all that is said of it. */
	if (e == RD_KAFKA_RESP_ERR__BAD_MSG)
		class = PS_E_RETRY;
	if (class == PS_E_FATAL || class == PS_E_CONFIG ||
	    e == RD_KAFKA_RESP_ERR__BAD_MSG)
		return ps_fail(err, class, "group %s: %s (%s)", c->group_id,
		    rd_kafka_event_error_string(ev), rd_kafka_err2name(e));
	out->what = CONSUMER_TROUBLE;
	c->troubled = true;
	(void)ps_fail(&out->error, class, "group %s: %s (%s)", c->group_id,
	    rd_kafka_event_error_string(ev), rd_kafka_err2name(e));
	return 1;
}

int
consumer_event_take(struct consumer *c, rd_kafka_event_t *ev,
    struct consumer_event *out, struct ps_error *err)
{
	switch (rd_kafka_event_type(ev)) {
	case RD_KAFKA_EVENT_REBALANCE:
		(void)take_rebalance(c, ev, out);
		return c->waiting == NULL
			   ? 1
			   : consumer_resolve(c, COMMITTED_MS, out, err);
	case RD_KAFKA_EVENT_OFFSET_COMMIT:
		return take_commit(c, ev, out);
	case RD_KAFKA_EVENT_ERROR:
		return take_error(c, ev, out, err);
	case RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT:
		return consumer_take_topics(c, ev, out, err);
	case RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT:
		return consumer_take_claims(c, ev, out);
	case RD_KAFKA_EVENT_LOG:
		conf_log(ev);
		return 0;
	default:
		return 0;
	}
}

/* Where a partition starts that has no committed offset. Of what was added
 * meanwhile nothing is older than we are, whoever wants the latest only. */
static int
choose_start(struct consumer *c, struct consumer_position *p,
    struct ps_error *err)
{
	if (p->offset >= 0)
		return 0;
	if (strcmp(c->reset, "none") == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "group %s has no committed offset for topic %s, partition "
		    "%d, and auto.offset.reset is none",
		    c->group_id, p->topic, p->partition);
	p->offset = strcmp(c->reset, "latest") == 0 &&
			    !consumer_is_added(c, p->topic, p->partition)
			? CONSUMER_END
			: CONSUMER_BEGINNING;
	return 0;
}

static rd_kafka_resp_err_t
ask_committed(struct consumer *c, int limit_ms)
{
	rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR_NO_ERROR;

	if (c->waiting->cnt > 0)
		e = rd_kafka_committed(c->rk, c->waiting,
		    limit_ms < 100            ? 100
		    : limit_ms > COMMITTED_MS ? COMMITTED_MS
					      : limit_ms);
	for (int i = 0; i < c->waiting->cnt; i++)
		if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
			e = c->waiting->elems[i].err;
	return e;
}

/* The committed offsets are known: is there a gap, or where does it start? */
static int
tell_assigned(struct consumer *c, struct consumer_event *out,
    struct ps_error *err)
{
	int is_gap = 0;

	if (c->waiting->cnt > 0)
		is_gap = consumer_check_ids(c, c->waiting, err);
	tell(c, c->waiting, out);
	if (c->committed != NULL)
		rd_kafka_topic_partition_list_destroy(c->committed);
	c->committed = c->waiting;
	c->waiting = NULL;
	c->unanswered = CONSUMER_ASSIGNED;
	if (is_gap < 0)
		return -1;
	if (is_gap)
		return consumer_tell_gap(c, out);
	for (size_t i = 0; i < out->position_count; i++)
		if (choose_start(c, &c->told[i], err) != 0)
			return -1;
	out->what = CONSUMER_ASSIGNED;
	return 1;
}

/* Once the group is being left librdkafka takes every answer as "all go back"
 * and waits for one at most. There is no second: when the group has ended it
 * drops calls without a reply, and whoever asked would wait for ever. */
static void
give_all_back(struct consumer *c)
{
	c->part_count = 0;
	if (c->gave_back || rd_kafka_consumer_closed(c->rk))
		return;
	c->gave_back = true;
	(void)rd_kafka_assign(c->rk, NULL);
}

/* Partitions that came while the group is being left: whose offsets nobody
 * asks for. They go back, together with all that was there before. */
static int
refuse(struct consumer *c, struct consumer_event *out)
{
	rd_kafka_topic_partition_list_destroy(c->waiting);
	c->waiting = NULL;
	if (c->part_count == 0) {
		give_all_back(c);
		return 0;
	}
	c->told = xrealloc(c->told, c->part_count * sizeof *c->told);
	for (size_t i = 0; i < c->part_count; i++)
		c->told[i] = c->parts[i].position;
	c->told_count = c->part_count;
	out->what = CONSUMER_REVOKED;
	out->positions = c->told;
	out->position_count = c->told_count;
	c->unanswered = out->what;
	return 1;
}

int
consumer_resolve(struct consumer *c, int limit_ms, struct consumer_event *out,
    struct ps_error *err)
{
	rd_kafka_resp_err_t e;

	if (c->closing)
		return refuse(c, out);
	e = ask_committed(c, limit_ms);
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		return tell_assigned(c, out, err);
	out->what = CONSUMER_TROUBLE;
	c->troubled = true;
	(void)kerror_fail(&out->error, e, "committed offsets of group %s",
	    c->group_id);
	return 1;
}

/* Records of the partition go to our own queue, so that events can be
 * served without taking records. */
static void
forward(struct consumer *c, const struct consumer_position *p)
{
	rd_kafka_queue_t *q =
	    rd_kafka_queue_get_partition(c->rk, p->topic, p->partition);

	if (q == NULL)
		return;
	rd_kafka_queue_forward(q, c->records);
	rd_kafka_queue_destroy(q);
}

static void
list_assignment(struct consumer *c)
{
	c->assignment = xrealloc(c->assignment,
	    (c->part_count + 1) * sizeof *c->assignment);
	for (size_t i = 0; i < c->part_count; i++)
		c->assignment[i] = c->parts[i].position;
}

static int
settle(struct consumer *c, rd_kafka_error_t *e, rd_kafka_resp_err_t code,
    struct ps_error *err)
{
	c->unanswered = CONSUMER_NOTHING;
	list_assignment(c);
	if (e != NULL)
		return kerror_take(err, e, "assignment of group %s",
		    c->group_id);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kerror_fail(err, code, "assignment of group %s",
		    c->group_id);
	return 0;
}

int
consumer_assign(struct consumer *c, const struct consumer_position *positions,
    size_t count, struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l;
	rd_kafka_error_t *e = NULL;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

	if (c->closing) {
		give_all_back(c);
		return settle(c, NULL, code, err);
	}
	l = consumer_list(positions, count);
	for (size_t i = 0; i < count; i++) {
		forward(c, &positions[i]);
		consumer_part_add(c, &positions[i]);
	}
	if (c->has_paused) /* when they were here before */
		(void)rd_kafka_resume_partitions(c->rk, l);
	if (is_cooperative(c))
		e = rd_kafka_incremental_assign(c->rk, l);
	else
		code = rd_kafka_assign(c->rk, l);
	rd_kafka_topic_partition_list_destroy(l);
	consumer_note_epochs(c, positions, count);
	return settle(c, e, code, err);
}

int
consumer_unassign(struct consumer *c, const struct consumer_position *positions,
    size_t count, struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l;
	rd_kafka_error_t *e = NULL;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

	if (c->closing) {
		give_all_back(c);
	} else if (is_cooperative(c)) {
		l = consumer_list(positions, count);
		for (size_t i = 0; i < count; i++)
			consumer_part_remove(c, positions[i].topic,
			    positions[i].partition);
		e = rd_kafka_incremental_unassign(c->rk, l);
		rd_kafka_topic_partition_list_destroy(l);
	} else {
		c->part_count = 0;
		code = rd_kafka_assign(c->rk, NULL);
	}
	return settle(c, e, code, err);
}

const struct consumer_position *
consumer_assignment(const struct consumer *c, size_t *count)
{
	*count = c->part_count;
	return c->assignment;
}

int64_t
consumer_lag(const struct consumer *c, const struct consumer_position *assigned)
{
	const struct consumer_part *p =
	    consumer_part_find(c, assigned->topic, assigned->partition);
	int64_t low = -1, high = -1;

	if (p == NULL || p->position.offset < 0 ||
	    rd_kafka_get_watermark_offsets(c->rk, assigned->topic,
		assigned->partition, &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return high > p->position.offset ? high - p->position.offset : 0;
}
