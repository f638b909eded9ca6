/*
 * retry: how long a target asks to be left alone.
 */
#ifndef PENSTOCK_HTTP_RETRY_H
#define PENSTOCK_HTTP_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a Retry-After header line, seconds or a date: seconds from now, 0 when
 * that is over. false: another line, or neither; `seconds` stays. */
bool retry_after_line(const char *line, size_t len, int64_t *seconds);

#endif
