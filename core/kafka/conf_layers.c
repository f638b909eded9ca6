#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/map.h"
#include "kafka/conf.h"

/* What Connect gives each of its clients before the user's say. `%n` is
 * `<connector>-<task>`, `%c` the connector. */
static const struct {
	enum conf_use use;
	const char *key, *value;
} bases[] = {
	{ CONF_SOURCE, "delivery.timeout.ms", "2147483647" },
	{ CONF_SOURCE, "client.id", "connector-producer-%n" },
	{ CONF_SOURCE_EOS, "delivery.timeout.ms", "2147483647" },
	{ CONF_SOURCE_EOS, "client.id", "connector-producer-%n" },
	{ CONF_DEAD_LETTER, "delivery.timeout.ms", "2147483647" },
	{ CONF_DEAD_LETTER, "client.id", "connector-dlq-producer-%n" },
	{ CONF_SINK, "group.id", "connect-%c" },
	{ CONF_SINK, "client.id", "connector-consumer-%n" },
	{ CONF_SINK, "auto.offset.reset", "earliest" },
	/* Java's 45 s is how long the partitions of a killed task would wait
	 * for the one that took its place. */
	{ CONF_SINK, "session.timeout.ms", "10000" },
	{ CONF_SINK, "heartbeat.interval.ms", "3000" },
	{ CONF_OFFSETS, "isolation.level", "read_committed" },
	{ CONF_OFFSETS, "client.id", "connector-offsets-%n" },
	{ CONF_ADMINISTRATION, "client.id", "connector-adminclient-%n" },
};

/* Which of the worker's and the connector's keys a client gets. */
static const struct {
	const char *prefix;   /* in the worker's configuration */
	const char *override; /* in the connector's */
	unsigned unprefixed;  /* the worker's own keys of these clients too */
} layers[] = {
	[CONF_SOURCE] = { "producer.", "producer.override.", 0 },
	[CONF_SOURCE_EOS] = { "producer.", "producer.override.", 0 },
	[CONF_DEAD_LETTER] = { "producer.", "producer.override.", 0 },
	[CONF_SINK] = { "consumer.", "consumer.override.", 0 },
	[CONF_OFFSETS] = { "consumer.", "consumer.override.", 0 },
	[CONF_ADMINISTRATION] = { "admin.", "admin.override.", CONF_ADMIN },
	[CONF_INTERNAL] = { NULL, NULL, CONF_PRODUCER | CONF_ADMIN },
};

static const char *
fill(struct ps_arena *a, const char *value, const struct conf_owner *o)
{
	const char *mark = strchr(value, '%');
	int len;

	if (mark == NULL)
		return value;
	len = (int)(mark - value);
	if (mark[1] == 'c' || o->task < 0)
		return ps_printf(a, "%.*s%s", len, value, o->name);
	return ps_printf(a, "%.*s%s-%d", len, value, o->name, o->task);
}

static struct ps_config
base_of(struct ps_arena *a, enum conf_use use, const struct conf_owner *o)
{
	const char *servers = ps_config_get(o->worker, "bootstrap.servers");
	struct ps_config c = { NULL, 0 };

	if (servers != NULL)
		c = config_with(a, &c, "bootstrap.servers", servers);
	for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
		if (bases[i].use == use && o->name != NULL)
			c = config_with(a, &c, bases[i].key,
			    fill(a, bases[i].value, o));
	return c;
}

/* The worker's file holds far more than client keys. */
static struct ps_config
clients_keys(struct ps_arena *a, const struct ps_config *worker,
    unsigned clients)
{
	struct ps_setting *kept = ps_calloc(a, worker->count + 1, sizeof *kept);
	size_t count = 0;

	for (size_t i = 0; i < worker->count; i++)
		if (conf_find(worker->settings[i].key, clients) != NULL)
			kept[count++] = worker->settings[i];
	return (struct ps_config){ kept, count };
}

const char *
conf_transactional_id(struct ps_arena *a, const struct ps_config *worker,
    const char *connector, int task)
{
	return ps_printf(a, "%s-%s-%d", ps_config_str(worker, "group.id"),
	    connector, task);
}

/* What is fixed for an exactly-once source, whatever the user says. */
static struct ps_config
fix_transactional(struct ps_arena *a, struct ps_config c,
    const struct conf_owner *o)
{
	c = config_with(a, &c, "enable.idempotence", "true");
	return config_with(a, &c, "transactional.id",
	    conf_transactional_id(a, o->worker, o->name, o->task));
}

struct ps_config
conf_settings(struct ps_arena *a, enum conf_use use,
    const struct conf_owner *owner)
{
	struct ps_config c = base_of(a, use, owner), more;

	if (layers[use].unprefixed != 0) {
		more = clients_keys(a, owner->worker, layers[use].unprefixed);
		c = config_merge(a, &c, &more);
	}
	if (layers[use].prefix != NULL) {
		more = config_prefixed(a, owner->worker, layers[use].prefix);
		c = config_merge(a, &c, &more);
	}
	if (owner->connector != NULL && layers[use].override != NULL) {
		more =
		    config_prefixed(a, owner->connector, layers[use].override);
		c = config_merge(a, &c, &more);
	}
	return use == CONF_SOURCE_EOS ? fix_transactional(a, c, owner) : c;
}

/* Fine in the worker's own file, but not from who may create connectors:
 * they read files and reach hosts with the worker's rights. */
static const char *const workers_only[] = {
	"sasl.oauthbearer.assertion.file",
	"sasl.oauthbearer.assertion.private.key.file",
	"sasl.oauthbearer.assertion.template.file",
	"sasl.oauthbearer.token.endpoint.url",
};

/* By such names code is loaded or run, in Java's clients or librdkafka. */
static const char *const code[] = { ".class", ".classes", ".cmd", ".providers",
	".library.paths", "interceptors" };

static bool
names_code(const char *key)
{
	for (size_t i = 0; i < sizeof code / sizeof *code; i++)
		if (text_ends(key, code[i]))
			return true;
	return false;
}

bool
conf_is_harmful(const char *key, bool in_library)
{
	if (conf_find(key, ~0U) != NULL || conf_classify(key) != CONF_UNKNOWN)
		return false;
	return in_library || names_code(key);
}

/* A newer library than the tables are of may have more. */
static bool
library_has(const char *key)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	size_t size = 0;
	bool has =
	    rd_kafka_conf_get(conf, key, NULL, &size) != RD_KAFKA_CONF_UNKNOWN;

	rd_kafka_conf_destroy(conf);
	return has;
}

bool
conf_is_workers_only(const char *key)
{
	for (size_t i = 0; i < sizeof workers_only / sizeof *workers_only; i++)
		if (strcmp(key, workers_only[i]) == 0)
			return true;
	return conf_is_harmful(key, library_has(key));
}

int
conf_check_overrides(const struct ps_config *connector, struct ps_error *err)
{
	static const char *const prefixes[] = { "producer.override.",
		"consumer.override.", "admin.override." };

	for (size_t i = 0; i < connector->count; i++)
		for (size_t p = 0; p < sizeof prefixes / sizeof *prefixes;
		     p++) {
			const char *key = connector->settings[i].key;
			const char *own = key + strlen(prefixes[p]);

			if (text_starts(key, prefixes[p]) &&
			    (conf_classify(own) == CONF_DENIED ||
				conf_is_workers_only(own)))
				return ps_fail(err, PS_E_CONFIG,
				    "%s is not for connectors to set: it runs "
				    "or reaches what their authors must not",
				    key);
		}
	return 0;
}
