/*
 * A committed offset has the leader epoch of the record before it. A log of
 * which that epoch ends earlier was cut off (an unclean leader election) and
 * may have other records there. librdkafka looks when a leader changes and at
 * a seek, but not at an assignment: what was assigned is sought right after.
 */
#include <string.h>

#include "kafka/consumer_impl.h"

/* Answers are looked up one by one in the list that was asked. */
#define AT_ONCE  500
#define LIMIT_MS 1000
#define AGAIN_MS 20
/* What is refused for so long is asked less often, and told. */
#define AGAIN_MAX_MS 1000
#define OVERDUE_MS   5000

/* An epoch says something of the offset it was committed with alone. */
static void
note_epoch(struct consumer *c, const rd_kafka_topic_partition_t *committed,
    const struct consumer_position *start)
{
	struct consumer_part *p;

	if (start->offset < 0 || committed->offset != start->offset ||
	    committed->partition != start->partition ||
	    strcmp(committed->topic, start->topic) != 0)
		return;
	p = consumer_part_find(c, consumer_intern(c, start->topic),
	    start->partition);
	p->epoch = rd_kafka_topic_partition_get_leader_epoch(committed);
	p->is_unproved = p->epoch >= 0;
	c->has_unproved |= p->is_unproved;
}

void
consumer_note_epochs(struct consumer *c, const struct consumer_position *starts,
    size_t count)
{
	if (c->committed == NULL)
		return;
	for (size_t i = 0; i < count && i < (size_t)c->committed->cnt; i++)
		note_epoch(c, &c->committed->elems[i], &starts[i]);
	rd_kafka_topic_partition_list_destroy(c->committed);
	c->committed = NULL;
	c->proof_pause_ms = AGAIN_MS;
	c->unproved_since = clock_now();
}

/* The status has room for one cause: what else is wrong goes before. */
static void
tell_overdue(struct consumer *c, const rd_kafka_topic_partition_t *refused)
{
	if (clock_since(c->unproved_since, clock_now()) < OVERDUE_MS ||
	    (c->troubled && !c->unproved_told))
		return;
	c->unproved_told = true;
	(void)ps_fail(&c->hitch, PS_E_RETRY,
	    "topic %.249s, partition %d is not read: whether its log is still "
	    "the one that was read cannot be found out (%s); it is tried again",
	    refused->topic, (int)refused->partition,
	    rd_kafka_err2str(refused->err));
}

/* Those that have not begun yet, as something before them is still on its way
 * or the topic is not there, come again with a later poll. How many are done.
 */
static size_t
seek(struct consumer *c, rd_kafka_topic_partition_list_t *l, int limit_ms)
{
	rd_kafka_error_t *e = rd_kafka_seek_partitions(c->rk, l, limit_ms);
	const rd_kafka_topic_partition_t *refused = NULL;
	size_t done = 0;

	for (int i = 0; i < l->cnt; i++) {
		struct consumer_part *p =
		    consumer_part_find(c, consumer_intern(c, l->elems[i].topic),
			l->elems[i].partition);

		p->is_unproved = l->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR;
		if (p->is_unproved && refused == NULL)
			refused = &l->elems[i];
		done += !p->is_unproved;
	}
	if (e != NULL)
		rd_kafka_error_destroy(e);
	if (refused != NULL)
		tell_overdue(c, refused);
	return done;
}

/* The next of those that are to be sought, from *i on. */
static rd_kafka_topic_partition_list_t *
next_chunk(const struct consumer *c, size_t *i)
{
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new(AT_ONCE);

	for (; *i < c->part_count && l->cnt < AT_ONCE; (*i)++) {
		const struct consumer_part *p = &c->parts[*i];
		rd_kafka_topic_partition_t *added;

		if (!p->is_unproved)
			continue;
		added = rd_kafka_topic_partition_list_add(l, p->position.topic,
		    p->position.partition);
		added->offset = p->position.offset;
		rd_kafka_topic_partition_set_leader_epoch(added, p->epoch);
	}
	return l;
}

static bool
has_unproved(const struct consumer *c)
{
	for (size_t i = 0; i < c->part_count; i++)
		if (c->parts[i].is_unproved)
			return true;
	return false;
}

static void
plan_next(struct consumer *c, size_t done)
{
	bool is_first = done > 0 || c->proof_pause_ms == 0;
	int64_t ms = is_first ? AGAIN_MS : c->proof_pause_ms;

	c->has_unproved = has_unproved(c);
	c->next_proof = clock_after(clock_now(), ms);
	c->proof_pause_ms = 2 * ms < AGAIN_MAX_MS ? 2 * ms : AGAIN_MAX_MS;
	if (c->has_unproved || !c->unproved_told)
		return;
	c->unproved_told = false;
	c->next_ask = clock_now(); /* its answer says that all is well */
}

/* What there was no time for is left to the next turn. */
void
consumer_prove(struct consumer *c)
{
	struct clock_ms ends = clock_after(clock_now(), LIMIT_MS);
	size_t i = 0, done = 0;
	int64_t left;

	if (clock_since(c->next_proof, clock_now()) < 0)
		return;
	while (
	    i < c->part_count && (left = clock_since(clock_now(), ends)) > 0) {
		rd_kafka_topic_partition_list_t *l = next_chunk(c, &i);

		if (l->cnt > 0)
			done += seek(c, l, (int)left);
		rd_kafka_topic_partition_list_destroy(l);
	}
	plan_next(c, done);
}
