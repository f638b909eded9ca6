/*
 * conf: Java's client configuration in librdkafka's words.
 *
 * One table knows every key of Java's producer, consumer and admin client:
 * translated, harmless (logged once) or refused with the way out. What is
 * only librdkafka's passes when the second table allows it.
 */
#ifndef PENSTOCK_KAFKA_CONF_H
#define PENSTOCK_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>

#include <penstock/config.h>
#include <penstock/error.h>

enum conf_client {
	CONF_PRODUCER = 1 << 0,
	CONF_CONSUMER = 1 << 1,
	CONF_ADMIN = 1 << 2,
};

/* What a client is for decides what Connect gives it (connect-facts 2.3). */
enum conf_use {
	CONF_SOURCE,         /* producer of a source task */
	CONF_SOURCE_EOS,     /* the same, transactional */
	CONF_DEAD_LETTER,    /* producer of a dead letter topic */
	CONF_SINK,           /* consumer of a sink task */
	CONF_OFFSETS,        /* producer and reader of a task's own offsets */
	CONF_ADMINISTRATION, /* admin client of a connector */
	CONF_INTERNAL,       /* the worker's own clients */
};

struct conf_owner {
	const struct ps_config *worker;
	const struct ps_config *connector; /* NULL: none */
	const char *name;                  /* of the connector */
	int task;                          /* -1: none */
};

/* The settings of such a client, in Java's keys: Connect's defaults, then the
 * worker's `producer.`, `consumer.` or `admin.`, then the connector's
 * `….override.`. Memory from `a`. */
struct ps_config conf_settings(struct ps_arena *a, enum conf_use use,
    const struct conf_owner *owner);

/* How a key is dealt with. */
enum conf_fate {
	CONF_TRANSLATED,
	CONF_HARMLESS, /* has no meaning here and changes nothing that arrives
			*/
	CONF_REFUSED,
};

struct conf_row {
	const char *key;
	enum conf_fate fate;
	const char *to;  /* librdkafka's property, NULL: see conf.c */
	const char *say; /* why harmless, or the way out when refused */
};

/* The table, for tests and documentation. */
const struct conf_row *conf_rows(size_t *count);
const struct conf_row *conf_find(const char *key);
/* Of librdkafka's own properties: may a user set it? -1: not classified. */
int conf_is_allowed(const char *property);

/* What the settings came to. */
struct conf {
	struct ps_config properties; /* librdkafka's, sorted */
	const char *ca_pem;          /* set beside them, NULL: none */
	size_t buffer_bytes;         /* buffer.memory */
	size_t max_poll_records;     /* 0: not given */
	const char *reset;           /* auto.offset.reset: earliest … none */
};

/* PS_E_CONFIG names the key, its value and the way out. Memory from `a`. */
int conf_translate(struct ps_arena *a, enum conf_client client,
    const struct ps_config *java, struct conf *out, struct ps_error *err);
/* A configuration object for rd_kafka_new, with the events, the socket
 * callback and the log queue that all our clients have. NULL on error. */
rd_kafka_conf_t *conf_make(const struct conf *c, struct ps_error *err);

/* Refuses a librdkafka older than 2.14. */
int conf_check_library(struct ps_error *err);

#endif
