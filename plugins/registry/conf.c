#include "conf.h"

#include <stdlib.h>

#include <penstock/pem.h>

#define SUBJECT_PACKAGE "io.confluent.kafka.serializers.subject."

const char *const converter_types[] = { "key", "value", "header", NULL };

static const struct strategy {
	const char *name;
	enum subject_strategy strategy;
} strategies[] = {
	{ SUBJECT_PACKAGE "TopicNameStrategy", SUBJECT_TOPIC },
	{ SUBJECT_PACKAGE "RecordNameStrategy", SUBJECT_RECORD },
	{ SUBJECT_PACKAGE "TopicRecordNameStrategy", SUBJECT_TOPIC_RECORD },
	/* without an association it names subjects by topic */
	{ SUBJECT_PACKAGE "AssociatedNameStrategy", SUBJECT_TOPIC },
};

const char *const subject_strategies[] = { SUBJECT_PACKAGE "TopicNameStrategy",
	SUBJECT_PACKAGE "RecordNameStrategy",
	SUBJECT_PACKAGE "TopicRecordNameStrategy",
	SUBJECT_PACKAGE "AssociatedNameStrategy", NULL };

const char *
schema_kind_name(enum schema_kind kind)
{
	static const char *const names[] = { "AVRO", "JSON", "PROTOBUF" };

	return names[kind];
}

static int
read_urls(struct registry_conf *out, const struct ps_config *c,
    struct ps_arena *a, struct ps_error *err)
{
	struct ps_list list = ps_config_list(c, "schema.registry.url", a);
	const char **urls =
	    (const char **)ps_alloc(a, (list.count + 1) * sizeof(char *));

	for (size_t i = 0; i < list.count; i++) {
		size_t len = strlen(list.items[i]);

		if (strncmp(list.items[i], "http://", 7) != 0 &&
		    strncmp(list.items[i], "https://", 8) != 0)
			return ps_fail(err, PS_E_CONFIG,
			    "Invalid value %s for configuration "
			    "schema.registry.url: expected http:// or https:// "
			    "and a host",
			    list.items[i]);
		while (len > 0 && list.items[i][len - 1] == '/')
			len--;
		urls[i] = ps_strndup(a, list.items[i], len);
	}
	out->urls = (struct ps_list){ urls, list.count };
	return 0;
}

/* NULL when it is empty. */
static const char *
text_of(const struct ps_config *c, const char *key)
{
	return ps_config_has(c, key) ? ps_config_get(c, key) : NULL;
}

static int
read_user(struct registry_conf *out, const struct ps_config *c,
    struct ps_error *err)
{
	const char *source = ps_config_str(c, "basic.auth.credentials.source");

	if (strcasecmp(source, "USER_INFO") == 0) {
		out->user_info = text_of(c, "basic.auth.user.info");
		if (out->user_info == NULL)
			out->user_info =
			    text_of(c, "schema.registry.basic.auth.user.info");
		if (out->user_info != NULL &&
		    strchr(out->user_info, ':') != NULL)
			return 0;
		return ps_fail(err, PS_E_CONFIG,
		    "Invalid value for configuration basic.auth.user.info: "
		    "expected user:password, since "
		    "basic.auth.credentials.source is USER_INFO");
	}
	if (source[0] == '\0' || strcasecmp(source, "URL") == 0)
		return 0; /* http://user:password@host: curl knows */
	return ps_fail(err, PS_E_CONFIG,
	    "Invalid value %s for configuration "
	    "basic.auth.credentials.source: expected URL or USER_INFO",
	    source);
}

static int
read_token(struct registry_conf *out, const struct ps_config *c,
    struct ps_error *err)
{
	const char *source = ps_config_str(c, "bearer.auth.credentials.source");

	out->token = text_of(c, "bearer.auth.token");
	if (source[0] == '\0' || strcasecmp(source, "STATIC_TOKEN") == 0)
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "Invalid value %s for configuration "
	    "bearer.auth.credentials.source: expected STATIC_TOKEN",
	    source);
}

static char *
own(const char *text)
{
	char *p = text == NULL ? NULL : strdup(text);

	if (text != NULL && p == NULL)
		abort();
	return p;
}

int
conf_renew(struct registry_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	struct registry_conf now = { 0 };

	if (read_user(&now, c, err) != 0 || read_token(&now, c, err) != 0)
		return -1;
	conf_fini(conf);
	conf->user_info = conf->own_user_info = own(now.user_info);
	conf->token = conf->own_token = own(now.token);
	return 0;
}

void
conf_fini(struct registry_conf *conf)
{
	free(conf->own_user_info);
	free(conf->own_token);
	conf->own_user_info = conf->own_token = NULL;
}

