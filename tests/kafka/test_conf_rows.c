/*
 * One example for each row of the table of Java's keys: the loops demand it.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "config/map.h"
#include "kafka/conf.h"

#define PEM   TESTS "/data/certificate.pem"
#define OAUTH "org.apache.kafka.common.security.oauthbearer."

/* What a key with a value comes to: a property of librdkafka, or what the
 * struct keeps: BUFFER, POLL, RESET. */
#define BUFFER "(buffer_bytes)"
#define POLL   "(max_poll_records)"
#define RESET  "(reset)"
#define SOME   "(not empty)"

static const struct example {
	const char *key, *value, *property, *result;
	const char *with, *with_value; /* another key that it needs */
} examples[] = {
	{ "acks", "1", "acks", "1", NULL, NULL },
	{ "allow.auto.create.topics", "true", "allow.auto.create.topics",
	    "true", NULL, NULL },
	{ "auto.offset.reset", "latest", RESET, "latest", NULL, NULL },
	{ "batch.size", "0", "batch.size", "1", NULL, NULL },
	{ "bootstrap.servers", "h:1", "bootstrap.servers", "h:1", NULL, NULL },
	{ "buffer.memory", "1000", BUFFER, "1000", NULL, NULL },
	{ "check.crcs", "false", "check.crcs", "false", NULL, NULL },
	{ "client.dns.lookup", "resolve_canonical_bootstrap_servers_only",
	    "client.dns.lookup", "resolve_canonical_bootstrap_servers_only",
	    NULL, NULL },
	{ "client.id", "me", "client.id", "me", NULL, NULL },
	{ "client.rack", "r1", "client.rack", "r1", NULL, NULL },
	{ "compression.gzip.level", "9", "compression.level", "9",
	    "compression.type", "gzip" },
	{ "compression.lz4.level", "9", "compression.level", "9",
	    "compression.type", "lz4" },
	{ "compression.type", "snappy", "compression.type", "snappy", NULL,
	    NULL },
	{ "compression.zstd.level", "9", "compression.level", "9",
	    "compression.type", "zstd" },
	{ "connections.max.idle.ms", "-1", "connections.max.idle.ms", "0", NULL,
	    NULL },
	{ "delivery.timeout.ms", "120000", "message.timeout.ms", "120000", NULL,
	    NULL },
	{ "enable.idempotence", "false", "enable.idempotence", "false", NULL,
	    NULL },
	{ "exclude.internal.topics", "false", "topic.blacklist", "", NULL,
	    NULL },
	{ "fetch.max.bytes", "1000", "fetch.max.bytes", "1000", NULL, NULL },
	{ "fetch.max.wait.ms", "7", "fetch.wait.max.ms", "7", NULL, NULL },
	{ "fetch.min.bytes", "0", "fetch.min.bytes", "1", NULL, NULL },
	{ "group.id", "g", "group.id", "g", NULL, NULL },
	{ "group.instance.id", "i", "group.instance.id", "i", NULL, NULL },
	{ "group.protocol", "consumer", "group.protocol", "consumer", NULL,
	    NULL },
	{ "group.remote.assignor", "uniform", "group.remote.assignor",
	    "uniform", NULL, NULL },
	{ "heartbeat.interval.ms", "77", "heartbeat.interval.ms", "77", NULL,
	    NULL },
	{ "isolation.level", "read_committed", "isolation.level",
	    "read_committed", NULL, NULL },
	{ "linger.ms", "77", "linger.ms", "77", NULL, NULL },
	{ "max.in.flight.requests.per.connection", "2",
	    "max.in.flight.requests.per.connection", "2", NULL, NULL },
	{ "max.partition.fetch.bytes", "77", "max.partition.fetch.bytes", "77",
	    NULL, NULL },
	{ "max.poll.interval.ms", "77", "max.poll.interval.ms", "77", NULL,
	    NULL },
	{ "max.poll.records", "77", POLL, "77", NULL, NULL },
	{ "max.request.size", "5000000", "message.max.bytes", "5000000", NULL,
	    NULL },
	{ "metadata.max.age.ms", "77000", "topic.metadata.refresh.interval.ms",
	    "77000", NULL, NULL },
	{ "metadata.recovery.rebootstrap.trigger.ms", "77",
	    "metadata.recovery.rebootstrap.trigger.ms", "77", NULL, NULL },
	{ "metadata.recovery.strategy", "none", "metadata.recovery.strategy",
	    "none", NULL, NULL },
	{ "partition.assignment.strategy",
	    "org.apache.kafka.clients.consumer.RangeAssignor",
	    "partition.assignment.strategy", "range", NULL, NULL },
	{ "partitioner.ignore.keys", "true", "partitioner", "random", NULL,
	    NULL },
	{ "receive.buffer.bytes", "77777", "socket.receive.buffer.bytes",
	    "77777", NULL, NULL },
	{ "reconnect.backoff.max.ms", "77", "reconnect.backoff.max.ms", "77",
	    NULL, NULL },
	{ "reconnect.backoff.ms", "77", "reconnect.backoff.ms", "77", NULL,
	    NULL },
	{ "request.timeout.ms", "77000", "socket.timeout.ms", "77000", NULL,
	    NULL },
	{ "retries", "3", "message.send.max.retries", "3", NULL, NULL },
	{ "retry.backoff.max.ms", "77", "retry.backoff.max.ms", "77", NULL,
	    NULL },
	{ "retry.backoff.ms", "77", "retry.backoff.ms", "77", NULL, NULL },
	{ "sasl.jaas.config",
	    "org.apache.kafka.common.security.plain.PlainLoginModule required "
	    "username=\"u\" password=\"p\";",
	    "sasl.password", "p", NULL, NULL },
	{ "sasl.kerberos.service.name", "kafka", "sasl.kerberos.service.name",
	    "kafka", NULL, NULL },
	{ "sasl.mechanism", "SCRAM-SHA-512", "sasl.mechanism", "SCRAM-SHA-512",
	    NULL, NULL },
	{ "sasl.oauthbearer.assertion.algorithm", "ES256",
	    "sasl.oauthbearer.assertion.algorithm", "ES256", NULL, NULL },
	{ "sasl.oauthbearer.assertion.claim.aud", "audience",
	    "sasl.oauthbearer.assertion.claim.aud", "audience", NULL, NULL },
	{ "sasl.oauthbearer.assertion.claim.exp.seconds", "77",
	    "sasl.oauthbearer.assertion.claim.exp.seconds", "77", NULL, NULL },
	{ "sasl.oauthbearer.assertion.claim.iss", "issuer",
	    "sasl.oauthbearer.assertion.claim.iss", "issuer", NULL, NULL },
	{ "sasl.oauthbearer.assertion.claim.jti.include", "true",
	    "sasl.oauthbearer.assertion.claim.jti.include", "true", NULL,
	    NULL },
	{ "sasl.oauthbearer.assertion.claim.nbf.seconds", "77",
	    "sasl.oauthbearer.assertion.claim.nbf.seconds", "77", NULL, NULL },
	{ "sasl.oauthbearer.assertion.claim.sub", "subject",
	    "sasl.oauthbearer.assertion.claim.sub", "subject", NULL, NULL },
	{ "sasl.oauthbearer.assertion.file", "/a",
	    "sasl.oauthbearer.assertion.file", "/a", NULL, NULL },
	{ "sasl.oauthbearer.assertion.private.key.file", "/k",
	    "sasl.oauthbearer.assertion.private.key.file", "/k", NULL, NULL },
	{ "sasl.oauthbearer.assertion.private.key.passphrase", "pw",
	    "sasl.oauthbearer.assertion.private.key.passphrase", "pw", NULL,
	    NULL },
	{ "sasl.oauthbearer.assertion.template.file", "/t",
	    "sasl.oauthbearer.assertion.jwt.template.file", "/t", NULL, NULL },
	{ "sasl.oauthbearer.client.credentials.client.id", "id",
	    "sasl.oauthbearer.client.credentials.client.id", "id", NULL, NULL },
	{ "sasl.oauthbearer.client.credentials.client.secret", "pw",
	    "sasl.oauthbearer.client.credentials.client.secret", "pw", NULL,
	    NULL },
	{ "sasl.oauthbearer.scope", "s", "sasl.oauthbearer.scope", "s", NULL,
	    NULL },
	{ "sasl.oauthbearer.sub.claim.name", "upn",
	    "sasl.oauthbearer.sub.claim.name", "upn", NULL, NULL },
	{ "sasl.oauthbearer.token.endpoint.url", "http://t/",
	    "sasl.oauthbearer.token.endpoint.url", "http://t/", NULL, NULL },
	{ "security.protocol", "SASL_SSL", "security.protocol", "SASL_SSL",
	    NULL, NULL },
	{ "send.buffer.bytes", "-1", "socket.send.buffer.bytes", "0", NULL,
	    NULL },
	{ "session.timeout.ms", "77", "session.timeout.ms", "77", NULL, NULL },
	{ "socket.connection.setup.timeout.ms", "7777",
	    "socket.connection.setup.timeout.ms", "7777", NULL, NULL },
	{ "ssl.cipher.suites", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
	    "ssl.cipher.suites", "ECDHE-RSA-AES256-GCM-SHA384", NULL, NULL },
	{ "ssl.endpoint.identification.algorithm", "",
	    "ssl.endpoint.identification.algorithm", "none", NULL, NULL },
	{ "ssl.key.password", "pw", "ssl.key.password", "pw", NULL, NULL },
	{ "ssl.keystore.certificate.chain", "PEM", "ssl.certificate.pem", "PEM",
	    NULL, NULL },
	{ "ssl.keystore.key", "PEM", "ssl.key.pem", "PEM", NULL, NULL },
	{ "ssl.keystore.location", PEM, "ssl.certificate.pem", SOME, NULL,
	    NULL },
	{ "ssl.truststore.certificates", "PEM", "ssl.ca.pem", "PEM", NULL,
	    NULL },
	{ "ssl.truststore.location", PEM, "ssl.ca.pem", SOME, NULL, NULL },
	{ "transaction.timeout.ms", "7777", "transaction.timeout.ms", "7777",
	    NULL, NULL },
	{ "transactional.id", "t", "transactional.id", "t", NULL, NULL },
	/* refused, but for these values, which set something */
	{ "sasl.login.callback.handler.class",
	    OAUTH "OAuthBearerLoginCallbackHandler", "sasl.oauthbearer.method",
	    "oidc", NULL, NULL },
	{ "sasl.oauthbearer.jwt.retriever.class", OAUTH "JwtBearerJwtRetriever",
	    "sasl.oauthbearer.grant.type",
	    "urn:ietf:params:oauth:grant-type:jwt-bearer", NULL, NULL },
};

