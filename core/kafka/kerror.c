#include "kafka/kerror.h"

#include <stdarg.h>
#include <stdio.h>

/* What is not here is an outage: someone or time may mend it. */
static const struct {
	rd_kafka_resp_err_t code;
	enum ps_code class;
} classes[] = {
	{ RD_KAFKA_RESP_ERR_NO_ERROR, PS_OK },
	{ RD_KAFKA_RESP_ERR__BAD_MSG, PS_E_DATA },
	{ RD_KAFKA_RESP_ERR__BAD_COMPRESSION, PS_E_DATA },
	{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, PS_E_DATA },
	{ RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, PS_E_DATA },
	{ RD_KAFKA_RESP_ERR_INVALID_MSG, PS_E_DATA },
	{ RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, PS_E_DATA },
	{ RD_KAFKA_RESP_ERR_INVALID_RECORD, PS_E_DATA },
	{ RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD, PS_E_DATA },
	{ RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, PS_E_DATA },
	{ RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, PS_E_DATA },
	{ RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, PS_E_DATA },
	{ RD_KAFKA_RESP_ERR__INVALID_ARG, PS_E_CONFIG },
	{ RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, PS_E_CONFIG },
	{ RD_KAFKA_RESP_ERR_INVALID_CONFIG, PS_E_CONFIG },
	{ RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, PS_E_CONFIG },
	{ RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, PS_E_CONFIG },
	{ RD_KAFKA_RESP_ERR_POLICY_VIOLATION, PS_E_CONFIG },
	{ RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, PS_E_CONFIG },
	{ RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT, PS_E_CONFIG },
	{ RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, PS_E_CONFIG },
	{ RD_KAFKA_RESP_ERR__FATAL, PS_E_FATAL },
	{ RD_KAFKA_RESP_ERR__FENCED, PS_E_FATAL },
	{ RD_KAFKA_RESP_ERR__STATE, PS_E_FATAL },
	{ RD_KAFKA_RESP_ERR__DESTROY, PS_E_FATAL },
	{ RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, PS_E_FATAL },
	{ RD_KAFKA_RESP_ERR_PRODUCER_FENCED, PS_E_FATAL },
	{ RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, PS_E_FATAL },
	{ RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, PS_E_FATAL },
	{ RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, PS_E_FATAL },
	{ RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, PS_E_FATAL },
	{ RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED, PS_E_FATAL },
};

enum ps_code
kerror_class(rd_kafka_resp_err_t code)
{
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (classes[i].code == code)
			return classes[i].class;
	return PS_E_RETRY;
}

int
kerror_fail(struct ps_error *err, rd_kafka_resp_err_t code, const char *fmt,
    ...)
{
	char what[PS_ERROR_TEXT / 2];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return ps_fail(err, kerror_class(code), "%s: %s (%s)", what,
	    rd_kafka_err2str(code), rd_kafka_err2name(code));
}

static enum ps_code
class_of(const rd_kafka_error_t *e)
{
	if (rd_kafka_error_is_fatal(e))
		return PS_E_FATAL;
	if (rd_kafka_error_is_retriable(e))
		return PS_E_RETRY;
	return kerror_class(rd_kafka_error_code(e));
}

int
kerror_take(struct ps_error *err, rd_kafka_error_t *e, const char *fmt, ...)
{
	char what[PS_ERROR_TEXT / 2];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	(void)ps_fail(err, class_of(e), "%s: %s (%s)", what,
	    rd_kafka_error_string(e), rd_kafka_error_name(e));
	rd_kafka_error_destroy(e);
	return -1;
}
