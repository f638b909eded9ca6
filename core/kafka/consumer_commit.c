#include <string.h>

#include "base/xalloc.h"
#include "kafka/consumer_impl.h"
#include "kafka/kerror.h"

/* Partitions that are still ours, with an offset and of which topic. */
static rd_kafka_topic_partition_list_t *
ours_of(struct consumer *c, const struct consumer_position *positions,
    size_t count)
{
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new((int)count);

	for (size_t i = 0; i < count; i++) {
		const struct consumer_position *p = &positions[i];
		const struct consumer_part *part = consumer_part_find(c,
		    consumer_intern(c, p->topic), p->partition);
		rd_kafka_topic_partition_t *added;

		if (p->offset < 0 || part == NULL)
			continue;
		added = rd_kafka_topic_partition_list_add(l, p->topic,
		    p->partition);
		added->offset = p->offset;
		rd_kafka_topic_partition_set_leader_epoch(added, part->epoch);
		consumer_put_beside(c, added, p->mark);
	}
	return l;
}

int
consumer_commit(struct consumer *c, const struct consumer_position *positions,
    size_t count, struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l = ours_of(c, positions, count);
	rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR_NO_ERROR;

	if (l->cnt == 0)
		c->empty_commits++;
	else
		e = rd_kafka_commit_queue(c->rk, l, c->events, NULL, NULL);
	rd_kafka_topic_partition_list_destroy(l);
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return kerror_fail(err, e, "commit of group %s", c->group_id);
}

static rd_kafka_resp_err_t
result_of(rd_kafka_event_t *ev)
{
	const rd_kafka_topic_partition_list_t *l;
	rd_kafka_resp_err_t e;

	if (ev == NULL)
		return RD_KAFKA_RESP_ERR__TIMED_OUT;
	e = rd_kafka_event_error(ev);
	l = rd_kafka_event_topic_partition_list(ev);
	for (int i = 0; l != NULL && i < l->cnt; i++)
		if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
			e = l->elems[i].err;
	rd_kafka_event_destroy(ev);
	return e;
}

int
consumer_commit_sync(struct consumer *c,
    const struct consumer_position *positions, size_t count, int limit_ms,
    struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l = ours_of(c, positions, count);
	rd_kafka_queue_t *q = rd_kafka_queue_new(c->rk);
	rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR_NO_ERROR;

	if (l->cnt > 0)
		e = rd_kafka_commit_queue(c->rk, l, q, NULL, NULL);
	if (l->cnt > 0 && e == RD_KAFKA_RESP_ERR_NO_ERROR)
		e = result_of(rd_kafka_queue_poll(q, limit_ms));
	rd_kafka_queue_destroy(q);
	rd_kafka_topic_partition_list_destroy(l);
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return kerror_fail(err, e, "commit of group %s", c->group_id);
}

int
consumer_committed(struct consumer *c, struct consumer_position *positions,
    size_t count, int limit_ms, struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l = consumer_list(positions, count);
	rd_kafka_resp_err_t e = rd_kafka_committed(c->rk, l, limit_ms);

	for (int i = 0; i < l->cnt; i++) {
		if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
			e = l->elems[i].err;
		positions[i].offset = l->elems[i].offset < 0
					  ? CONSUMER_NO_OFFSET
					  : l->elems[i].offset;
		positions[i].mark = consumer_mark_of(&l->elems[i]);
	}
	rd_kafka_topic_partition_list_destroy(l);
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return kerror_fail(err, e, "committed offsets of group %s",
	    c->group_id);
}

static int
check_list(struct consumer *c, rd_kafka_topic_partition_list_t *l,
    rd_kafka_resp_err_t e, const char *what, struct ps_error *err)
{
	for (int i = 0; i < l->cnt; i++)
		if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
			e = l->elems[i].err;
	rd_kafka_topic_partition_list_destroy(l);
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return kerror_fail(err, e, "%s in group %s", what, c->group_id);
}

static void
mark_paused(struct consumer *c, const struct consumer_position *positions,
    size_t count, bool paused)
{
	for (size_t i = 0; i < count; i++) {
		struct consumer_part *p = consumer_part_find(c,
		    consumer_intern(c, positions[i].topic),
		    positions[i].partition);

		if (p != NULL)
			p->paused = paused;
	}
}

int
consumer_pause(struct consumer *c, const struct consumer_position *positions,
    size_t count, struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l = consumer_list(positions, count);

	c->has_paused = true;
	mark_paused(c, positions, count, true);
	return check_list(c, l, rd_kafka_pause_partitions(c->rk, l), "pause",
	    err);
}

int
consumer_resume(struct consumer *c, const struct consumer_position *positions,
    size_t count, struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l = consumer_list(positions, count);

	mark_paused(c, positions, count, false);
	return check_list(c, l, rd_kafka_resume_partitions(c->rk, l), "resume",
	    err);
}

/* Those of the topic that the caller did not pause. */
static rd_kafka_topic_partition_list_t *
going(const struct consumer *c, const char *topic)
{
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new(1);

	for (size_t i = 0; i < c->part_count; i++)
		if (c->parts[i].position.topic == topic && !c->parts[i].paused)
			rd_kafka_topic_partition_list_add(l, topic,
			    c->parts[i].position.partition);
	return l;
}

void
consumer_hold(struct consumer *c, const char *topic)
{
	rd_kafka_topic_partition_list_t *l = going(c, topic);

	c->has_paused = true;
	if (l->cnt > 0)
		(void)rd_kafka_pause_partitions(c->rk, l);
	rd_kafka_topic_partition_list_destroy(l);
}

int
consumer_let_go(struct consumer *c, const char *topic, struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l = going(c, topic);
	rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR_NO_ERROR;

	if (l->cnt > 0)
		e = rd_kafka_resume_partitions(c->rk, l);
	return check_list(c, l, e, "resume", err);
}

int
consumer_seek(struct consumer *c, const struct consumer_position *positions,
    size_t count, int limit_ms, struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l = consumer_list(positions, count);
	rd_kafka_error_t *e = rd_kafka_seek_partitions(c->rk, l, limit_ms);
	struct consumer_part *part;

	for (size_t i = 0; i < count; i++) {
		part = consumer_part_find(c,
		    consumer_intern(c, positions[i].topic),
		    positions[i].partition);
		if (part == NULL)
			continue;
		part->position.offset = positions[i].offset;
		part->epoch = -1;
		part->is_unproved = false;
	}
	if (e == NULL)
		return check_list(c, l, RD_KAFKA_RESP_ERR_NO_ERROR, "seek",
		    err);
	rd_kafka_topic_partition_list_destroy(l);
	return kerror_take(err, e, "seek in group %s", c->group_id);
}

bool
consumer_group(struct consumer *c, struct consumer_group *out)
{
	if (c->group != NULL)
		rd_kafka_consumer_group_metadata_destroy(c->group);
	c->group = rd_kafka_consumer_group_metadata(c->rk);
	if (c->group == NULL)
		return false;
	out->group = c->group_id;
	out->member = rd_kafka_consumer_group_metadata_member_id(c->group);
	out->generation =
	    rd_kafka_consumer_group_metadata_generation_id(c->group);
	return out->generation >= 0;
}
