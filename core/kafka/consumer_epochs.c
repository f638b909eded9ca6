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
}

/* Those that have not begun yet, as something before them is still on its way
 * or the topic is not there, come again with a later poll. */
static void
seek(struct consumer *c, rd_kafka_topic_partition_list_t *l)
{
	rd_kafka_error_t *e = rd_kafka_seek_partitions(c->rk, l, LIMIT_MS);

	for (int i = 0; i < l->cnt; i++) {
		struct consumer_part *p =
		    consumer_part_find(c, consumer_intern(c, l->elems[i].topic),
			l->elems[i].partition);

		p->is_unproved = l->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR;
		c->has_unproved |= p->is_unproved;
	}
	if (e != NULL)
		rd_kafka_error_destroy(e);
}

void
consumer_prove(struct consumer *c)
{
	struct clock_ms now = clock_now();
	size_t i = 0;

	if (clock_since(c->next_proof, now) < 0)
		return;
	c->next_proof = clock_after(now, AGAIN_MS);
	c->has_unproved = false;
	while (i < c->part_count) {
		rd_kafka_topic_partition_list_t *l =
		    rd_kafka_topic_partition_list_new(AT_ONCE);

		for (; i < c->part_count && l->cnt < AT_ONCE; i++) {
			const struct consumer_part *p = &c->parts[i];
			rd_kafka_topic_partition_t *added;

			if (!p->is_unproved)
				continue;
			added = rd_kafka_topic_partition_list_add(l,
			    p->position.topic, p->position.partition);
			added->offset = p->position.offset;
			rd_kafka_topic_partition_set_leader_epoch(added,
			    p->epoch);
		}
		if (l->cnt > 0)
			seek(c, l);
		rd_kafka_topic_partition_list_destroy(l);
	}
}
