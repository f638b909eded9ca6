#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "tests/kafka/translate.h"

/* Every key of Java's clients, as its own jar lists them. */
Test(conf, every_key_of_javas_clients_has_its_row)
{
	static const struct {
		char letter;
		enum conf_client client;
	} clients[] = { { 'P', CONF_PRODUCER }, { 'C', CONF_CONSUMER },
		{ 'A', CONF_ADMIN } };
	FILE *f = fopen(TESTS "/data/java-client-keys.txt", "r");
	char key[128], letters[8];
	int found = 0;

	cr_assert(f != NULL);
	while (fscanf(f, "%127s %7s", key, letters) == 2) {
		found++;
		for (int i = 0; i < 3; i++)
			cr_expect(
			    eq(int, conf_find(key, clients[i].client) != NULL,
				strchr(letters, clients[i].letter) != NULL),
			    "%s as a key of client %c", key, clients[i].letter);
	}
	(void)fclose(f);
	cr_expect(eq(int, found, 140));
}

Test(conf, harmless_and_refused_rows_say_why)
{
	size_t count;
	const struct conf_row *rows = conf_rows(&count);

	for (size_t i = 0; i < count; i++)
		if (rows[i].fate != CONF_TRANSLATED)
			cr_expect(rows[i].say != NULL, "%s", rows[i].key);
		else
			cr_expect(rows[i].to != NULL || rows[i].fn != NULL,
			    "%s", rows[i].key);
}