static const enum conf_client clients[] = { CONF_PRODUCER, CONF_CONSUMER,
	CONF_ADMIN };
static const char *const names[] = { "producer", "consumer", "admin" };

static struct ps_arena *a;
static struct ps_error err;

static void
setup(void)
{
	a = arena_new(4096);
}

static void
teardown(void)
{
	arena_free(&a);
}

TestSuite(conf_rows, .init = setup, .fini = teardown, .timeout = 20);

static const struct conf_row *
row_at(size_t i)
{
	size_t count;
	const struct conf_row *rows = conf_rows(&count);

	return i < count ? &rows[i] : NULL;
}

static const struct example *
example_of(const char *key)
{
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
		if (strcmp(examples[i].key, key) == 0)
			return &examples[i];
	return NULL;
}

static int
translate(enum conf_client client, const char *key, const char *value,
    const struct example *e, struct conf *out)
{
	struct ps_setting s[2] = { { key, value } };
	struct ps_config c;
	size_t n = 1;

	if (e != NULL && e->with != NULL)
		s[n++] = (struct ps_setting){ e->with, e->with_value };
	c = config_sorted(s, n);
	ps_error_clear(&err);
	return conf_translate(a, client, &c, out, &err);
}

static const char *
result_of(const struct conf *c, const struct example *e)
{
	const char *got;

	if (strcmp(e->property, BUFFER) == 0)
		return ps_printf(a, "%zu", c->buffer_bytes);
	if (strcmp(e->property, POLL) == 0)
		return ps_printf(a, "%zu", c->max_poll_records);
	if (strcmp(e->property, RESET) == 0)
		return c->reset;
	got = ps_config_get(&c->properties, e->property);
	if (got == NULL)
		return "(not set)";
	return strcmp(e->result, SOME) == 0 && got[0] != '\0' ? SOME : got;
}

