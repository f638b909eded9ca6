#include "worker/when.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

/* ".5", ".123456": what is beyond a millisecond is cut off. */
static const char *
take_fraction(const char *p, int64_t *ms)
{
	int64_t unit = 100;

	if (*p != '.')
		return p;
	for (p++; isdigit((unsigned char)*p); p++) {
		*ms += (*p - '0') * unit;
		unit /= 10;
	}
	return p;
}

static int
parse_text(const char *text, int64_t *ms)
{
	struct tm tm = { 0 };
	const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (p == NULL)
		return -1;
	*ms = (int64_t)timegm(&tm) * 1000;
	p = take_fraction(p, ms);
	return strcmp(p, "Z") == 0 && *ms >= 0 ? 0 : -1;
}

int
when_parse(const json_t *value, int64_t *ms, struct ps_error *err)
{
	const char *text = json_string_value(value);

	*ms = json_integer_value(value);
	if (json_is_integer(value) && *ms >= 0)
		return 0;
	if (text != NULL && parse_text(text, ms) == 0)
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "timestamp: %s is neither milliseconds since 1970 nor UTC like "
	    "2026-11-28T23:35:00Z",
	    text == NULL ? "it" : text);
}
