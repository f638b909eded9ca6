#include "kafka/conf_work.h"

#include <string.h>

#define P   CONF_PRODUCER
#define C   CONF_CONSUMER
#define A   CONF_ADMIN
#define ALL (CONF_PRODUCER | CONF_CONSUMER | CONF_ADMIN)

/* as it stands, under another name, by a function, harmless, refused */
#define COPY(key, who)                                           \
	{                                                        \
		key, who, CONF_TRANSLATED, key, NULL, NULL, NULL \
	}
#define NAME(key, who, to)                                      \
	{                                                       \
		key, who, CONF_TRANSLATED, to, NULL, NULL, NULL \
	}
#define CALL(key, who, to, fn)                                \
	{                                                     \
		key, who, CONF_TRANSLATED, to, fn, NULL, NULL \
	}
#define NONE(key, who, why)                                    \
	{                                                      \
		key, who, CONF_HARMLESS, NULL, NULL, why, NULL \
	}
#define DENY(key, who, out, ok)                             \
	{                                                   \
		key, who, CONF_REFUSED, NULL, NULL, out, ok \
	}

#define METRICS "metrics are read at /metrics"
#define JVM     "it tunes Java's TLS; OpenSSL needs nothing here"
#define BROKER  "it is for brokers that check tokens"
#define KRB     "tickets are renewed by the system (k5start, sssd)"
#define LOGIN   "librdkafka decides when a token is renewed"
#define BYTES   "records are bytes; converters do the rest"
#define WAIT    "calls have limits of their own"

#define OAUTH(name) "org.apache.kafka.common.security.oauthbearer." name

