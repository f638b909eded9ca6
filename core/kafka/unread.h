/*
 * unread: what a partition gave in place of a record, and what that means.
 *
 * librdkafka tells it as the error of a message or an event, and goes on
 * behind some of it. Here is the one place that says which errors are
 * records that cannot be read: nothing of the partition behind them counts.
 */
#ifndef PENSTOCK_KAFKA_UNREAD_H
#define PENSTOCK_KAFKA_UNREAD_H

#include <librdkafka/rdkafka.h>

#include <penstock/error.h>

enum unread {
	UNREAD_END,   /* of the partition, for now */
	UNREAD_RESET, /* the offset is not there */
	UNREAD_WAIT,  /* an outage: librdkafka asks again for the same */
	UNREAD_STOP,  /* PS_E_RETRY in `why`: someone may mend it */
};

struct unread_at {
	const char *topic;
	int32_t partition;
	int64_t offset;   /* of what cannot be read, < 0: not known */
	const char *text; /* librdkafka's */
};

/* Fills `why` for WAIT and STOP: where, the cause and the way out. */
enum unread unread_judge(rd_kafka_resp_err_t code, const struct unread_at *at,
    struct ps_error *why);

#endif
