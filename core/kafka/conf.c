#include "kafka/conf.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fds.h"
#include "base/log.h"
#include "base/text.h"
#include "base/threads.h"
#include "base/xalloc.h"
#include "config/map.h"
#include "config/redact.h"
#include "kafka/conf_work.h"

#define OLDEST         0x020e00ff /* librdkafka 2.14.0 */
#define PROPERTIES_MAX 256
#define BUFFER_DEFAULT "33554432"
#define NAMES_MAX      512
#define OWN_THREADS    3

/* What we decide where the user does not (traps F): every default that is
 * not Java's or not safe, in plain sight. */
static const struct {
	unsigned clients;
	const char *property, *value;
} defaults[] = {
	{ CONF_PRODUCER, "enable.idempotence", "true" },
	{ CONF_PRODUCER, "acks", "all" },
	{ CONF_PRODUCER, "message.timeout.ms", "0" },
	{ CONF_PRODUCER, "compression.type", "lz4" },
	{ CONF_PRODUCER, "linger.ms", "5" },
	{ CONF_PRODUCER, "batch.size", "1000000" },
	{ CONF_PRODUCER, "batch.num.messages", "100000" },
	{ CONF_PRODUCER, "partitioner", "murmur2_random" },
	{ CONF_PRODUCER, "queue.buffering.max.messages", "0" },
	{ CONF_PRODUCER, "queue.buffering.max.kbytes", "2097151" },
	{ CONF_PRODUCER, "delivery.report.only.error", "false" },
	{ CONF_CONSUMER, "enable.auto.commit", "false" },
	{ CONF_CONSUMER, "enable.auto.offset.store", "false" },
	{ CONF_CONSUMER, "enable.partition.eof", "false" },
	{ CONF_CONSUMER, "auto.offset.reset", "error" },
	{ CONF_CONSUMER, "isolation.level", "read_uncommitted" },
	{ CONF_CONSUMER, "check.crcs", "true" },
	{ CONF_CONSUMER, "fetch.queue.backoff.ms", "10" },
	{ CONF_CONSUMER, "queued.min.messages", "100000" },
	{ CONF_CONSUMER, "queued.max.messages.kbytes", "16384" },
	{ CONF_CONSUMER, "topic.blacklist",
	    "^__consumer_offsets$,^__transaction_state$" },
	{ CONF_PRODUCER | CONF_CONSUMER | CONF_ADMIN, "socket.nagle.disable",
	    "true" },
	{ CONF_PRODUCER | CONF_CONSUMER | CONF_ADMIN, "socket.keepalive.enable",
	    "true" },
	{ CONF_PRODUCER | CONF_CONSUMER | CONF_ADMIN, "enable.metrics.push",
	    "false" },
	{ CONF_PRODUCER | CONF_CONSUMER | CONF_ADMIN, "log.connection.close",
	    "false" },
	{ CONF_PRODUCER | CONF_CONSUMER | CONF_ADMIN, "log.queue", "true" },
	/* Where connections are sparse, a question that waits for a broker has
	 * librdkafka knock at one that is down without any pause: 20,000 times
	 * a second. The price is a connection to each broker. */
	{ CONF_PRODUCER | CONF_CONSUMER | CONF_ADMIN,
	    "enable.sparse.connections", "false" },
	/* Java's. */
	{ CONF_PRODUCER | CONF_CONSUMER | CONF_ADMIN, "reconnect.backoff.ms",
	    "50" },
	{ CONF_PRODUCER | CONF_CONSUMER | CONF_ADMIN,
	    "reconnect.backoff.max.ms", "1000" },
	/* 0: never runs kinit */
	{ CONF_PRODUCER | CONF_CONSUMER | CONF_ADMIN,
	    "sasl.kerberos.min.time.before.relogin", "0" },
};

static struct ps_setting *
find(const struct conf_work *w, const char *property)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->props[i].key, property) == 0)
			return &w->props[i];
	return NULL;
}

