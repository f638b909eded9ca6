/*
 * F4: consume and destroy. floor_consume BROKERS TOPIC ROWS: partition 0 from
 * its beginning, by callback. The settings are penstock's: fetches above
 * 1 MB cost twice the processor time.
 */
#include "floor.h"

#include <librdkafka/rdkafka.h>
#include <malloc.h>

static void
set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
	char text[256];

	floor_need(rd_kafka_conf_set(conf, key, value, text, sizeof text) ==
		       RD_KAFKA_CONF_OK,
	    text);
}

static rd_kafka_t *
consumer(const char *brokers)
{
	char text[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	set(conf, "bootstrap.servers", brokers);
	set(conf, "group.id", "floor");
	set(conf, "check.crcs", "true");
	set(conf, "fetch.queue.backoff.ms", "10");
	set(conf, "queued.max.messages.kbytes", "16384");
	set(conf, "queued.min.messages", "100000");
	set(conf, "max.partition.fetch.bytes", "1048576");
	set(conf, "socket.nagle.disable", "true");
	rd_kafka_t *rk =
	    rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);

	floor_need(rk != NULL, text);
	return rk;
}

/* The clock starts with the first row, which does not count. */
static void
take(rd_kafka_message_t *m, void *opaque)
{
	struct floor *f = opaque;

	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
		return;
	floor_need(m->err == 0, rd_kafka_message_errstr(m));
	if (f->started == 0) {
		*f = floor_start();
		return;
	}
	f->rows++;
	f->bytes += m->len;
}

int
main(int argc, char **argv)
{
	floor_need(argc == 4, "usage: consume BROKERS TOPIC ROWS");
	(void)mallopt(M_ARENA_MAX, 2);
	size_t rows = strtoul(argv[3], NULL, 10) - 1;
	rd_kafka_t *rk = consumer(argv[1]);
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, argv[2], NULL);
	struct floor f = { 0 };

	floor_need(
	    rd_kafka_consume_start(topic, 0, RD_KAFKA_OFFSET_BEGINNING) == 0,
	    "consume_start failed");
	while (f.rows < rows)
		floor_need(
		    rd_kafka_consume_callback(topic, 0, 1000, take, &f) >= 0,
		    "consume_callback failed");
	return floor_end(&f);
}
