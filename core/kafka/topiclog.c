#include "kafka/topiclog.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <penstock/record.h>

#include "base/arena.h"
#include "base/fds.h"
#include "base/xalloc.h"
#include "config/map.h"
#include "kafka/conf.h"
#include "kafka/topiclog_impl.h"

#define CONF_CHUNK     ((size_t)16 * 1024)
#define RETRY_FIRST_MS 50
#define RETRY_MAX_MS   2000
#define BATCH_RECORDS  512

/* Beside the user's: a log is read to its end in little memory. An end is
 * passed by position, so a short wait speeds nothing up: measured with 31
 * partitions, 10 ms and 100 ms start in the same 30 ms, but idle at 1.1 and
 * 0.17 % of a core. It bounds only how late an end behind an empty batch is
 * seen. */
static const struct ps_setting reading[] = {
	{ "auto.offset.reset", "earliest" },
	{ "enable.partition.eof", "true" },
	{ "fetch.queue.backoff.ms", "1" },
	{ "fetch.wait.max.ms", "100" },
	{ "queued.max.messages.kbytes", "1024" },
	{ "queued.min.messages", "1000" },
};

/* A client that got no thread for a broker that it had learned of tries again
 * when it looks; while it knows of no topic nothing else has it look. */
static const struct ps_setting writing[] = {
	{ "compression.type", "none" },
	{ "linger.ms", "0" },
	{ "topic.metadata.refresh.interval.ms", "10000" },
};

static rd_kafka_t *
open_reader(const struct ps_config *settings, enum topiclog_isolation isolation,
    struct ps_error *err)
{
	struct ps_arena *a = arena_new(CONF_CHUNK);
	struct ps_config own = { reading, sizeof reading / sizeof *reading };
	rd_kafka_t *rk = NULL;
	struct conf conf;

	if (conf_translate(a, CONF_CONSUMER, settings, &conf, err) == 0) {
		conf.properties = config_merge(a, &conf.properties, &own);
		conf.properties =
		    config_with(a, &conf.properties, "isolation.level",
			isolation == TOPICLOG_UNCOMMITTED ? "read_uncommitted"
							  : "read_committed");
		rk = conf_open(&conf, err);
	}
	arena_free(&a);
	return rk;
}

static void
forget(struct topiclog_sent *s)
{
	*s->link = s->next;
	if (s->next != NULL)
		s->next->link = s->link;
	free(s);
}

/* The producer's reports: one per write, each has its own opaque. */
static void
on_report(void *ctx, const struct producer_report *r)
{
	struct topiclog_sent *s = r->opaque;

	(void)ctx;
	s->fn(s->ctx, r->partition, r->offset, r->failed);
	forget(s);
}

static struct producer *
open_writer(struct topiclog_hub *h, const struct ps_config *settings,
    struct ps_error *err)
{
	struct ps_arena *a = arena_new(CONF_CHUNK);
	struct ps_config own = { writing, sizeof writing / sizeof *writing };
	struct ps_config all = config_merge(a, settings, &own);
	struct producer *p = producer_new(&all, on_report, h, err);

	arena_free(&a);
	return p;
}

static int
open_fds(struct topiclog_hub *h, struct ps_error *err)
{
	/* 1: what came before the queue is watched is looked at. */
	h->fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	h->timer_fd =
	    timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	h->all_fd = epoll_create1(EPOLL_CLOEXEC);
	if (h->fd >= 0 && h->timer_fd >= 0 && h->all_fd >= 0 &&
	    fds_watch(h->all_fd, h->fd) == 0 &&
	    fds_watch(h->all_fd, h->timer_fd) == 0 &&
	    fds_watch(h->all_fd, producer_fd(h->producer)) == 0 &&
	    fds_watch(h->all_fd, admin_fd(h->admin)) == 0)
		return 0;
	return fds_fail(err, errno, "cannot make a reader of logs");
}

static void
arm_queues(struct topiclog_hub *h)
{
	static const uint64_t one = 1;

	h->records = rd_kafka_queue_new(h->rk);
	h->events = rd_kafka_queue_get_main(h->rk);
	rd_kafka_queue_io_event_enable(h->records, h->fd, &one, sizeof one);
	rd_kafka_queue_io_event_enable(h->events, h->fd, &one, sizeof one);
}

static int
open_clients(struct topiclog_hub *h, const struct ps_config *settings,
    struct ps_error *err)
{
	h->producer = open_writer(h, settings, err);
	if (h->producer == NULL)
		return -1;
	h->rk = open_reader(settings, h->isolation, err);
	if (h->rk == NULL)
		return -1;
	h->admin = admin_new_on_producer(h->producer, err);
	return h->admin == NULL ? -1 : open_fds(h, err);
}

struct topiclog_hub *
topiclog_hub_new(const struct ps_config *settings,
    enum topiclog_isolation isolation, struct ps_error *err)
{
	struct topiclog_hub *h = xcalloc(1, sizeof *h);