void
conf_set(struct conf_work *w, const char *property, const char *value)
{
	struct ps_setting *s = find(w, property);

	if (s == NULL) {
		/* Only librdkafka's own get here, it has fewer. */
		assert(w->count < w->room);
		s = &w->props[w->count++];
	}
	s->key = property;
	s->value = value;
}

const char *
conf_get(const struct conf_work *w, const char *property)
{
	const struct ps_setting *s = find(w, property);

	return s == NULL ? NULL : s->value;
}

/* The value, or what stands for it in a text. */
static const char *
shown(const char *key, const char *value)
{
	bool secret = redact_is_secret_key(key) || strstr(key, ".pem") != NULL;

	return secret ? REDACT_MASK : value;
}

int
conf_refuse(const struct conf_row *row, const char *value, const char *expected,
    struct ps_error *err)
{
	return ps_fail(err, PS_E_CONFIG, "%s=%.200s is not supported: %s",
	    row->key, shown(row->key, value), expected);
}

static bool
is_accepted(const struct conf_row *row, const char *value)
{
	const char *s = row->accepted;
	size_t len = strlen(value), n;

	for (; s != NULL && *s != '\0'; s += n + (s[n] == ' ')) {
		n = strcspn(s, " ");
		if (n == len && strncasecmp(s, value, len) == 0)
			return true;
	}
	return false;
}

static int
translate_row(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	if (row->fate == CONF_HARMLESS)
		return 0;
	if (row->fate == CONF_REFUSED && !is_accepted(row, value))
		return conf_refuse(row, value, row->say, err);
	if (row->fn != NULL)
		return row->fn(w, row, value, err);
	if (row->to != NULL)
		conf_set(w, row->to, value);
	return 0;
}

/* A property that Java does not have. */
static int
translate_own(struct conf_work *w, const struct ps_setting *s,
    struct ps_error *err)
{
	switch (conf_classify(s->key)) {
	case CONF_ALLOWED:
		conf_set(w, s->key, s->value);
		return 0;
	case CONF_OURS:
	case CONF_DENIED:
		return ps_fail(err, PS_E_CONFIG,
		    "%s=%.200s is not supported: this property of librdkafka "
		    "is not for users to set",
		    s->key, shown(s->key, s->value));
	case CONF_UNKNOWN:
		break;
	}
	return 0;
}

static bool
is_empty(const struct ps_setting *s)
{
	return s->value == NULL ||
	       (s->value[0] == '\0' &&
		   strcmp(s->key, "ssl.endpoint.identification.algorithm") !=
		       0);
}

/* Java's rules of what switches idempotence off. */
static int
settle_idempotence(struct conf_work *w, struct ps_error *err)
{
	const char *acks = conf_get(w, "acks");
	const char *given = conf_get(w, "enable.idempotence");
	const char *inflight =
	    conf_get(w, "max.in.flight.requests.per.connection");
	const char *retries = conf_get(w, "message.send.max.retries");
	bool possible = (acks == NULL || strcmp(acks, "all") == 0 ||
			    strcmp(acks, "-1") == 0) &&
			(inflight == NULL || strtol(inflight, NULL, 10) <= 5) &&
			(retries == NULL || strtol(retries, NULL, 10) > 0);

	if (possible)
		return 0;
	if (given != NULL && strcasecmp(given, "true") == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "enable.idempotence=true needs acks=all (is %s), retries "
		    "above 0 (is %s) and at most 5 for "
		    "max.in.flight.requests.per.connection (is %s)",
		    acks == NULL ? "all" : acks,
		    retries == NULL ? "not set" : retries,
		    inflight == NULL ? "not set" : inflight);
	if (conf_get(w, "transactional.id") != NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "transactional.id=%s needs idempotence: leave out acks, "
		    "retries and max.in.flight.requests.per.connection",
		    conf_get(w, "transactional.id"));
	conf_set(w, "enable.idempotence", "false");
	return 0;
}

