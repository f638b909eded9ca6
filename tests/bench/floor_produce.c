/*
 * F3: produce_batch of payloads that lie ready; acks=all, idempotent, lz4.
 * floor_produce BROKERS TOPIC ROWS FILE: the payloads are the file's lines,
 * over and over, into partition 0.
 */
#include "floor.h"

#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define BATCH 5000

static void
set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
	char text[256];

	floor_need(rd_kafka_conf_set(conf, key, value, text, sizeof text) ==
		       RD_KAFKA_CONF_OK,
	    text);
}

static rd_kafka_t *
producer(const char *brokers)
{
	char text[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	set(conf, "bootstrap.servers", brokers);
	set(conf, "enable.idempotence", "true");
	set(conf, "compression.type", "lz4");
	set(conf, "linger.ms", "20");
	set(conf, "batch.num.messages", "100000");
	set(conf, "batch.size", "1000000");
	set(conf, "queue.buffering.max.messages", "1000000");
	set(conf, "queue.buffering.max.kbytes", "65536");
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
	rd_kafka_t *rk =
	    rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);

	floor_need(rk != NULL, text);
	return rk;
}

/* Takes delivery reports; waits for one when the queue is full. */
static size_t
reports(rd_kafka_queue_t *q, int wait_ms)
{
	rd_kafka_event_t *e = rd_kafka_queue_poll(q, wait_ms);
	size_t n = 0;
	const rd_kafka_message_t *m;

	while (e != NULL && (m = rd_kafka_event_message_next(e)) != NULL) {
		floor_need(m->err == 0, rd_kafka_err2str(m->err));
		n++;
	}
	rd_kafka_event_destroy(e);
	return n;
}

/* Cuts the next BATCH lines; at the end of the text it begins again. */
static void
fill(rd_kafka_message_t *batch, char *text, size_t size, size_t *at)
{
	for (int i = 0; i < BATCH; i++) {
		if (*at >= size)
			*at = 0;
		char *line = text + *at;
		char *end = memchr(line, '\n', size - *at);

		floor_need(end != NULL, "the file does not end in a newline");
		batch[i] = (rd_kafka_message_t){ .payload = line,
			.len = (size_t)(end - line) };
		*at += (size_t)(end - line) + 1;
	}
}

int
main(int argc, char **argv)
{
	floor_need(argc == 5, "usage: produce BROKERS TOPIC ROWS FILE");
	struct stat st;
	int fd = open(argv[4], O_RDONLY);
	size_t at = 0, acked = 0, rows = strtoul(argv[3], NULL, 10);

	floor_need(fd >= 0 && fstat(fd, &st) == 0, argv[4]);
	size_t size = (size_t)st.st_size;
	char *text =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	rd_kafka_message_t *batch = calloc(BATCH, sizeof *batch);
	rd_kafka_t *rk = producer(argv[1]);
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, argv[2], NULL);
	rd_kafka_queue_t *q = rd_kafka_queue_get_main(rk);
	struct floor f = floor_start();

	floor_need(text != MAP_FAILED && batch != NULL, "no memory");
	while (f.rows < rows) {
		fill(batch, text, size, &at);
		for (int done = 0; done < BATCH;) {
			int n = rd_kafka_produce_batch(topic, 0, 0,
			    batch + done, BATCH - done);
			/* what did not fit comes first in the next call */
			done += n;
			acked += reports(q, done < BATCH ? 10 : 0);
		}
		for (int i = 0; i < BATCH; i++)
			f.bytes += batch[i].len;
		f.rows += BATCH;
	}
	while (acked < f.rows)
		acked += reports(q, 100);
	return floor_end(&f);
}
