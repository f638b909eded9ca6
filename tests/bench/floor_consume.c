/*
 * F4: consume and destroy. floor_consume BROKERS TOPIC ROWS [FILE]: partition
 * 0 from its beginning, by callback; with FILE the values are written to it
 * as lines (the file sink's floor).
 */
#include "floor.h"

#include <librdkafka/rdkafka.h>

struct state {
	struct floor f;
	FILE *out;
};

static void
set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
	char text[256];

	floor_need(rd_kafka_conf_set(conf, key, value, text, sizeof text) ==
		       RD_KAFKA_CONF_OK,
	    text);
}

static void
take(rd_kafka_message_t *m, void *opaque)
{
	struct state *s = opaque;

	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
		return;
	floor_need(m->err == 0, rd_kafka_message_errstr(m));
	s->f.rows++;
	s->f.bytes += m->len;
	if (s->out != NULL) {
		(void)fwrite(m->payload, 1, m->len, s->out);
		(void)putc_unlocked('\n', s->out);
	}
}

int
main(int argc, char **argv)
{
	floor_need(argc >= 4, "usage: consume BROKERS TOPIC ROWS [FILE]");
	char text[256];
	size_t rows = strtoul(argv[3], NULL, 10);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	set(conf, "bootstrap.servers", argv[1]);
	set(conf, "group.id", "floor");
	set(conf, "fetch.queue.backoff.ms", "5");
	set(conf, "queued.max.messages.kbytes", "65536");
	set(conf, "queued.min.messages", "1000000");
	set(conf, "max.partition.fetch.bytes", "8388608");
	rd_kafka_t *rk =
	    rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);

	floor_need(rk != NULL, text);
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, argv[2], NULL);
	struct state s = { .f = floor_start() };

	if (argc > 4) {
		s.out = fopen(argv[4], "w");
		floor_need(s.out != NULL, argv[4]);
		(void)setvbuf(s.out, NULL, _IOFBF, 1 << 20);
	}
	floor_need(
	    rd_kafka_consume_start(topic, 0, RD_KAFKA_OFFSET_BEGINNING) == 0,
	    "consume_start failed");
	while (s.f.rows < rows)
		floor_need(
		    rd_kafka_consume_callback(topic, 0, 1000, take, &s) >= 0,
		    "consume_callback failed");
	if (s.out != NULL)
		(void)fclose(s.out);
	return floor_end(&s.f);
}
