/*
 * kerror: librdkafka's error codes as ours.
 *
 * Outages (no broker, no leader, throttled, time-outs) are PS_E_RETRY, what
 * is wrong with one record is PS_E_DATA, refused credentials and unknown
 * topics are PS_E_RETRY as well (someone may mend them), wrong settings are
 * PS_E_CONFIG, a client that can do no more (fenced, fatal) is PS_E_FATAL.
 */
#ifndef PENSTOCK_KAFKA_KERROR_H
#define PENSTOCK_KAFKA_KERROR_H

#include <librdkafka/rdkafka.h>

#include <penstock/error.h>

enum ps_code kerror_class(rd_kafka_resp_err_t code);
/* "<fmt>: <librdkafka's text> (<its name>)". Always -1. */
PS_PRINTF(3, 4)
int kerror_fail(struct ps_error *err, rd_kafka_resp_err_t code, const char *fmt,
    ...);
/* The same of an error object, which it destroys. */
PS_PRINTF(3, 4)
int
kerror_take(struct ps_error *err, rd_kafka_error_t *e, const char *fmt, ...);

#endif