	h->isolation = isolation;
	backoff_init(&h->backoff, RETRY_FIRST_MS, RETRY_MAX_MS,
	    (uint64_t)getpid());
	h->fd = h->timer_fd = h->all_fd = -1;
	if (open_clients(h, settings, err) != 0) {
		topiclog_hub_free(&h, 0);
		return NULL;
	}
	h->batch = xcalloc(BATCH_RECORDS, sizeof *h->batch);
	arm_queues(h);
	return h;
}

struct admin *
admin_new_on_hub(struct topiclog_hub *h, struct ps_error *err)
{
	return admin_new_on_producer(h->producer, err);
}

static void
answer_unsent(struct topiclog_hub *h)
{
	struct ps_error err = { PS_OK, "" };

	(void)ps_fail(&err, PS_E_RETRY, "the log was closed");
	while (h->sent != NULL) {
		struct topiclog_sent *s = h->sent;

		h->sent = s->next;
		if (s->next != NULL)
			s->next->link = &h->sent;
		s->fn(s->ctx, -1, -1, &err);
		free(s);
	}
}

static void
free_queues(struct topiclog_hub *h)
{
	if (h->records == NULL)
		return;
	rd_kafka_queue_io_event_enable(h->records, -1, NULL, 0);
	rd_kafka_queue_io_event_enable(h->events, -1, NULL, 0);
	rd_kafka_queue_destroy(h->records);
	rd_kafka_queue_destroy(h->events);
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

void
topiclog_hub_free(struct topiclog_hub **hp, int limit_ms)
{
	struct topiclog_hub *h = *hp;

	*hp = NULL;
	if (h == NULL)
		return;
	while (h->logs != NULL) {
		struct topiclog *l = h->logs;

		topiclog_close(&l);
	}
	admin_free(&h->admin, limit_ms);
	producer_free(&h->producer, limit_ms);
	answer_unsent(h);
	free_queues(h);
	if (h->rk != NULL)
		rd_kafka_destroy(h->rk);
	close_fd(h->fd);
	close_fd(h->timer_fd);
	close_fd(h->all_fd);
	free(h->batch);
	free(h);
}

int
topiclog_fd(const struct topiclog_hub *h)
{
	return h->all_fd;
}

const char *
topiclog_trouble(const struct topiclog_hub *h)
{
	for (const struct topiclog *l = h->logs; l != NULL; l = l->next)
		if (l->unread[0] != '\0')
			return l->unread;
	return h->trouble[0] != '\0' ? h->trouble
				     : producer_trouble(h->producer);
}

static rd_kafka_topic_t *
open_topic(struct topiclog *l, struct ps_error *err)
{
	rd_kafka_topic_conf_t *conf =
	    rd_kafka_default_topic_conf_dup(l->hub->rk);
	rd_kafka_topic_t *rkt;

	rd_kafka_topic_conf_set_opaque(conf, l);
	rkt = rd_kafka_topic_new(l->hub->rk, l->topic, conf);
	if (rkt == NULL)
		(void)ps_fail(err, PS_E_CONFIG,
		    "topic \"%s\": a name of at most 249 characters is "
		    "expected",
		    l->topic);
	return rkt;
}

struct topiclog *
topiclog_open(struct topiclog_hub *h, const char *topic,
    const struct topiclog_reader *reader, struct ps_error *err)
{
	struct topiclog *l = xcalloc(1, sizeof *l);

	l->hub = h;
	l->topic = xstrdup(topic);
	l->reader = *reader;
	l->rkt = open_topic(l, err);
	if (l->rkt == NULL) {
		free(l->topic);
		free(l);
		return NULL;
	}
	l->next = h->logs;
	h->logs = l;
	l->ask_at = clock_now();
	topiclog_arm(h); /* asked with those that are opened now too */
	return l;
}

int
topiclog_write(struct topiclog *l, const struct topiclog_write *w,
    topiclog_write_fn *fn, void *ctx, struct ps_error *err)
{
	struct topiclog_hub *h = l->hub;
	struct topiclog_sent *s =
	    xcalloc(1, sizeof *s + w->key_len + w->value_len);
	struct producer_record r = { .key = s->bytes,
		.key_len = w->key_len,
		.value = w->value == NULL ? NULL : s->bytes + w->key_len,
		.value_len = w->value == NULL ? 0 : w->value_len,
		.partition = PS_NO_PARTITION,
		.timestamp = PS_NO_TIMESTAMP,
		.opaque = s };

	memcpy(s->bytes, w->key, w->key_len);
	if (w->value != NULL)
		memcpy(s->bytes + w->key_len, w->value, w->value_len);
	s->fn = fn;
	s->ctx = ctx;
	if (producer_send(h->producer, producer_topic(h->producer, l->topic),
		&r, err) != 0) {
		free(s);
		return -1;
	}
	s->next = h->sent;
	s->link = &h->sent;
	if (s->next != NULL)
		s->next->link = &s->next;
	h->sent = s;
	return 0;
}
