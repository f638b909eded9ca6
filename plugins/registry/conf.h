/*
 * conf: the settings that all converters with a registry have.
 *
 * REGISTRY_KEYS are the rows of their key tables; conf_read makes of a
 * validated map what the client and the converters look at. Texts are
 * borrowed from the map, which lives as long as the converter.
 */
#ifndef PENSTOCK_REGISTRY_CONF_H
#define PENSTOCK_REGISTRY_CONF_H

#include <penstock/converter.h>

#include "pool.h"

enum subject_strategy {
	SUBJECT_TOPIC,        /* <topic>-key, <topic>-value */
	SUBJECT_RECORD,       /* <record's full name> */
	SUBJECT_TOPIC_RECORD, /* <topic>-<record's full name> */
};

enum schema_kind { SCHEMA_AVRO, SCHEMA_JSON, SCHEMA_PROTOBUF };

struct registry_conf {
	const struct ps_host *host;
	enum schema_kind kind;
	bool is_key;
	struct ps_list urls; /* without a slash at the end */
	const char *user_info, *token;
	char *own_user_info, *own_token; /* since conf_renew, free() them */
	const char *ca_file, *ca_text;
	const char *client_file, *client_word;
	bool any_host; /* the certificate's name does not matter */
	bool allow_link_local;
	const char *proxy;
	int64_t connect_ms, read_ms;
	int64_t retries, retry_ms, retry_max_ms;
	bool auto_register, use_latest, normalize;
	bool id_strict, latest_strict;
	int64_t use_id; /* -1: none */
	enum subject_strategy strategy;
	const char *strategy_name;
	size_t cache_size;
};

/* The host's schema that is like the draft. */
const struct ps_schema *
conf_intern(const struct registry_conf *c, const struct ps_schema *draft);
/* -1: PS_E_CONFIG and the key that is wrong. `a` lives as long as `out`. */
int conf_read(struct registry_conf *out, const struct ps_host *h,
    const struct ps_config *c, struct ps_arena *a, struct ps_error *err);
/* Other credentials, copied. -1: nothing has changed. */
int conf_renew(struct registry_conf *conf, const struct ps_config *c,
    struct ps_error *err);
void conf_fini(struct registry_conf *conf);
/* "AVRO", as the registry calls it. */
const char *schema_kind_name(enum schema_kind kind);

extern const char *const converter_types[];
extern const char *const subject_strategies[];

#define TEXT_KEY(key, default_text, how_important, what)     \
	{                                                    \
		.name = (key), .type = PS_KEY_STRING,        \
		.default_value = (default_text),             \
		.importance = (how_important), .doc = (what) \
	}
#define SECRET_KEY(key, its_flags, what)                                     \
	{                                                                    \
		.name = (key), .type = PS_KEY_PASSWORD,                      \
		.importance = PS_MEDIUM, .flags = (its_flags), .doc = (what) \
	}
#define FLAG_KEY(key, default_text, what)                                 \
	{                                                                 \
		.name = (key), .type = PS_KEY_BOOLEAN,                    \
		.default_value = (default_text), .importance = PS_MEDIUM, \
		.doc = (what)                                             \
	}
#define NUMBER_KEY(key, default_text, least, what)                     \
	{                                                              \
		.name = (key), .type = PS_KEY_INT,                     \
		.default_value = (default_text), .importance = PS_LOW, \
		.flags = PS_HAS_MIN, .min = (least), .doc = (what)     \
	}
#define STRATEGY_KEY(key)                                                  \
	{                                                                  \
		.name = (key), .type = PS_KEY_STRING,                      \
		.default_value = "io.confluent.kafka.serializers.subject." \
				 "TopicNameStrategy",                      \
		.importance = PS_MEDIUM, .choices = subject_strategies,    \
		.doc = "How the subject is named under which a schema is " \
		       "registered."                                       \
	}

