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

/* Of an exactly-once source task, as Connect names it. */
const char *conf_transactional_id(struct ps_arena *a,
    const struct ps_config *worker, const char *connector, int task);

/* How a key is dealt with. */
enum conf_fate {
	CONF_TRANSLATED,
	CONF_HARMLESS, /* has no meaning here and changes nothing that arrives
			*/
	CONF_REFUSED,  /* unless its value is one of `accepted` */
};

struct conf_work;
struct conf_row;
typedef int conf_fn(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err);

struct conf_row {
	const char *key;
	unsigned clients; /* enum conf_client */
	enum conf_fate fate;
	const char *to;       /* librdkafka's property */
	conf_fn *fn;          /* how, NULL: the value as it stands */
	const char *say;      /* harmless: why; refused: the way out */
	const char *accepted; /* values, separated by blanks; NULL: none */
};

/* The table, for tests and documentation. */
const struct conf_row *conf_rows(size_t *count);
/* The row of a key for that client, NULL: not one of its keys. */
const struct conf_row *conf_find(const char *key, unsigned clients);

/* librdkafka's own properties, those that Java does not have. */
enum conf_class {
	CONF_UNKNOWN,
	CONF_ALLOWED,
	CONF_OURS,   /* we decide it */
	CONF_DENIED, /* runs or reads what a configuration must not */
};
enum conf_class conf_classify(const char *property);

/* What the settings came to. */
struct conf {
	struct ps_config properties; /* librdkafka's, sorted */
	enum conf_client client;
	size_t buffer_bytes;     /* buffer.memory */
	size_t max_poll_records; /* 0: not given */
	const char *reset;       /* auto.offset.reset: earliest latest none */
};

/* PS_E_CONFIG names the key, its value and the way out. Memory from `a`. */
int conf_translate(struct ps_arena *a, enum conf_client client,
    const struct ps_config *java, struct conf *out, struct ps_error *err);
/* May only the worker's own file set it? A connector's `producer.override.`
 * and the like must not run code, or read or reach what the worker's rights
 * allow. */
bool conf_is_workers_only(const char *key);
/* Of what no table knows: has the linked library it, or does it name code? */
bool conf_is_harmful(const char *key, bool in_library);
/* No key of the connector's overrides is such a one. */
int
conf_check_overrides(const struct ps_config *connector, struct ps_error *err);

/* The client, with the events, the log queue and the socket callback that
 * all of ours have. NULL on error. Its main queue is to be served. */
rd_kafka_t *conf_open(const struct conf *c, struct ps_error *err);
/* The same of librdkafka's own settings, which are the client's from then on.
 * One that might not get its threads is not made: without them librdkafka
 * stands still for ever, or ends the process. PS_E_RETRY then. */
rd_kafka_t *
conf_make(rd_kafka_type_t type, rd_kafka_conf_t *k, struct ps_error *err);
/* Logs a log event; for the loops that serve a client's main queue. */
void conf_log(rd_kafka_event_t *ev);

/* Refuses a librdkafka older than 2.14. */
int conf_check_library(struct ps_error *err);

#endif