/* One row here for each row that sets something: what it sets. */
static const struct {
	enum conf_client client;
	const char *given, *property, *value; /* NULL: not set */
} translated[] = {
	{ CONF_PRODUCER, "acks=all", "acks", "all" },
	{ CONF_CONSUMER, "allow.auto.create.topics=true",
	    "allow.auto.create.topics", "true" },
	{ CONF_CONSUMER, "auto.offset.reset=earliest", "auto.offset.reset",
	    "error" },
	{ CONF_PRODUCER, "batch.size=0", "batch.size", "1" },
	{ CONF_PRODUCER, "batch.size=16384", "batch.size", "16384" },
	{ CONF_ADMIN, "bootstrap.servers=h:1", "bootstrap.servers", "h:1" },
	{ CONF_CONSUMER, "check.crcs=false", "check.crcs", "false" },
	{ CONF_PRODUCER, "client.dns.lookup=use_all_dns_ips",
	    "client.dns.lookup", "use_all_dns_ips" },
	{ CONF_PRODUCER, "client.id=me", "client.id", "me" },
	{ CONF_CONSUMER, "client.rack=r1", "client.rack", "r1" },
	{ CONF_PRODUCER, "compression.type=gzip\ncompression.gzip.level=9",
	    "compression.level", "9" },
	{ CONF_PRODUCER, "compression.type=zstd\ncompression.gzip.level=9",
	    "compression.level", NULL },
	{ CONF_PRODUCER, "compression.type=lz4\ncompression.lz4.level=17",
	    "compression.level", "12" },
	{ CONF_PRODUCER, "compression.type=zstd\ncompression.zstd.level=3",
	    "compression.level", "3" },
	{ CONF_PRODUCER, "compression.type=snappy", "compression.type",
	    "snappy" },
	{ CONF_PRODUCER, "connections.max.idle.ms=-1",
	    "connections.max.idle.ms", "0" },
	{ CONF_PRODUCER, "delivery.timeout.ms=2147483647", "message.timeout.ms",
	    "0" },
	{ CONF_PRODUCER, "delivery.timeout.ms=120000", "message.timeout.ms",
	    "120000" },
	{ CONF_CONSUMER, "enable.auto.commit=false", "enable.auto.commit",
	    "false" },
	{ CONF_PRODUCER, "enable.idempotence=false", "enable.idempotence",
	    "false" },
	{ CONF_CONSUMER, "exclude.internal.topics=false", "topic.blacklist",
	    "" },
	{ CONF_CONSUMER, "exclude.internal.topics=true", "topic.blacklist",
	    "^__consumer_offsets$,^__transaction_state$" },
	{ CONF_CONSUMER, "fetch.max.bytes=1000", "fetch.max.bytes", "1000" },
	{ CONF_CONSUMER, "fetch.max.wait.ms=7", "fetch.wait.max.ms", "7" },
	{ CONF_CONSUMER, "fetch.min.bytes=0", "fetch.min.bytes", "1" },
	{ CONF_CONSUMER, "group.id=g", "group.id", "g" },
	{ CONF_CONSUMER, "group.instance.id=i", "group.instance.id", "i" },
	{ CONF_CONSUMER, "group.protocol=consumer", "group.protocol",
	    "consumer" },
	{ CONF_CONSUMER, "group.protocol=consumer\nsession.timeout.ms=9",
	    "session.timeout.ms", NULL },
	{ CONF_CONSUMER, "group.remote.assignor=uniform",
	    "group.remote.assignor", "uniform" },
	{ CONF_CONSUMER, "heartbeat.interval.ms=3", "heartbeat.interval.ms",
	    "3" },
	{ CONF_CONSUMER, "isolation.level=read_committed", "isolation.level",
	    "read_committed" },
	{ CONF_PRODUCER, "linger.ms=20", "linger.ms", "20" },
	{ CONF_PRODUCER, "max.in.flight.requests.per.connection=1",
	    "max.in.flight.requests.per.connection", "1" },
	{ CONF_CONSUMER, "max.partition.fetch.bytes=5",
	    "max.partition.fetch.bytes", "5" },
	{ CONF_CONSUMER, "max.poll.interval.ms=5", "max.poll.interval.ms",
	    "5" },
	{ CONF_PRODUCER, "max.request.size=5000000", "message.max.bytes",
	    "5000000" },
	{ CONF_PRODUCER, "metadata.max.age.ms=300000",
	    "topic.metadata.refresh.interval.ms", "300000" },
	{ CONF_PRODUCER, "metadata.max.age.ms=300000", "metadata.max.age.ms",
	    "900000" },
	{ CONF_PRODUCER, "metadata.recovery.strategy=none",
	    "metadata.recovery.strategy", "none" },
	{ CONF_PRODUCER, "metadata.recovery.rebootstrap.trigger.ms=5",
	    "metadata.recovery.rebootstrap.trigger.ms", "5" },
	{ CONF_CONSUMER,
	    "partition.assignment.strategy=org.apache.kafka.clients.consumer."
	    "RangeAssignor",
	    "partition.assignment.strategy", "range" },
	{ CONF_CONSUMER,
	    "partition.assignment.strategy=org.apache.kafka.clients.consumer."
	    "RoundRobinAssignor, range",
	    "partition.assignment.strategy", "roundrobin,range" },
	{ CONF_CONSUMER,
	    "partition.assignment.strategy=org.apache.kafka.clients.consumer."
	    "RangeAssignor,org.apache.kafka.clients.consumer."
	    "CooperativeStickyAssignor",
	    "partition.assignment.strategy", "cooperative-sticky" },
	{ CONF_PRODUCER, "partitioner.ignore.keys=true", "partitioner",
	    "random" },
	{ CONF_PRODUCER, "partitioner.ignore.keys=false", "partitioner",
	    "murmur2_random" },
	{ CONF_PRODUCER, "receive.buffer.bytes=-1",
	    "socket.receive.buffer.bytes", "0" },
	{ CONF_PRODUCER, "send.buffer.bytes=131072", "socket.send.buffer.bytes",
	    "131072" },
	{ CONF_PRODUCER, "reconnect.backoff.ms=5", "reconnect.backoff.ms",
	    "5" },
	{ CONF_PRODUCER, "reconnect.backoff.max.ms=5",
	    "reconnect.backoff.max.ms", "5" },
	{ CONF_PRODUCER, "request.timeout.ms=40000", "socket.timeout.ms",
	    "40000" },
	{ CONF_PRODUCER, "request.timeout.ms=40000", "request.timeout.ms",
	    "40000" },
	{ CONF_CONSUMER, "request.timeout.ms=40000", "request.timeout.ms",
	    NULL },
	{ CONF_PRODUCER, "retries=3", "message.send.max.retries", "3" },
	{ CONF_PRODUCER, "retry.backoff.ms=5", "retry.backoff.ms", "5" },
	{ CONF_PRODUCER, "retry.backoff.max.ms=5", "retry.backoff.max.ms",
	    "5" },
	{ CONF_PRODUCER, "sasl.kerberos.service.name=kafka",
	    "sasl.kerberos.service.name", "kafka" },
	{ CONF_PRODUCER, "sasl.mechanism=PLAIN", "sasl.mechanism", "PLAIN" },
	{ CONF_PRODUCER,
	    "sasl.login.callback.handler.class=org.apache.kafka.common."
	    "security.oauthbearer.OAuthBearerLoginCallbackHandler",
	    "sasl.oauthbearer.method", "oidc" },
	{ CONF_PRODUCER,
	    "sasl.oauthbearer.jwt.retriever.class=org.apache.kafka.common."
	    "security.oauthbearer.JwtBearerJwtRetriever",
	    "sasl.oauthbearer.grant.type",
	    "urn:ietf:params:oauth:grant-type:jwt-bearer" },
	{ CONF_PRODUCER, "sasl.oauthbearer.assertion.template.file=/t",
	    "sasl.oauthbearer.assertion.jwt.template.file", "/t" },
	{ CONF_PRODUCER, "security.protocol=SASL_SSL", "security.protocol",
	    "SASL_SSL" },
	{ CONF_CONSUMER, "session.timeout.ms=9", "session.timeout.ms", "9" },
	{ CONF_PRODUCER, "socket.connection.setup.timeout.ms=9",
	    "socket.connection.setup.timeout.ms", "9" },
	{ CONF_PRODUCER,
	    "ssl.cipher.suites=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,"
	    "TLS_AES_128_GCM_SHA256",
	    "ssl.cipher.suites", "ECDHE-RSA-AES256-GCM-SHA384" },
	{ CONF_PRODUCER, "ssl.endpoint.identification.algorithm=",
	    "ssl.endpoint.identification.algorithm", "none" },
	{ CONF_PRODUCER, "ssl.endpoint.identification.algorithm=HTTPS",
	    "ssl.endpoint.identification.algorithm", "https" },
	{ CONF_PRODUCER, "ssl.key.password=pw", "ssl.key.password", "pw" },
	{ CONF_PRODUCER, "ssl.keystore.certificate.chain=PEM",
	    "ssl.certificate.pem", "PEM" },
	{ CONF_PRODUCER, "ssl.keystore.key=PEM", "ssl.key.pem", "PEM" },
	{ CONF_PRODUCER, "ssl.truststore.certificates=PEM", "ssl.ca.pem",
	    "PEM" },
	{ CONF_PRODUCER, "transaction.timeout.ms=5", "transaction.timeout.ms",
	    "5" },
	{ CONF_PRODUCER, "transactional.id=t", "transactional.id", "t" },
	{ CONF_PRODUCER, "transactional.id=t\ntransaction.timeout.ms=5",
	    "message.timeout.ms", "5" },
	/* librdkafka's own */
	{ CONF_PRODUCER, "queue.buffering.max.ms=9", "queue.buffering.max.ms",
	    "9" },
	{ CONF_CONSUMER, "queued.min.messages=9", "queued.min.messages", "9" },
	/* keys of other clients, and of nobody */
	{ CONF_PRODUCER, "group.id=g", "group.id", NULL },
	{ CONF_PRODUCER, "what.is.this=1", "what.is.this", NULL },
};

