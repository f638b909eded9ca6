/*
 * Any text as a pattern of SimpleDateFormat, and behind a NUL one as a date of
 * it: what is read is written, in no more than the room that was said, and
 * what was read and written once is written alike when it can be read again.
 */
#include <assert.h>
#include <string.h>

#include "../../plugins/transforms/date_format.h"
#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
turn_round(const struct date_format *f, struct ps_arena *a, int64_t ms)
{
	struct ps_value once = date_format_put(f, a, ms), twice;
	int64_t back;

	assert(once.type == PS_STRING);
	if (date_format_read(f, once.s, once.len, &back) != 0)
		return;
	twice = date_format_put(f, a, back);
	if (date_format_read(f, twice.s, twice.len, &ms) == 0)
		assert(ms == back || twice.len != once.len ||
		       memcmp(twice.s, once.s, once.len) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ps_config none = { NULL, 0 };
	static const struct ps_class class = { .name = "TimestampConverter" };
	const uint8_t *end = (const uint8_t *)memchr(data, 0, size);
	size_t len = end == NULL ? size : (size_t)(end - data);
	struct ps_arena *a = arena_new(4096);
	struct common *t =
	    (struct common *)common_new(sizeof *t, NULL, &class, &none);
	struct ps_error err = { 0 };
	const struct date_format *f =
	    date_format_new(t, ps_strndup(a, (const char *)data, len), &err);
	int64_t ms = 0;

	if (f == NULL)
		assert(err.text[0] != '\0');
	else if (end != NULL && date_format_read(f, (const char *)end + 1,
				    size - len - 1, &ms) == 0)
		turn_round(f, a, ms);
	if (f != NULL && end != NULL && size - len - 1 >= sizeof ms) {
		memcpy(&ms, end + 1, sizeof ms);
		turn_round(f, a, ms % INT64_C(253402300800000));
	}
	common_free(t);
	arena_free(&a);
	return 0;
}
