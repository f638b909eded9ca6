/*
 * conf_work: the translation of one configuration, while it goes on.
 *
 * Private to conf*.c. A row's function reads one Java key and sets any
 * number of librdkafka's properties.
 */
#ifndef PENSTOCK_KAFKA_CONF_WORK_H
#define PENSTOCK_KAFKA_CONF_WORK_H

#include "kafka/conf.h"

struct conf_work {
	struct ps_arena *a;
	enum conf_client client;
	const struct ps_config *java;
	struct conf *out;
	struct ps_setting *props;
	size_t count, room;
};

void conf_set(struct conf_work *w, const char *property, const char *value);
const char *conf_get(const struct conf_work *w, const char *property);
/* "<key>: <value> …": PS_E_CONFIG, the value cut to a sane length. */
int conf_refuse(const struct conf_row *row, const char *value,
    const char *expected, struct ps_error *err);

/* Rows' functions. */
conf_fn conf_bytes_or_system; /* -1 is the system's choice: 0 */
conf_fn conf_at_least_one;
conf_fn conf_idle;
conf_fn conf_delivery_timeout;
conf_fn conf_request_timeout;
conf_fn conf_metadata_age;
conf_fn conf_buffer_memory;
conf_fn conf_max_poll_records;
conf_fn conf_offset_reset;
conf_fn conf_assignors;
conf_fn conf_compression_level;
conf_fn conf_ignore_keys;
conf_fn conf_exclude_internal;
conf_fn conf_grant_type;
conf_fn conf_oidc;
conf_fn conf_jaas;
conf_fn conf_ciphers;
conf_fn conf_keystore;
conf_fn conf_truststore;
conf_fn conf_endpoint_identification;

#endif