Test(conf, rows_translate_what_they_are_given)
{
	struct ps_arena *a = arena_new(4096);
	struct ps_error err = { PS_OK, "" };
	struct conf c;

	for (size_t i = 0; i < sizeof translated / sizeof *translated; i++) {
		const char *got;

		cr_assert(eq(int,
			      translate(a, translated[i].client,
				  translated[i].given, &c, &err),
			      0),
		    "%s: %s", translated[i].given, err.text);
		got = ps_config_get(&c.properties, translated[i].property);
		if (translated[i].value == NULL)
			cr_expect(got == NULL, "%s", translated[i].given);
		else
			cr_expect(eq(str, (char *)(got ? got : "(none)"),
				      (char *)translated[i].value),
			    "%s", translated[i].given);
	}
	arena_free(&a);
}

Test(conf, what_is_ours_alone_is_noted)
{
	struct ps_arena *a = arena_new(4096);
	struct ps_error err;
	struct conf c;

	cr_assert(eq(int,
	    translate(a, CONF_PRODUCER, "buffer.memory=1000", &c, &err), 0));
	cr_expect(eq(sz, c.buffer_bytes, 1000));
	cr_assert(eq(int,
	    translate(a, CONF_CONSUMER,
		"max.poll.records=50\nauto.offset.reset=LATEST", &c, &err),
	    0));
	cr_expect(eq(sz, c.max_poll_records, 50));
	cr_expect(eq(str, (char *)c.reset, "latest"));
	cr_assert(eq(int, translate(a, CONF_CONSUMER, "", &c, &err), 0));
	cr_expect(eq(str, (char *)c.reset, "earliest"));
	arena_free(&a);
}