static const struct conf_row rows[] = {
	COPY("acks", P),
	COPY("allow.auto.create.topics", C),
	NONE("auto.commit.interval.ms", C, "offsets are committed after put"),
	CALL("auto.offset.reset", C, NULL, conf_offset_reset),
	CALL("batch.size", P, "batch.size", conf_at_least_one),
	DENY("bootstrap.controllers", A,
	    "give brokers in bootstrap.servers: controllers are not asked",
	    NULL),
	COPY("bootstrap.servers", ALL),
	CALL("buffer.memory", P, NULL, conf_buffer_memory),
	COPY("check.crcs", C),
	COPY("client.dns.lookup", ALL),
	COPY("client.id", ALL),
	COPY("client.rack", C),
	CALL("compression.gzip.level", P, "gzip", conf_compression_level),
	CALL("compression.lz4.level", P, "lz4", conf_compression_level),
	COPY("compression.type", P),
	CALL("compression.zstd.level", P, "zstd", conf_compression_level),
	CALL("connections.max.idle.ms", ALL, "connections.max.idle.ms",
	    conf_idle),
	NONE("default.api.timeout.ms", C | A, WAIT),
	CALL("delivery.timeout.ms", P, "message.timeout.ms",
	    conf_delivery_timeout),
	DENY("enable.auto.commit", C,
	    "leave it out: an offset is committed when the sink has its record",
	    "false"),
	COPY("enable.idempotence", P),
	NONE("enable.metrics.push", ALL, METRICS),
	CALL("exclude.internal.topics", C, NULL, conf_exclude_internal),
	COPY("fetch.max.bytes", C),
	NAME("fetch.max.wait.ms", C, "fetch.wait.max.ms"),
	CALL("fetch.min.bytes", C, "fetch.min.bytes", conf_at_least_one),
	COPY("group.id", C),
	COPY("group.instance.id", C),
	COPY("group.protocol", C),
	COPY("group.remote.assignor", C),
	COPY("heartbeat.interval.ms", C),
	DENY("interceptor.classes", P | C,
	    "interceptors are Java code: use a transform", NULL),
	NONE("internal.leave.group.on.close", C,
	    "a task that ends always leaves"),
	NONE("internal.throw.on.fetch.stable.offset.unsupported", C,
	    "brokers since 2.5 support it"),
	COPY("isolation.level", C),
	NONE("key.deserializer", C, BYTES),
	NONE("key.serializer", P, BYTES),
	COPY("linger.ms", P),
	NONE("max.block.ms", P,
	    "nothing blocks: a full buffer stops the source"),
	COPY("max.in.flight.requests.per.connection", P),
	COPY("max.partition.fetch.bytes", C),
	COPY("max.poll.interval.ms", C),
	CALL("max.poll.records", C, NULL, conf_max_poll_records),
	NAME("max.request.size", P, "message.max.bytes"),
	CALL("metadata.max.age.ms", ALL, NULL, conf_metadata_age),
	NONE("metadata.max.idle.ms", P, "topics in use are kept"),
	COPY("metadata.recovery.rebootstrap.trigger.ms", ALL),
	COPY("metadata.recovery.strategy", ALL),
	NONE("metric.reporters", ALL, METRICS),
	NONE("metrics.num.samples", ALL, METRICS),
	NONE("metrics.recording.level", ALL, METRICS),
	NONE("metrics.sample.window.ms", ALL, METRICS),
	CALL("partition.assignment.strategy", C,
	    "partition.assignment.strategy", conf_assignors),
	NONE("partitioner.adaptive.partitioning.enable", P,
	    "records without a key stay on a partition for a moment"),
	NONE("partitioner.availability.timeout.ms", P,
	    "records without a key stay on a partition for a moment"),
	DENY("partitioner.class", P,
	    "leave it out (murmur2 of the key, as Java's default), or let a "
	    "transform set the partition",
	    "org.apache.kafka.clients.producer.internals.DefaultPartitioner"),
	CALL("partitioner.ignore.keys", P, "partitioner", conf_ignore_keys),
	CALL("receive.buffer.bytes", ALL, "socket.receive.buffer.bytes",
	    conf_bytes_or_system),
	COPY("reconnect.backoff.max.ms", ALL),
	COPY("reconnect.backoff.ms", ALL),
	CALL("request.timeout.ms", ALL, NULL, conf_request_timeout),
	NAME("retries", P, "message.send.max.retries"),
	NONE("retries", A, "every call has its limit of time"),
	COPY("retry.backoff.max.ms", ALL),
	COPY("retry.backoff.ms", ALL),
	DENY("sasl.client.callback.handler.class", ALL,
	    "it is Java code: put the credentials in sasl.jaas.config", NULL),
	CALL("sasl.jaas.config", ALL, NULL, conf_jaas),
	DENY("sasl.kerberos.kinit.cmd", ALL,
	    "no command is run: keep the ticket fresh with k5start or sssd",
	    "/usr/bin/kinit"),
	NONE("sasl.kerberos.min.time.before.relogin", ALL, KRB),
	COPY("sasl.kerberos.service.name", ALL),
	NONE("sasl.kerberos.ticket.renew.jitter", ALL, KRB),
	NONE("sasl.kerberos.ticket.renew.window.factor", ALL, KRB),
	{ "sasl.login.callback.handler.class", ALL, CONF_REFUSED, NULL,
	    conf_oidc,
	    "it is Java code: only Kafka's own OAuthBearerLoginCallbackHandler "
	    "has a counterpart",
	    OAUTH("OAuthBearerLoginCallbackHandler") " " OAUTH(
		"secured.OAuthBearerLoginCallbackHandler") },
	DENY("sasl.login.class", ALL,
	    "it is Java code: put the credentials in sasl.jaas.config", NULL),
	NONE("sasl.login.connect.timeout.ms", ALL, LOGIN),
	NONE("sasl.login.read.timeout.ms", ALL, LOGIN),
	NONE("sasl.login.refresh.buffer.seconds", ALL, LOGIN),
	NONE("sasl.login.refresh.min.period.seconds", ALL, LOGIN),
	NONE("sasl.login.refresh.window.factor", ALL, LOGIN),
	NONE("sasl.login.refresh.window.jitter", ALL, LOGIN),
	NONE("sasl.login.retry.backoff.max.ms", ALL, LOGIN),
	NONE("sasl.login.retry.backoff.ms", ALL, LOGIN),
	COPY("sasl.mechanism", ALL),
	COPY("sasl.oauthbearer.assertion.algorithm", ALL),
	COPY("sasl.oauthbearer.assertion.claim.aud", ALL),
	COPY("sasl.oauthbearer.assertion.claim.exp.seconds", ALL),
	COPY("sasl.oauthbearer.assertion.claim.iss", ALL),
	COPY("sasl.oauthbearer.assertion.claim.jti.include", ALL),
	COPY("sasl.oauthbearer.assertion.claim.nbf.seconds", ALL),
	COPY("sasl.oauthbearer.assertion.claim.sub", ALL),
	COPY("sasl.oauthbearer.assertion.file", ALL),
	COPY("sasl.oauthbearer.assertion.private.key.file", ALL),
	COPY("sasl.oauthbearer.assertion.private.key.passphrase", ALL),
	NAME("sasl.oauthbearer.assertion.template.file", ALL,
	    "sasl.oauthbearer.assertion.jwt.template.file"),
	COPY("sasl.oauthbearer.client.credentials.client.id", ALL),
	COPY("sasl.oauthbearer.client.credentials.client.secret", ALL),
	NONE("sasl.oauthbearer.clock.skew.seconds", ALL, BROKER),
	NONE("sasl.oauthbearer.expected.audience", ALL, BROKER),
	NONE("sasl.oauthbearer.expected.issuer", ALL, BROKER),
	DENY("sasl.oauthbearer.header.urlencode", ALL,
	    "client id and secret are sent as they are: encode them yourself",
	    "false"),
	NONE("sasl.oauthbearer.jwks.endpoint.refresh.ms", ALL, BROKER),
	NONE("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", ALL,
	    BROKER),
	NONE("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", ALL, BROKER),
	NONE("sasl.oauthbearer.jwks.endpoint.url", ALL, BROKER),
	{ "sasl.oauthbearer.jwt.retriever.class", ALL, CONF_REFUSED,
	    "sasl.oauthbearer.grant.type", conf_grant_type,
	    "it is Java code: only Kafka's own retrievers have a counterpart",
	    OAUTH("DefaultJwtRetriever") " " OAUTH(
		"ClientCredentialsJwtRetriever") " " OAUTH("JwtBearerJwtRetriev"
							   "er") },
	NONE("sasl.oauthbearer.jwt.validator.class", ALL, BROKER),
	COPY("sasl.oauthbearer.scope", ALL),
	NONE("sasl.oauthbearer.scope.claim.name", ALL, BROKER),
	COPY("sasl.oauthbearer.sub.claim.name", ALL),
	COPY("sasl.oauthbearer.token.endpoint.url", ALL),
	COPY("security.protocol", ALL),
	DENY("security.providers", ALL,
	    "Java security providers do not exist here: leave it out", NULL),
	CALL("send.buffer.bytes", ALL, "socket.send.buffer.bytes",
	    conf_bytes_or_system),
	COPY("session.timeout.ms", C),
	NONE("share.acknowledgement.mode", C, "sinks are no share groups"),
	NONE("socket.connection.setup.timeout.max.ms", ALL,
	    "each attempt has the same limit"),
	COPY("socket.connection.setup.timeout.ms", ALL),
	CALL("ssl.cipher.suites", ALL, "ssl.cipher.suites", conf_ciphers),
	DENY("ssl.enabled.protocols", ALL,
	    "TLS 1.2 and 1.3 are spoken, older ones are not",
	    "TLSv1.2,TLSv1.3 TLSv1.3,TLSv1.2 TLSv1.2 TLSv1.3"),
	CALL("ssl.endpoint.identification.algorithm", ALL,
	    "ssl.endpoint.identification.algorithm",
	    conf_endpoint_identification),
	DENY("ssl.engine.factory.class", ALL,
	    "it is Java code: give ssl.keystore.* and ssl.truststore.*", NULL),
	COPY("ssl.key.password", ALL),
	NONE("ssl.keymanager.algorithm", ALL, JVM),
	NAME("ssl.keystore.certificate.chain", ALL, "ssl.certificate.pem"),
	NAME("ssl.keystore.key", ALL, "ssl.key.pem"),
	CALL("ssl.keystore.location", ALL, NULL, conf_keystore),
	NONE("ssl.keystore.password", ALL, "read with ssl.keystore.location"),
	DENY("ssl.keystore.type", ALL,
	    "what the file is decides: PKCS12 or PEM are read",
	    "PKCS12 PEM JKS"),
	NONE("ssl.protocol", ALL, JVM),
	NONE("ssl.provider", ALL, JVM),
	NONE("ssl.secure.random.implementation", ALL, JVM),
	NONE("ssl.trustmanager.algorithm", ALL, JVM),
	NAME("ssl.truststore.certificates", ALL, "ssl.ca.pem"),
	CALL("ssl.truststore.location", ALL, NULL, conf_truststore),
	NONE("ssl.truststore.password", ALL,
	    "read with ssl.truststore.location"),
	DENY("ssl.truststore.type", ALL,
	    "what the file is decides: PKCS12 or PEM are read",
	    "PKCS12 PEM JKS"),
	COPY("transaction.timeout.ms", P),
	DENY("transaction.two.phase.commit.enable", P,
	    "librdkafka does not speak it", "false"),
	COPY("transactional.id", P),
	NONE("value.deserializer", C, BYTES),
	NONE("value.serializer", P, BYTES),
};

const struct conf_row *
conf_rows(size_t *count)
{
	*count = sizeof rows / sizeof *rows;
	return rows;
}

const struct conf_row *
conf_find(const char *key, unsigned clients)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if ((rows[i].clients & clients) != 0 &&
		    strcmp(rows[i].key, key) == 0)
			return &rows[i];
	return NULL;
}
