#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "kafka/consumer_impl.h"

const char *
consumer_intern(struct consumer *c, const char *topic)
{
	for (size_t i = 0; i < c->topic_count; i++)
		if (strcmp(c->topics[i], topic) == 0)
			return c->topics[i];
	c->topics =
	    xrealloc(c->topics, (c->topic_count + 1) * sizeof *c->topics);
	c->topics[c->topic_count] = xstrdup(topic);
	return c->topics[c->topic_count++];
}

static int
order(const struct consumer_part *p, const char *topic, int32_t partition)
{
	if (p->position.topic != topic)
		return (uintptr_t)p->position.topic < (uintptr_t)topic ? -1 : 1;
	return (p->position.partition > partition) -
	       (p->position.partition < partition);
}

/* Where it stands or would stand. */
static size_t
place_of(const struct consumer *c, const char *topic, int32_t partition)
{
	size_t lo = 0, hi = c->part_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (order(&c->parts[mid], topic, partition) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct consumer_part *
consumer_part_find(const struct consumer *c, const char *topic,
    int32_t partition)
{
	size_t i = place_of(c, topic, partition);

	if (i == c->part_count || order(&c->parts[i], topic, partition) != 0)
		return NULL;
	return &c->parts[i];
}

void
consumer_part_add(struct consumer *c, const struct consumer_position *position)
{
	const char *topic = consumer_intern(c, position->topic);
	size_t i;

	consumer_part_remove(c, topic, position->partition);
	i = place_of(c, topic, position->partition);
	c->parts = xrealloc(c->parts, (c->part_count + 1) * sizeof *c->parts);
	memmove(c->parts + i + 1, c->parts + i,
	    (c->part_count - i) * sizeof *c->parts);
	c->parts[i] = (struct consumer_part){
		.position = { topic, position->partition, position->offset, 0 },
		.epoch = -1,
	};
	c->part_count++;
}

void
consumer_part_remove(struct consumer *c, const char *topic, int32_t partition)
{
	struct consumer_part *p =
	    consumer_part_find(c, consumer_intern(c, topic), partition);

	if (p == NULL)
		return;
	c->part_count--;
	memmove(p, p + 1, (size_t)(c->parts + c->part_count - p) * sizeof *p);
}

static int64_t
to_client(int64_t offset)
{
	return offset == CONSUMER_BEGINNING ? RD_KAFKA_OFFSET_BEGINNING
	       : offset == CONSUMER_END     ? RD_KAFKA_OFFSET_END
	       : offset < 0                 ? RD_KAFKA_OFFSET_INVALID
					    : offset;
}

rd_kafka_topic_partition_list_t *
consumer_list(const struct consumer_position *positions, size_t count)
{
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new((int)count);

	for (size_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(l, positions[i].topic,
		    positions[i].partition)
		    ->offset = to_client(positions[i].offset);
	return l;
}
