#include <stdlib.h>
#include <string.h>

#include "config/map.h"
#include "kafka/producer_impl.h"

/*
 * Records without a key go to one partition for a while, then to another, so
 * that batches are large. librdkafka does the same, but asks the clock and
 * takes two locks for each record. Here only the first of a while passes its
 * partitioner, which knows how many partitions there are by now; the others
 * follow it with their partition set.
 */

#define LINGER    "sticky.partitioning.linger.ms"
#define LINGER_MS 10 /* librdkafka's default */

void
producer_partition_init(struct producer *p, struct ps_arena *a, struct conf *c)
{
	const char *how = ps_config_str(&c->properties, "partitioner");
	const char *ms = ps_config_get(&c->properties, LINGER);

	p->ignores_keys = strcmp(how, "random") == 0;
	if (!p->ignores_keys && strcmp(how, "murmur2_random") != 0)
		return;
	p->sticky_ms = ms == NULL ? LINGER_MS : strtol(ms, NULL, 10);
	/* Else the partitioner is not asked for records without a key. */
	if (p->sticky_ms > 0)
		c->properties = config_with(a, &c->properties, LINGER, "0");
}

/* On the sender's thread, or on librdkafka's for what was sent before the
 * topic's partitions were known. */
static int32_t
choose(const rd_kafka_topic_t *rkt, const void *key, size_t key_len,
    int32_t count, void *topic, void *record)
{
	struct producer_topic *t = (struct producer_topic *)topic;
	int32_t at;

	if (key != NULL && !t->ignores_keys)
		return rd_kafka_msg_partitioner_murmur2_random(rkt, key,
		    key_len, count, topic, record);
	at = atomic_load(&t->sticky);
	if (at >= 0 && at < count &&
	    rd_kafka_topic_partition_available(rkt, at))
		return at;
	at = rd_kafka_msg_partitioner_random(rkt, key, key_len, count, topic,
	    record);
	atomic_store(&t->sticky, at);
	return at;
}

rd_kafka_topic_t *
producer_partition_topic(struct producer *p, struct producer_topic *t)
{
	rd_kafka_topic_conf_t *c = NULL;

	atomic_init(&t->sticky, -1);
	t->ignores_keys = p->ignores_keys;
	if (p->sticky_ms > 0) {
		c = rd_kafka_default_topic_conf_dup(p->rk);
		rd_kafka_topic_conf_set_partitioner_cb(c, choose);
		rd_kafka_topic_conf_set_opaque(c, t);
	}
	return rd_kafka_topic_new(p->rk, t->name, c);
}

int32_t
producer_partition_now(struct producer *p, struct producer_topic *t)
{
	struct clock_ms now = clock_now();

	if (clock_since(t->chosen, now) >= p->sticky_ms) {
		t->chosen = now;
		atomic_store(&t->sticky, -1);
	}
	return atomic_load(&t->sticky);
}
