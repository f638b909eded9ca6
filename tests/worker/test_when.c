#include "worker/when.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const struct {
	const char *json;
	int64_t ms; /* -1: refused */
} cases[] = {
	{ "0", 0 },
	{ "1700000000123", 1700000000123 },
	{ "-1", -1 },
	{ "1.5", -1 },
	{ "null", -1 },
	{ "\"1970-01-01T00:00:00Z\"", 0 },
	{ "\"2023-11-14T22:13:20Z\"", 1700000000000 },
	{ "\"2023-11-14T22:13:20.5Z\"", 1700000000500 },
	{ "\"2023-11-14T22:13:20.123999Z\"", 1700000000123 },
	{ "\"2023-11-14T22:13:20\"", -1 },
	{ "\"2023-11-14T22:13:20+01:00\"", -1 },
	{ "\"1969-12-31T23:59:59Z\"", -1 },
	{ "\"yesterday\"", -1 },
	{ "\"\"", -1 },
};

Test(when, is_a_number_or_utc)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *value =
		    json_loads(cases[i].json, JSON_DECODE_ANY, NULL);
		struct ps_error err = { 0 };
		int64_t ms = 0;
		int got = when_parse(value, &ms, &err);

		cr_expect(eq(int, got, cases[i].ms < 0 ? -1 : 0), "%s",
		    cases[i].json);
		if (got == 0)
			cr_expect(eq(i64, ms, cases[i].ms), "%s",
			    cases[i].json);
		json_decref(value);
	}
}
