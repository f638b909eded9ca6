#include <string.h>

#include "kafka/conf.h"

/* Properties of librdkafka that are not keys of Java's clients, or that only
 * the table's translation may set. Every one of the linked library stands
 * here or in conf_table.c: a test compares. */
static const char *const allowed[] = {
	"batch.num.messages",
	"broker.address.family",
	"broker.address.ttl",
	"compression.codec",
	"compression.level",
	"coordinator.query.interval.ms",
	"enable.gapless.guarantee",
	"enable.random.seed",
	"enable.ssl.certificate.verification",
	"fetch.error.backoff.ms",
	"fetch.message.max.bytes",
	"fetch.queue.backoff.ms",
	"fetch.wait.max.ms",
	"log_level",
	"max.in.flight",
	"message.copy.max.bytes",
	"message.max.bytes",
	"message.send.max.retries",
	"message.timeout.ms",
	"metadata.broker.list",
	"partitioner",
	"queue.buffering.backpressure.threshold",
	"queue.buffering.max.kbytes",
	"queue.buffering.max.messages",
	"queue.buffering.max.ms",
	"queued.max.messages.kbytes",
	"queued.min.messages",
	"queuing.strategy",
	"receive.message.max.bytes",
	"reconnect.backoff.jitter.ms",
	"request.required.acks",
	"sasl.kerberos.principal",
	"sasl.mechanisms",
	"sasl.oauthbearer.client.id",
	"sasl.oauthbearer.client.secret",
	"sasl.oauthbearer.extensions",
	"sasl.password",
	"sasl.username",
	"socket.blocking.max.ms",
	"socket.keepalive.enable",
	"socket.max.fails",
	"socket.nagle.disable",
	"socket.receive.buffer.bytes",
	"socket.send.buffer.bytes",
	"socket.timeout.ms",
	"ssl.ca.certificate.stores",
	"ssl.ca.pem",
	"ssl.certificate.pem",
	"ssl.curves.list",
	"ssl.key.pem",
	"ssl.sigalgs.list",
	"statistics.interval.ms",
	"sticky.partitioning.linger.ms",
	"topic.blacklist",
	"topic.metadata.propagation.max.ms",
	"topic.metadata.refresh.fast.cnt",
	"topic.metadata.refresh.fast.interval.ms",
	"topic.metadata.refresh.interval.ms",
	"topic.metadata.refresh.sparse",
};

/* We decide these, or they are handles and not settings. */
static const char *const ours[] = {
	"api.version.fallback.ms",
	"api.version.request",
	"api.version.request.timeout.ms",
	"auto.commit.enable",
	"background_event_cb",
	"broker.version.fallback",
	"builtin.features",
	"closesocket_cb",
	"connect_cb",
	"consume.callback.max.messages",
	"consume_cb",
	"default_topic_conf",
	"delivery.report.only.error",
	"dr_cb",
	"dr_msg_cb",
	"enable.auto.offset.store",
	"enable.partition.eof",
	"enabled_events",
	"error_cb",
	"group.protocol.type",
	"internal.termination.signal",
	"log.connection.close",
	"log.queue",
	"log.thread.name",
	"log_cb",
	"msg_order_cmp",
	"oauthbearer_token_refresh_cb",
	"offset.store.method",
	"offset.store.path",
	"offset.store.sync.interval.ms",
	"offset_commit_cb",
	"opaque",
	"open_cb",
	"partitioner_cb",
	"produce.offset.report",
	"rebalance_cb",
	"resolve_cb",
	"sasl.oauthbearer.config",
	"sasl.oauthbearer.grant.type",
	"sasl.oauthbearer.method",
	"socket_cb",
	"ssl.certificate.verify_cb",
	"ssl_ca",
	"ssl_certificate",
	"ssl_engine_callback_data",
	"ssl_key",
	"stats_cb",
	"throttle_cb",
};

/* Run programs, load code, read files or reach hosts of the worker, or
 * spill secrets into logs. */
static const char *const denied[] = {
	"debug",
	"enable.sasl.oauthbearer.unsecure.jwt",
	"https.ca.location",
	"https.ca.pem",
	"interceptors",
	"plugin.library.paths",
	"sasl.kerberos.keytab",
	"sasl.oauthbearer.assertion.jwt.template.file",
	"sasl.oauthbearer.assertion.private.key.pem",
	"sasl.oauthbearer.metadata.authentication.type",
	"ssl.ca.location",
	"ssl.certificate.location",
	"ssl.crl.location",
	"ssl.engine.id",
	"ssl.engine.location",
	"ssl.key.location",
	"ssl.providers",
};

static const struct {
	enum conf_class class;
	const char *const *names;
	size_t count;
} lists[] = {
	{ CONF_ALLOWED, allowed, sizeof allowed / sizeof *allowed },
	{ CONF_OURS, ours, sizeof ours / sizeof *ours },
	{ CONF_DENIED, denied, sizeof denied / sizeof *denied },
};

enum conf_class
conf_classify(const char *property)
{
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
		for (size_t i = 0; i < lists[l].count; i++)
			if (strcmp(lists[l].names[i], property) == 0)
				return lists[l].class;
	return CONF_UNKNOWN;
}