/* The linked library has all those properties and takes their values. */
static void
library_takes(const struct conf *c, const char *key)
{
	rd_kafka_conf_t *k = rd_kafka_conf_new();
	char text[512];

	for (size_t i = 0; i < c->properties.count; i++)
		cr_expect(
		    eq(int,
			rd_kafka_conf_set(k, c->properties.settings[i].key,
			    c->properties.settings[i].value, text, sizeof text),
			RD_KAFKA_CONF_OK),
		    "%s: %s", key, text);
	rd_kafka_conf_destroy(k);
}

Test(conf_rows, each_translated_row_sets_its_property_for_each_client)
{
	const struct conf_row *row;

	for (size_t i = 0; (row = row_at(i)) != NULL; i++) {
		const struct example *e = example_of(row->key);
		struct conf c;

		if (row->fate != CONF_TRANSLATED)
			continue;
		cr_assert(e != NULL, "no example of %s", row->key);
		for (int k = 0; k < 3; k++) {
			if ((row->clients & clients[k]) == 0)
				continue;
			cr_assert(
			    eq(int,
				translate(clients[k], e->key, e->value, e, &c),
				0),
			    "%s of the %s: %s", e->key, names[k], err.text);
			cr_expect(eq(str, (char *)result_of(&c, e),
				      (char *)e->result),
			    "%s of the %s", e->key, names[k]);
			library_takes(&c, e->key);
		}
	}
}

/* All that a client is given, as text. */
static const char *
all_of(const struct conf *c)
{
	const char *text = ps_printf(a, "%zu %zu %s", c->buffer_bytes,
	    c->max_poll_records, c->reset);

	for (size_t i = 0; i < c->properties.count; i++)
		text = ps_printf(a, "%s\n%s=%s", text,
		    c->properties.settings[i].key,
		    c->properties.settings[i].value);
	return text;
}

