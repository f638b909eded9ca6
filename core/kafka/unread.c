#include "kafka/unread.h"

#include <inttypes.h>
#include <stdio.h>

#define WHERE_ROOM 32

#define DAMAGED                                                        \
	"let a replica that is whole lead the partition, or move the " \
	"position "                                                    \
	"past it"
#define UNKNOWN                                                          \
	"this build cannot read it: let a newer one do it, or move the " \
	"position past it"
#define TOO_LARGE \
	"raise receive.message.max.bytes and fetch.max.bytes of the consumer"

/* What is not here is asked for again, from where it was. */
static const struct {
	rd_kafka_resp_err_t code;
	enum unread what;
	enum ps_code class;
	const char *way_out;
} rows[] = {
	{ RD_KAFKA_RESP_ERR__PARTITION_EOF, UNREAD_END, PS_OK, NULL },
	{ RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, UNREAD_RESET, PS_OK, NULL },
	/* Its checksum or its form is wrong: the next fetch passes over it. */
	{ RD_KAFKA_RESP_ERR__BAD_MSG, UNREAD_STOP, PS_E_DATA, DAMAGED },
	{ RD_KAFKA_RESP_ERR__BAD_COMPRESSION, UNREAD_STOP, PS_E_DATA, DAMAGED },
	/* The broker has found it. */
	{ RD_KAFKA_RESP_ERR_INVALID_MSG, UNREAD_STOP, PS_E_DATA, DAMAGED },
	{ RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, UNREAD_STOP, PS_E_DATA, UNKNOWN },
	{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, UNREAD_STOP, PS_E_CONFIG,
	    TOO_LARGE },
	/* Told once, then never again. */
	{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, UNREAD_STOP, PS_E_RETRY,
	    "give the client's user the right to READ it" },
};

static void
explain(enum ps_code class, rd_kafka_resp_err_t code,
    const struct unread_at *at, const char *way_out, struct ps_error *why)
{
	char where[WHERE_ROOM] = "";

	if (at->offset >= 0)
		(void)snprintf(where, sizeof where, " at offset %" PRId64,
		    at->offset);
	(void)ps_fail(why, class,
	    "topic %.249s, partition %d cannot be read%s: %.300s (%s): %s",
	    at->topic, (int)at->partition, where, at->text,
	    rd_kafka_err2name(code), way_out);
}

enum unread
unread_judge(rd_kafka_resp_err_t code, const struct unread_at *at,
    struct ps_error *why)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].code != code)
			continue;
		if (rows[i].what == UNREAD_STOP)
			explain(rows[i].class, code, at, rows[i].way_out, why);
		return rows[i].what;
	}
	explain(PS_E_RETRY, code, at, "it is tried again", why);
	return UNREAD_WAIT;
}