/* With group.protocol=consumer the broker decides these. */
static bool
is_brokers(const struct conf_work *w, const char *property)
{
	const char *protocol = conf_get(w, "group.protocol");

	return protocol != NULL && strcasecmp(protocol, "consumer") == 0 &&
	       (strcmp(property, "session.timeout.ms") == 0 ||
		   strcmp(property, "heartbeat.interval.ms") == 0 ||
		   strcmp(property, "partition.assignment.strategy") == 0);
}

static void
add_defaults(struct conf_work *w)
{
	const char *timeout = conf_get(w, "transaction.timeout.ms");

	/* A transaction outlives none of its records. */
	if (conf_get(w, "transactional.id") != NULL)
		conf_set(w, "message.timeout.ms",
		    timeout == NULL ? "60000" : timeout);
	if (w->client == CONF_CONSUMER &&
	    conf_get(w, "partition.assignment.strategy") == NULL)
		conf_set(w, "partition.assignment.strategy",
		    "cooperative-sticky");
	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
		if ((defaults[i].clients & (unsigned)w->client) != 0 &&
		    conf_get(w, defaults[i].property) == NULL)
			conf_set(w, defaults[i].property, defaults[i].value);
	for (size_t i = 0; i < w->count;)
		if (is_brokers(w, w->props[i].key))
			w->props[i] = w->props[--w->count];
		else
			i++;
}

static int
translate_all(struct conf_work *w, struct ps_error *err)
{
	const struct conf_row *row;
	int result = 0;

	for (size_t i = 0; i < w->java->count && result == 0; i++) {
		const struct ps_setting *s = &w->java->settings[i];

		if (is_empty(s))
			continue;
		row = conf_find(s->key, (unsigned)w->client);
		if (row != NULL)
			result = translate_row(w, row, s->value, err);
		else if (conf_find(s->key, ~0U) == NULL)
			result = translate_own(w, s, err);
	}
	return result;
}

/* What the user gave and nothing came of, in one line. */
static void
tell_ignored(const struct conf_work *w)
{
	char names[NAMES_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; i < w->java->count; i++) {
		const struct ps_setting *s = &w->java->settings[i];
		const struct conf_row *row =
		    conf_find(s->key, (unsigned)w->client);
		bool ignored = row != NULL
				   ? row->fate == CONF_HARMLESS
				   : conf_find(s->key, ~0U) == NULL &&
					 conf_classify(s->key) == CONF_UNKNOWN;
		int n;

		if (!ignored || is_empty(s))
			continue;
		n = snprintf(names + used, sizeof names - used, "%s%s",
		    used == 0 ? "" : ", ", s->key);
		if (n < 0 || (size_t)n >= sizeof names - used)
			break;
		used += (size_t)n;
	}
	if (used > 0)
		log_info("kafka", "keys without a meaning here: %s", names);
}

int
conf_translate(struct ps_arena *a, enum conf_client client,
    const struct ps_config *java, struct conf *out, struct ps_error *err)
{
	struct conf_work w = { .a = a,
		.client = client,
		.java = java,
		.out = out,
		.room = PROPERTIES_MAX };

	memset(out, 0, sizeof *out);
	out->client = client;
	out->reset = "earliest";
	out->buffer_bytes = (size_t)strtoull(BUFFER_DEFAULT, NULL, 10);
	w.props = ps_calloc(a, w.room, sizeof *w.props);
	if (translate_all(&w, err) != 0)
		return -1;
	if (client == CONF_PRODUCER && settle_idempotence(&w, err) != 0)
		return -1;
	add_defaults(&w);
	tell_ignored(&w);
	out->properties = config_sorted(w.props, w.count);
	return 0;
}

/* What is sent to a target must not outlive us in the kernel. */
static int
open_socket(int domain, int type, int protocol, void *opaque)
{
	struct linger none = { .l_onoff = 1, .l_linger = 0 };
	int fd = socket(domain, type | SOCK_CLOEXEC, protocol);

	(void)opaque;
	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	return fd;
}