Test(conf, what_has_no_counterpart_is_refused_with_the_way_out)
{
	static const struct {
		enum conf_client client;
		const char *given, *text; /* part of the error */
	} rows[] = {
		{ CONF_ADMIN, "bootstrap.controllers=h:1",
		    "bootstrap.controllers=h:1 is not supported: give "
		    "brokers" },
		{ CONF_CONSUMER, "enable.auto.commit=true", "leave it out" },
		{ CONF_CONSUMER, "interceptor.classes=x.Y", "transform" },
		{ CONF_PRODUCER, "interceptor.classes=x.Y", "transform" },
		{ CONF_PRODUCER, "partitioner.class=x.Y", "murmur2" },
		{ CONF_PRODUCER, "sasl.client.callback.handler.class=x.Y",
		    "sasl.jaas.config" },
		{ CONF_PRODUCER, "sasl.kerberos.kinit.cmd=rm -rf",
		    "no command is run" },
		{ CONF_PRODUCER, "sasl.login.callback.handler.class=x.Y",
		    "OAuthBearerLoginCallbackHandler" },
		{ CONF_PRODUCER, "sasl.login.class=x.Y", "sasl.jaas.config" },
		{ CONF_PRODUCER, "sasl.oauthbearer.header.urlencode=true",
		    "encode them yourself" },
		{ CONF_PRODUCER, "sasl.oauthbearer.jwt.retriever.class=x.Y",
		    "retrievers" },
		{ CONF_PRODUCER, "security.providers=x.Y", "leave it out" },
		{ CONF_PRODUCER, "ssl.enabled.protocols=TLSv1", "TLS 1.2" },
		{ CONF_PRODUCER, "ssl.engine.factory.class=x.Y",
		    "ssl.keystore" },
		{ CONF_PRODUCER, "ssl.keystore.type=BCFKS", "PKCS12 or PEM" },
		{ CONF_PRODUCER, "ssl.truststore.type=BCFKS", "PKCS12 or PEM" },
		{ CONF_PRODUCER, "transaction.two.phase.commit.enable=true",
		    "does not speak it" },
		{ CONF_CONSUMER, "auto.offset.reset=by_duration:P1D",
		    "earliest, latest or none" },
		{ CONF_PRODUCER, "batch.size=many", "whole number" },
		{ CONF_PRODUCER, "buffer.memory=0", "1 or more" },
		{ CONF_CONSUMER, "max.poll.records=0", "1 or more" },
		{ CONF_PRODUCER, "delivery.timeout.ms=-5", "0 or more" },
		{ CONF_CONSUMER,
		    "partition.assignment.strategy=org.apache.kafka.clients."
		    "consumer.StickyAssignor",
		    "CooperativeStickyAssignor is expected" },
		{ CONF_PRODUCER, "ssl.cipher.suites=TLS_NONSENSE",
		    "TLS_NONSENSE is not supported" },
		{ CONF_PRODUCER, "ssl.keystore.location=/nowhere.p12",
		    "ssl.keystore.location=/nowhere.p12" },
		{ CONF_PRODUCER, "ssl.endpoint.identification.algorithm=LDAP",
		    "https or nothing" },
		{ CONF_PRODUCER, "plugin.library.paths=/x.so",
		    "not for users to set" },
		{ CONF_PRODUCER, "debug=all", "not for users to set" },
		{ CONF_CONSUMER, "enable.partition.eof=true",
		    "not for users to set" },
		{ CONF_PRODUCER, "enable.idempotence=true\nacks=1",
		    "needs acks=all (is 1)" },
		{ CONF_PRODUCER, "transactional.id=x\nacks=0",
		    "needs idempotence" },
	};
	struct ps_arena *a = arena_new(4096);
	struct ps_error err;
	struct conf c;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cr_expect(
		    eq(int,
			translate(a, rows[i].client, rows[i].given, &c, &err),
			-1),
		    "%s", rows[i].given);
		cr_expect(eq(int, err.code, PS_E_CONFIG));
		cr_expect(strstr(err.text, rows[i].text) != NULL, "%s",
		    err.text);
	}
	arena_free(&a);
}

