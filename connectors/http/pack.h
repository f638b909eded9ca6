/*
 * pack: records of one Kafka partition that share a request.
 *
 * It owns copies of all that a record needs to be sent, and to be reported
 * when the endpoint refuses it. Records [from, to) are on their way; when a
 * range is refused it is halved until the bad records stand alone.
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_PACK_H
#define PENSTOCK_CONNECTORS_HTTP_PACK_H

#include <penstock/record.h>

#include "conf.h"

struct item {
	size_t value, value_len; /* as it goes into a body */
	size_t raw, raw_len;     /* value, key and headers as consumed */
	size_t key, key_len;
	size_t headers, header_count; /* name, raw; see pack.c */
	bool has_raw, has_key;
	int64_t offset, timestamp;
};

struct pack {
	struct pack *next;
	struct item *items;
	size_t count, room;
	char *data;
	size_t len, data_room;
	int64_t since_ms; /* when its first record came */
	bool is_closed;   /* no more records come */
	int64_t mark;     /* to be stored before it is sent, 0: none */
	int64_t asked_ms; /* for that, last */
	size_t from, to;
};

struct text {
	char *data;
	size_t len, room;
};

struct pack *pack_new(int64_t now_ms);
void pack_free(struct pack **pp);
/* -1 and PS_E_DATA when such a value cannot be sent. */
int pack_add(struct pack *p, const struct http_conf *conf,
    const struct ps_record *r, struct ps_error *err);
/* The body for [from, to). */
void
pack_body(const struct pack *p, const struct http_conf *conf, struct text *out);
/* The record again, as far as a report needs it; `headers` has room for its
 * headers. */
struct ps_record pack_record(const struct pack *p, size_t i, const char *topic,
    int32_t partition, struct ps_header *headers);
/* [from, to) is settled: what to send next; false when nothing is left. */
bool pack_next(struct pack *p);
/* [from, to) was refused: true when it could be halved. */
bool pack_halve(struct pack *p);

void text_add(struct text *t, const char *data, size_t len);

#endif