static int
read_type(const struct ps_config *c, const char *key, struct ps_error *err)
{
	const char *type = ps_config_str(c, key);

	if (type[0] == '\0' || strcasecmp(type, "PEM") == 0)
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "Invalid value %s for configuration %s: expected PEM (keytool "
	    "-importkeystore -deststoretype PKCS12, then openssl pkcs12 -nodes "
	    "makes one)",
	    type, key);
}

static int
read_tls(struct registry_conf *out, const struct ps_config *c,
    struct ps_error *err)
{
	out->ca_file = text_of(c, "schema.registry.ssl.truststore.location");
	out->ca_text =
	    text_of(c, "schema.registry.ssl.truststore.certificates");
	out->client_file = text_of(c, "schema.registry.ssl.keystore.location");
	out->client_word = text_of(c, "schema.registry.ssl.key.password");
	out->any_host = !ps_config_has(c,
	    "schema.registry.ssl.endpoint.identification.algorithm");
	if (read_type(c, "schema.registry.ssl.truststore.type", err) < 0 ||
	    read_type(c, "schema.registry.ssl.keystore.type", err) < 0)
		return -1;
	if (ps_pem_check(c, "schema.registry.ssl.truststore.location", false,
		err) != 0 ||
	    ps_pem_check(c, "schema.registry.ssl.keystore.location", true,
		err) != 0)
		return -1;
	return 0;
}

static void
read_strategy(struct registry_conf *out, const struct ps_config *c)
{
	const char *key = out->is_key ? "key.subject.name.strategy"
				      : "value.subject.name.strategy";
	const char *name = ps_config_str(c, key);

	for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++)
		if (strcmp(strategies[i].name, name) == 0)
			out->strategy = strategies[i].strategy;
	out->strategy_name = name;
}

static void
read_proxy(struct registry_conf *out, const struct ps_config *c,
    struct ps_arena *a)
{
	const char *host = text_of(c, "proxy.host");
	int64_t port = ps_config_int(c, "proxy.port");

	if (host != NULL)
		out->proxy = port < 0 ? ps_printf(a, "http://%s", host)
				      : ps_printf(a, "http://%s:%lld", host,
					    (long long)port);
}

const struct ps_schema *
conf_intern(const struct registry_conf *c, const struct ps_schema *draft)
{
	return c->host->intern(c->host, draft);
}

/* Executors have parameters under names of their own. */
static int
refuse_rules(const struct ps_config *c, struct ps_error *err)
{
	static const char *const starts[] = { "rule.executors.",
		"rule.actions." };

	for (size_t i = 0; i < c->count; i++)
		for (size_t n = 0; n < sizeof starts / sizeof *starts; n++)
			if (strncmp(c->settings[i].key, starts[n],
				strlen(starts[n])) == 0)
				return ps_fail(err, PS_E_CONFIG,
				    "Invalid value for configuration %s: rules "
				    "of the registry are not run, so fields "
				    "that they encrypt would be written and "
				    "read as they are; leave it out, and "
				    "encrypt or mask by a transform",
				    c->settings[i].key);
	return 0;
}

int
conf_read(struct registry_conf *out, const struct ps_host *h,
    const struct ps_config *c, struct ps_arena *a, struct ps_error *err)
{
	*out = (struct registry_conf){ .host = h };
	out->is_key = strcmp(ps_config_str(c, "converter.type"), "key") == 0;
	out->connect_ms = ps_config_int(c, "http.connect.timeout.ms");
	out->read_ms = ps_config_int(c, "http.read.timeout.ms");
	out->retries = ps_config_int(c, "max.retries");
	out->retry_ms = ps_config_int(c, "retries.wait.ms");
	out->retry_max_ms = ps_config_has(c, "retries.max.wait.ms")
				? ps_config_int(c, "retries.max.wait.ms")
				: ps_retry_max_ms(out->retry_ms);
	out->allow_link_local =
	    ps_config_bool(c, "schema.registry.allow.link.local");
	out->auto_register = ps_config_bool(c, "auto.register.schemas");
	out->use_latest = ps_config_bool(c, "use.latest.version");
	out->use_id = ps_config_int(c, "use.schema.id");
	out->normalize = ps_config_bool(c, "normalize.schemas");
	out->id_strict = ps_config_bool(c, "id.compatibility.strict");
	out->latest_strict = ps_config_bool(c, "latest.compatibility.strict");
	read_strategy(out, c);
	read_proxy(out, c, a);
	if (refuse_rules(c, err) < 0 || read_urls(out, c, a, err) < 0 ||
	    read_user(out, c, err) < 0 || read_token(out, c, err) < 0 ||
	    read_tls(out, c, err) < 0)
		return -1;
	return 0;
}