/* clang-format off */
#define REGISTRY_KEYS                                                        \
	{ .name = "converter.type",                                          \
	    .type = PS_KEY_STRING,                                           \
	    .default_value = "value",                                        \
	    .importance = PS_LOW,                                            \
	    .doc = "How this converter will be used.",                       \
	    .choices = converter_types },                                    \
	{ .name = "schema.registry.url",                                     \
	    .type = PS_KEY_LIST,                                             \
	    .importance = PS_HIGH,                                           \
	    .flags = PS_REQUIRED | PS_NOT_EMPTY,                             \
	    .doc = "Addresses of the registry, separated by commas; the "    \
		   "next is asked when one does not answer." },              \
	FLAG_KEY("auto.register.schemas", "true",                            \
	    "Register a schema that the registry does not have."),           \
	FLAG_KEY("use.latest.version", "false",                              \
	    "Write with the subject's latest schema."),                      \
	NUMBER_KEY("use.schema.id", "-1", -1,                                \
	    "Write with the schema of this id; -1: none."),                  \
	FLAG_KEY("normalize.schemas", "false",                               \
	    "Let the registry normalize a schema before it looks it up."),   \
	FLAG_KEY("latest.compatibility.strict", "true",                      \
	    "A record has no field that the latest schema lacks."),          \
	FLAG_KEY("id.compatibility.strict", "true",                          \
	    "A record has no field that the schema of use.schema.id lacks."),\
	STRATEGY_KEY("key.subject.name.strategy"),                           \
	STRATEGY_KEY("value.subject.name.strategy"),                         \
	TEXT_KEY("basic.auth.credentials.source", "URL", PS_MEDIUM,          \
	    "Where user and password stand: URL or USER_INFO."),             \
	SECRET_KEY("basic.auth.user.info", PS_RENEWABLE, "user:password"),   \
	SECRET_KEY("schema.registry.basic.auth.user.info", PS_RENEWABLE,     \
	    "The older name of basic.auth.user.info."),                      \
	TEXT_KEY("bearer.auth.credentials.source", "STATIC_TOKEN",           \
	    PS_MEDIUM, "Where the token stands: STATIC_TOKEN."),             \
	SECRET_KEY("bearer.auth.token", PS_RENEWABLE,                        \
	    "A token that is sent as it is."),                               \
	TEXT_KEY("schema.registry.ssl.truststore.location", NULL,            \
	    PS_MEDIUM, "Authorities that are trusted, a PEM file."),         \
	TEXT_KEY("schema.registry.ssl.truststore.certificates", NULL,        \
	    PS_MEDIUM, "Authorities that are trusted, as PEM text."),        \
	TEXT_KEY("schema.registry.ssl.truststore.type", "PEM", PS_LOW,       \
	    "PEM."),                                                         \
	TEXT_KEY("schema.registry.ssl.keystore.location", NULL, PS_MEDIUM,   \
	    "The client's certificate and key, a PEM file."),                \
	TEXT_KEY("schema.registry.ssl.keystore.type", "PEM", PS_LOW,         \
	    "PEM."),                                                         \
	SECRET_KEY("schema.registry.ssl.key.password", 0,                    \
	    "The password of the client's key."),                            \
	TEXT_KEY("schema.registry.ssl.endpoint.identification.algorithm",    \
	    "https", PS_LOW,                                                 \
	    "https: the certificate is for the host; empty: any is."),       \
	FLAG_KEY("schema.registry.allow.link.local", "false",                \
	    "Allow link-local and metadata addresses (169.254.0.0/16, "      \
	    "fe80::/10, fd00:ec2::254 and the like)."),                      \
	TEXT_KEY("proxy.host", NULL, PS_LOW, "A proxy's name."),             \
	NUMBER_KEY("proxy.port", "-1", -1, "A proxy's port."),               \
	NUMBER_KEY("http.connect.timeout.ms", "60000", 1,                    \
	    "How long connecting may take."),                                \
	NUMBER_KEY("http.read.timeout.ms", "60000", 1,                       \
	    "How long an answer may take."),                                 \
	NUMBER_KEY("max.retries", "3", 0,                                    \
	    "How often a request that failed is sent again before the "      \
	    "record waits for errors.retry.timeout or the task's restart."), \
	NUMBER_KEY("retries.wait.ms", "1000", 0,                             \
	    "The first wait between two tries; it doubles, with jitter."),   \
	NUMBER_KEY("retries.max.wait.ms", NULL, 0,                           \
	    "The longest wait between two tries: 5000, or the first where "  \
	    "that is more.")
/* clang-format on */

#endif
