/*
 * validate_clients: producer.override.*, consumer.override.*, admin.override.*.
 *
 * Each key is looked at by itself: whether the worker's policy lets connectors
 * set it, whether it reaches what only the worker's own file may, and whether
 * there is a librdkafka setting for it.
 */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "config/map.h"
#include "kafka/conf.h"
#include "validate/validate_impl.h"

#define POLICY      "connector.client.config.override.policy"
#define ALLOWLIST   "connector.client.config.override.allowlist"
#define POLICY_JAVA "ConnectorClientConfigOverridePolicy"

/* The clients that are made with a prefix's keys, by the connector's kind. */
static const struct prefix {
	const char *prefix;
	enum conf_client client;
	enum conf_use source, sink;
} prefixes[] = {
	{ "producer.override.", CONF_PRODUCER, CONF_SOURCE, CONF_DEAD_LETTER },
	{ "consumer.override.", CONF_CONSUMER, CONF_OFFSETS, CONF_SINK },
	{ "admin.override.", CONF_ADMIN, CONF_ADMINISTRATION,
	    CONF_ADMINISTRATION },
};

/* ---- the policy -------------------------------------------------------- */

typedef bool allow_fn(const struct validation *v, const char *key);

static bool
allow_all(const struct validation *v, const char *key)
{
	(void)v;
	(void)key;
	return true;
}

static bool
allow_principal(const struct validation *v, const char *key)
{
	static const char *const keys[] = { "sasl.jaas.config",
		"sasl.mechanism", "security.protocol" };

	(void)v;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static bool
allow_listed(const struct validation *v, const char *key)
{
	struct ps_list list = ps_config_list(&v->s->worker, ALLOWLIST, v->a);

	for (size_t i = 0; i < list.count; i++)
		if (strcmp(list.items[i], key) == 0)
			return true;
	return false;
}

/* What is not in the table allows nothing: so does None. */
static const struct {
	const char *name;
	allow_fn *allows;
} policies[] = {
	{ "All", allow_all },
	{ "Principal", allow_principal },
	{ "Allowlist", allow_listed },
};

/* By its short name, or that of Java's class with or without its package. */
static bool
is_called(const char *policy, const char *name)
{
	const char *dot = strrchr(policy, '.');
	size_t len = strlen(name);

	if (dot != NULL)
		policy = dot + 1;
	return strncmp(policy, name, len) == 0 &&
	       (policy[len] == '\0' || strcmp(policy + len, POLICY_JAVA) == 0);
}

static bool
policy_allows(const struct validation *v, const char *policy, const char *key)
{
	for (size_t i = 0; i < sizeof policies / sizeof *policies; i++)
		if (is_called(policy, policies[i].name))
			return policies[i].allows(v, key);
	return false;
}

/* ---- one key ----------------------------------------------------------- */

struct override {
	const struct prefix *prefix;
	const struct ps_setting *setting;
	const char *key; /* without the prefix */
};

/* With all of the connector's settings, or with only one of the prefix. */
static int
translate(struct validation *v, const struct prefix *p,
    const struct ps_config *connector, struct ps_error *err)
{
	const struct conf_owner owner = { &v->s->worker, connector,
		v->s->connector, 0 };
	bool sink = v->class->class->kind == PS_KIND_SINK;
	struct ps_config settings =
	    conf_settings(v->a, sink ? p->sink : p->source, &owner);
	struct conf conf;

	return conf_translate(v->a, p->client, &settings, &conf, err);
}

static bool
check_one(struct validation *v, const struct override *o)
{
	const char *policy = ps_config_str(&v->s->worker, POLICY);
	struct ps_config alone = { o->setting, 1 };
	struct ps_error err = { 0 };

	if (policy[0] != '\0' && !policy_allows(v, policy, o->key))
		def_error(v->result, o->setting->key,
		    "The '%s' policy does not allow '%s' to be overridden in "
		    "the connector configuration.",
		    policy, o->key);
	else if (conf_is_workers_only(o->key))
		def_error(v->result, o->setting->key,
		    "%s is for the worker's file alone: it reaches what a "
		    "connector's author must not",
		    o->setting->key);
	else if (translate(v, o->prefix, &alone, &err) != 0)
		def_error(v->result, o->setting->key, "%s", err.text);
	else
		return true;
	return false;
}

/* Each is right by itself: are they together? */
static void
check_together(struct validation *v, const struct prefix *p,
    const struct override *some)
{
	struct ps_error err = { 0 };

	if (translate(v, p, &v->config, &err) != 0)
		def_error(v->result, some->setting->key, "%s", err.text);
}

void
validate_clients(struct validation *v)
{
	for (size_t p = 0; p < sizeof prefixes / sizeof *prefixes; p++) {
		struct override o = { .prefix = &prefixes[p] };
		size_t len = strlen(o.prefix->prefix), count = 0;
		bool good = true;

		for (size_t i = 0; i < v->config.count; i++) {
			const struct ps_setting *s = &v->config.settings[i];

			if (!text_starts(s->key, o.prefix->prefix))
				continue;
			o.setting = s;
			o.key = s->key + len;
			good = check_one(v, &o) && good;
			count++;
		}
		if (count > 0 && good)
			check_together(v, o.prefix, &o);
	}
}