static void
changes_nothing(const struct conf_row *row, const char *value)
{
	static const struct ps_config none;
	struct conf c, before;

	for (int k = 0; k < 3; k++) {
		if ((row->clients & clients[k]) == 0)
			continue;
		cr_assert(eq(int,
		    conf_translate(a, clients[k], &none, &before, &err), 0));
		cr_expect(eq(int,
			      translate(clients[k], row->key, value, NULL, &c),
			      0),
		    "%s=%s: %s", row->key, value, err.text);
		cr_expect(eq(str, (char *)all_of(&c), (char *)all_of(&before)),
		    "%s=%s of the %s", row->key, value, names[k]);
	}
}

Test(conf_rows, each_harmless_row_is_taken_and_changes_nothing)
{
	static const char *const values[] = { "7", "true", "x.Y", "-1" };
	const struct conf_row *row;

	for (size_t i = 0; (row = row_at(i)) != NULL; i++)
		for (size_t k = 0; row->fate == CONF_HARMLESS && k < 4; k++)
			changes_nothing(row, values[k]);
}

/* Each value of a row that is taken, in turn; NULL behind the last. */
static const char *
accepted_at(const struct conf_row *row, size_t n)
{
	char *copy = ps_strdup(a, row->accepted), *save = NULL, *s;

	for (s = strtok_r(copy, " ", &save); s != NULL && n > 0; n--)
		s = strtok_r(NULL, " ", &save);
	return s;
}

static void
takes_what_it_says(const struct conf_row *row)
{
	const struct example *e = example_of(row->key);
	const char *value;
	struct conf c;

	for (size_t n = 0; (value = accepted_at(row, n)) != NULL; n++) {
		if (row->fn == NULL) {
			changes_nothing(row, value);
			continue;
		}
		cr_assert(e != NULL, "no example of %s", row->key);
		cr_expect(
		    eq(int, translate(CONF_PRODUCER, row->key, value, NULL, &c),
			0),
		    "%s=%s: %s", row->key, value, err.text);
		cr_expect(ne(str, (char *)result_of(&c, e), "(not set)"),
		    "%s=%s", row->key, value);
		library_takes(&c, row->key);
	}
}

Test(conf_rows, each_refused_row_says_the_way_out_but_for_what_it_accepts)
{
	const struct conf_row *row;
	struct conf c;

	for (size_t i = 0; (row = row_at(i)) != NULL; i++) {
		if (row->fate != CONF_REFUSED)
			continue;
		for (int k = 0; k < 3; k++) {
			if ((row->clients & clients[k]) == 0)
				continue;
			cr_expect(eq(int,
				      translate(clients[k], row->key, "x.Y",
					  NULL, &c),
				      -1),
			    "%s", row->key);
			cr_expect(strstr(err.text, row->key) != NULL &&
				      strstr(err.text, row->say) != NULL,
			    "%s", err.text);
		}
		if (row->accepted != NULL)
			takes_what_it_says(row);
	}
}

/* Linger of the socket that is connected to the port; -2: there is none yet,
 * -1: off. */
static int
linger_towards(in_port_t port)
{
	struct sockaddr_in at;
	struct linger l;
	socklen_t len;

	for (int fd = 3; fd < 256; fd++) {
		len = sizeof at;
		if (getpeername(fd, (struct sockaddr *)&at, &len) != 0 ||
		    at.sin_family != AF_INET || at.sin_port != port)
			continue;
		len = sizeof l;
		if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len) == 0)
			return l.l_onoff ? l.l_linger : -1;
	}
	return -2;
}

/* What is sent to a broker must not outlive us in the kernel. */
Test(conf_rows, sockets_to_brokers_forget_what_they_have_at_the_end)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0), linger = -2;
	rd_kafka_t *rk;
	struct conf c;

	cr_assert(zero(int, bind(fd, (struct sockaddr *)&at, len)));
	cr_assert(zero(int, listen(fd, 4)));
	cr_assert(zero(int, getsockname(fd, (struct sockaddr *)&at, &len)));
	cr_assert(zero(int,
	    translate(CONF_PRODUCER, "bootstrap.servers",
		ps_printf(a, "127.0.0.1:%d", ntohs(at.sin_port)), NULL, &c)));
	rk = conf_open(&c, &err);
	cr_assert(rk != NULL, "%s", err.text);
	for (int i = 0; i < 1000 && linger == -2; i++) {
		linger = linger_towards(at.sin_port);
		(void)usleep(10000); /* poll; bounded by the loop */
	}
	cr_assert(zero(int, linger));
	rd_kafka_destroy(rk);
	(void)close(fd);
}