static int
set_all(rd_kafka_conf_t *k, const struct ps_config *c, struct ps_error *err)
{
	char text[512];

	for (size_t i = 0; i < c->count; i++)
		if (rd_kafka_conf_set(k, c->settings[i].key,
			c->settings[i].value, text,
			sizeof text) != RD_KAFKA_CONF_OK)
			return ps_fail(err, PS_E_CONFIG, "%s=%.200s: %s",
			    c->settings[i].key,
			    shown(c->settings[i].key, c->settings[i].value),
			    text);
	return 0;
}

/* Its main one, one for itself, one for a coordinator, and one for each broker
 * that is named and learned of. Those that are only learned of it goes on
 * without, and tries again. */
static size_t
threads_of(const rd_kafka_conf_t *k)
{
	size_t size = 0, brokers = 1, count;
	char *text;

	if (rd_kafka_conf_get(k, "bootstrap.servers", NULL, &size) !=
	    RD_KAFKA_CONF_OK)
		size = 0;
	text = xcalloc(size + 1, 1);
	if (size > 0)
		(void)rd_kafka_conf_get(k, "bootstrap.servers", text, &size);
	for (const char *p = text; (p = strchr(p, ',')) != NULL; p++)
		brokers++;
	free(text);
	count = OWN_THREADS + 2 * brokers;
	return count < THREADS_MAX ? count : THREADS_MAX;
}

rd_kafka_t *
conf_make(rd_kafka_type_t type, rd_kafka_conf_t *k, struct ps_error *err)
{
	rd_kafka_t *rk = NULL;
	char text[512];

	if (threads_room(threads_of(k), err) != 0) {
		(void)ps_fail_in(err, "a Kafka client");
	} else {
		rk = rd_kafka_new(type, k, text, sizeof text);
		if (rk == NULL)
			(void)ps_fail(err,
			    rd_kafka_last_error() ==
				    RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE
				? PS_E_RETRY
				: PS_E_CONFIG,
			    "%s", text);
	}
	if (rk == NULL)
		rd_kafka_conf_destroy(k);
	return rk;
}

rd_kafka_t *
conf_open(const struct conf *c, struct ps_error *err)
{
	rd_kafka_conf_t *k = rd_kafka_conf_new();
	int events = RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_ERROR;
	bool consumes = c->client == CONF_CONSUMER;
	rd_kafka_t *rk;

	events |= consumes
		      ? RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT
		      : RD_KAFKA_EVENT_DR;
	rd_kafka_conf_set_events(k, events);
	rd_kafka_conf_set_socket_cb(k, open_socket);
	if (conf_check_library(err) != 0 ||
	    set_all(k, &c->properties, err) != 0) {
		rd_kafka_conf_destroy(k);
		return NULL;
	}
	rk =
	    conf_make(consumes ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, k, err);
	if (rk == NULL)
		return NULL;
	if (rd_kafka_set_log_queue(rk, NULL) != RD_KAFKA_RESP_ERR_NO_ERROR)
		log_warn("kafka", "a client's log stays on stderr");
	return rk;
}

void
conf_log(rd_kafka_event_t *ev)
{
	const char *facility, *text;
	char why[FDS_TEXT];
	int severity;

	if (rd_kafka_event_log(ev, &facility, &text, &severity) != 0)
		return;
	/* Of a broker that it has learned of; it goes on trying. */
	if (strcmp(facility, "THREAD") == 0)
		log_error("kafka", "%s: %s", text, fds_why(EAGAIN, why));
	else if (severity <= 3)
		log_error("kafka", "%s: %s", facility, text);
	else if (severity == 4)
		log_warn("kafka", "%s: %s", facility, text);
	else if (severity <= 6)
		log_info("kafka", "%s: %s", facility, text);
	else
		log_debug("kafka", "%s: %s", facility, text);
}

int
conf_check_library(struct ps_error *err)
{
	if (rd_kafka_version() >= OLDEST)
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "librdkafka %s is too old: 2.14 or newer is needed, older ones "
	    "lose records (make deps builds one)",
	    rd_kafka_version_str());
}