Test(conf, idempotence_ends_where_java_ends_it)
{
	static const struct {
		const char *given, *idempotence;
	} rows[] = {
		{ "", "true" },
		{ "acks=-1", "true" },
		{ "acks=1", "false" },
		{ "retries=0", "false" },
		{ "max.in.flight.requests.per.connection=6", "false" },
		{ "max.in.flight.requests.per.connection=5", "true" },
	};
	struct ps_arena *a = arena_new(4096);
	struct ps_error err;
	struct conf c;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cr_assert(eq(int,
		    translate(a, CONF_PRODUCER, rows[i].given, &c, &err), 0));
		cr_expect(eq(str,
			      (char *)ps_config_str(&c.properties,
				  "enable.idempotence"),
			      (char *)rows[i].idempotence),
		    "%s", rows[i].given);
	}
	arena_free(&a);
}

/* A property that appears with a new librdkafka must be judged first. */
Test(conf, every_property_of_the_linked_library_is_classified)
{
	char *text = NULL, *line, *save = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int count = 0;

	rd_kafka_conf_properties_show(f);
	(void)fclose(f);
	for (line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[128];
		bool java;

		if (strchr(line, '|') == NULL ||
		    sscanf(line, "%127s", name) != 1 ||
		    strcmp(name, "Property") == 0 || name[0] == '-')
			continue;
		java = conf_find(name, ~0u) != NULL;
		cr_expect(java != (conf_classify(name) != CONF_UNKNOWN),
		    "%s stands in %s", name, java ? "both" : "no table");
		count++;
	}
	cr_expect(gt(int, count, 190));
	free(text);
}

Test(conf, settings_are_layered_as_connect_does)
{
	struct ps_arena *a = arena_new(4096);
	struct ps_config worker =
	    settings(a, "bootstrap.servers=b:1\ngroup.id=cluster\n"
			"producer.linger.ms=7\nproducer.acks=all\n"
			"consumer.max.poll.records=9\nsecurity.protocol=SSL\n"
			"admin.retries=5\nrest.port=1");
	struct ps_config connector =
	    settings(a, "producer.override.linger.ms=8\nname=x\n"
			"consumer.override.group.id=mine\n"
			"admin.override.retries=6");
	struct conf_owner o = { &worker, &connector, "x", 3 };
	struct ps_config c = conf_settings(a, CONF_SOURCE, &o);

	cr_expect(eq(str, (char *)ps_config_str(&c, "linger.ms"), "8"));
	cr_expect(eq(str, (char *)ps_config_str(&c, "client.id"),
	    "connector-producer-x-3"));
	cr_expect(
	    eq(str, (char *)ps_config_str(&c, "bootstrap.servers"), "b:1"));
	cr_expect(ps_config_get(&c, "security.protocol") == NULL);
	cr_expect(ps_config_get(&c, "transactional.id") == NULL);
	c = conf_settings(a, CONF_SOURCE_EOS, &o);
	cr_expect(eq(str, (char *)ps_config_str(&c, "transactional.id"),
	    "cluster-x-3"));
	c = conf_settings(a, CONF_SINK, &o);
	cr_expect(eq(str, (char *)ps_config_str(&c, "group.id"), "mine"));
	cr_expect(eq(str, (char *)ps_config_str(&c, "max.poll.records"), "9"));
	o.connector = NULL;
	c = conf_settings(a, CONF_SINK, &o);
	cr_expect(eq(str, (char *)ps_config_str(&c, "group.id"), "connect-x"));
	c = conf_settings(a, CONF_INTERNAL, &o);
	cr_expect(
	    eq(str, (char *)ps_config_str(&c, "security.protocol"), "SSL"));
	cr_expect(ps_config_get(&c, "group.id") == NULL);
	cr_expect(ps_config_get(&c, "rest.port") == NULL);
	c = conf_settings(a, CONF_ADMINISTRATION, &o);
	cr_expect(
	    eq(str, (char *)ps_config_str(&c, "security.protocol"), "SSL"));
	cr_expect(eq(str, (char *)ps_config_str(&c, "retries"), "5"));
	o.connector = &connector;
	c = conf_settings(a, CONF_ADMINISTRATION, &o);
	cr_expect(eq(str, (char *)ps_config_str(&c, "retries"), "6"));
	arena_free(&a);
}

Test(conf, connectors_may_not_reach_into_the_worker)
{
	cr_expect(conf_is_workers_only("sasl.oauthbearer.token.endpoint.url"));
	cr_expect(conf_is_workers_only("sasl.oauthbearer.assertion.file"));
	cr_expect(not(conf_is_workers_only("linger.ms")));
	cr_expect(not(conf_is_workers_only("no.such.key")));
}

