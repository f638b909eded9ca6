/*
 * F3: produce_batch of payloads that lie ready; acks=all, idempotent, lz4.
 * floor_produce BROKERS TOPIC ROWS FILE: the payloads are the file's lines,
 * over and over, into partition 0. No more than the requests that may be on
 * their way at once: with more librdkafka spins on the processor.
 */
#include "floor.h"

#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define BATCH  1000
#define WINDOW ((size_t)9 * 500000 / 2) /* bytes: four batches and a half */

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
	set(conf, "batch.size", "500000");
	set(conf, "message.timeout.ms", "0");
	set(conf, "socket.nagle.disable", "true");
	set(conf, "queue.buffering.max.messages", "0");
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
	rd_kafka_t *rk =
	    rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);

	floor_need(rk != NULL, text);
	return rk;
}

struct flow {
	rd_kafka_queue_t *q;
	size_t rows, bytes; /* on their way */
};

/* Takes delivery reports, waiting for one at most so long. */
static void
reports(struct flow *w, int wait_ms)
{
	rd_kafka_event_t *e = rd_kafka_queue_poll(w->q, wait_ms);
	const rd_kafka_message_t *m;

	while (e != NULL && (m = rd_kafka_event_message_next(e)) != NULL) {
		floor_need(m->err == 0, rd_kafka_err2str(m->err));
		w->rows--;
		w->bytes -= m->len;
	}
	rd_kafka_event_destroy(e);
}

static void
send_all(rd_kafka_topic_t *topic, struct flow *w, rd_kafka_message_t *batch,
    size_t count)
{
	int taken = rd_kafka_produce_batch(topic, 0, 0, batch, (int)count);

	floor_need(taken == (int)count, "produce_batch did not take all");
	w->rows += count;
	for (size_t i = 0; i < count; i++)
		w->bytes += batch[i].len;
	reports(w, 0);
	while (w->bytes > WINDOW)
		reports(w, 100);
}

/* Cuts the next lines; at the end of the text it begins again. */
static void
fill(rd_kafka_message_t *batch, size_t count, char *text, size_t size,
    size_t *at)
{
	for (size_t i = 0; i < count; i++) {
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
	size_t at = 0, n, rows = strtoul(argv[3], NULL, 10);

	floor_need(fd >= 0 && fstat(fd, &st) == 0, argv[4]);
	size_t size = (size_t)st.st_size;
	char *text =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	rd_kafka_message_t *batch = calloc(BATCH, sizeof *batch);
	rd_kafka_t *rk = producer(argv[1]);
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, argv[2], NULL);
	struct flow w = { .q = rd_kafka_queue_get_main(rk) };

	floor_need(text != MAP_FAILED && batch != NULL, "no memory");
	/* The first row makes all ready: topic, producer id, broker. */
	fill(batch, 1, text, size, &at);
	send_all(topic, &w, batch, 1);
	while (w.rows > 0)
		reports(&w, 100);
	struct floor f = floor_start();

	for (rows--; f.rows < rows; f.rows += n) {
		n = rows - f.rows < BATCH ? rows - f.rows : BATCH;
		fill(batch, n, text, size, &at);
		send_all(topic, &w, batch, n);
		for (size_t i = 0; i < n; i++)
			f.bytes += batch[i].len;
	}
	while (w.rows > 0)
		reports(&w, 100);
	return floor_end(&f);
}
