/*
 * error: what went wrong, for the caller and for people.
 *
 * A function that can fail returns -1 (or NULL) and fills the `struct ps_error`
 * of its caller. The code is what the caller acts on; the text is for people:
 * it names the thing, its value and what was expected, without a final period.
 * The first failure wins: filling a filled error changes nothing.
 */
#ifndef PENSTOCK_ERROR_H
#define PENSTOCK_ERROR_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum ps_code {
	PS_OK = 0,
	PS_E_CONFIG, /* a configuration is wrong: no retry will help */
	PS_E_DATA,   /* this record is bad: its neighbours may be good */
	PS_E_RETRY,  /* an outage: the same call may succeed later */
	PS_E_FATAL,  /* this instance can do no more: end the task */
	PS_E_GAP,    /* records are gone, the text says which: people decide */
};

/* So long at the most until what is down is tried again, unless somebody asked
 * for more: it is in use again within ten seconds, attempts included. */
#define PS_RETRY_MAX_MS 5000

/* As long as that, or as the first pause that was asked for. */
static inline int64_t
ps_retry_max_ms(int64_t first_ms)
{
	return first_ms > PS_RETRY_MAX_MS ? first_ms : PS_RETRY_MAX_MS;
}

#define PS_ERROR_TEXT 1024

struct ps_error {
	enum ps_code code;
	char text[PS_ERROR_TEXT];
};

#define PS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

PS_PRINTF(3, 0)
static inline void
ps_vfail(struct ps_error *err, enum ps_code code, const char *fmt, va_list ap)
{
	if (err == NULL || err->code != PS_OK)
		return;
	err->code = code;
	(void)vsnprintf(err->text, sizeof err->text, fmt, ap);
}

/* Fills `err` unless it is filled. Always -1, so `return ps_fail(...)`. */
PS_PRINTF(3, 4)
static inline int
ps_fail(struct ps_error *err, enum ps_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ps_vfail(err, code, fmt, ap);
	va_end(ap);
	return -1;
}

/* Puts "where: " before the text on the way up. Always -1. */
PS_PRINTF(2, 3)
static inline int
ps_fail_in(struct ps_error *err, const char *fmt, ...)
{
	char text[PS_ERROR_TEXT];
	size_t used;
	va_list ap;
	int n;

	if (err == NULL)
		return -1;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	used = n < 0                     ? 0
	       : (size_t)n < sizeof text ? (size_t)n
					 : sizeof text - 1;
	n = snprintf(text + used, sizeof text - used, ": %s", err->text);
	if (n > 0) /* what is too long is cut */
		memcpy(err->text, text, sizeof text);
	return -1;
}

/* Makes an error reusable for the next call. */
static inline void
ps_error_clear(struct ps_error *err)
{
	err->code = PS_OK;
	err->text[0] = '\0';
}

#endif