/* What comes with a newer library than the tables are of is refused to
 * connectors until somebody has judged it. */
Test(conf, what_no_table_knows_is_harmful_when_it_does_something)
{
	cr_expect(conf_is_harmful("brand.new.property", true));
	cr_expect(not(conf_is_harmful("brand.new.property", false)));
	cr_expect(not(conf_is_harmful("linger.ms", true)));
	/* CVE-2024-31141: any client of Java's reads files by them. */
	cr_expect(conf_is_workers_only("config.providers"));
	cr_expect(conf_is_workers_only("config.providers.f.class"));
	cr_expect(conf_is_workers_only("some.factory.class"));
	cr_expect(conf_is_workers_only("some.renewal.cmd"));
}

static void
expect_refused(struct ps_arena *a, const char *property)
{
	static const char *const prefixes[] = { "producer", "consumer",
		"admin" };

	for (size_t i = 0; i < 3; i++) {
		struct ps_error err = { 0 };
		struct ps_config c =
		    settings(a, ps_printf(a, "name=x\n%s.override.%s=1",
				    prefixes[i], property));

		cr_expect(eq(int, conf_check_overrides(&c, &err), -1),
		    "%s of %s", property, prefixes[i]);
		cr_expect(eq(int, err.code, PS_E_CONFIG));
		cr_expect(strstr(err.text, property) != NULL);
	}
}

Test(conf, no_connector_starts_with_what_runs_or_reads_things)
{
	static const char *const unlisted[] = { "config.providers",
		"sasl.oauthbearer.token.endpoint.url", "my.interceptors" };
	struct ps_arena *a = arena_new(4096);
	struct ps_config good = settings(a, "producer.override.linger.ms=8\n"
					    "consumer.override.new.key=1\n"
					    "plugin.library.paths=mine");
	struct ps_error err = { 0 };
	char *text = NULL, *line, *save = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int count = 0;

	rd_kafka_conf_properties_show(f);
	(void)fclose(f);
	for (line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[128];

		if (sscanf(line, "%127s", name) != 1 ||
		    conf_classify(name) != CONF_DENIED)
			continue;
		expect_refused(a, name);
		count++;
	}
	cr_expect(ge(int, count, 15));
	free(text);
	for (size_t i = 0; i < sizeof unlisted / sizeof *unlisted; i++)
		expect_refused(a, unlisted[i]);
	cr_expect(eq(int, conf_check_overrides(&good, &err), 0));
	arena_free(&a);
}

/* Of Java's keys none that names code is handed on. */
Test(conf, javas_keys_of_code_are_harmless_or_refused)
{
	static const char *const ends[] = { ".class", ".classes", ".cmd",
		".providers", ".reporters", ".serializer", ".deserializer" };
	size_t rows, found = 0;
	const struct conf_row *row = conf_rows(&rows);

	for (size_t i = 0; i < rows; i++, row++)
		for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
			size_t n = strlen(row->key), m = strlen(ends[k]);

			if (n < m || strcmp(row->key + n - m, ends[k]) != 0)
				continue;
			found++;
			cr_expect(ne(int, row->fate, CONF_TRANSLATED), "%s",
			    row->key);
		}
	cr_expect(ge(sz, found, 10));
}

Test(conf, the_clients_open_with_what_every_row_sets)
{
	static const enum conf_client clients[] = { CONF_PRODUCER,
		CONF_CONSUMER, CONF_ADMIN };
	struct ps_arena *a = arena_new(4096);
	struct ps_error err = { PS_OK, "" };
	struct conf c;

	for (int i = 0; i < 3; i++) {
		rd_kafka_t *rk;

		cr_assert(eq(int,
		    translate(a, clients[i],
			"bootstrap.servers=127.0.0.1:1\ngroup.id=g", &c, &err),
		    0));
		rk = conf_open(&c, &err);
		cr_assert(rk != NULL, "%s", err.text);
		rd_kafka_destroy(rk);
	}
	cr_assert(eq(int,
	    translate(a, CONF_PRODUCER, "bootstrap.servers=h:1\nlinger.ms=x",
		&c, &err),
	    0));
	cr_expect(conf_open(&c, &err) == NULL);
	cr_expect(strstr(err.text, "linger.ms") != NULL, "%s", err.text);
	arena_free(&a);
}
