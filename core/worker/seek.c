#include "worker/seek.h"

#include <string.h>

#include "worker/when.h"

static int
parse_to(const json_t *value, struct seek_wish *w, struct ps_error *err)
{
	const char *text = json_string_value(value);

	w->to = SEEK_TO_BEGINNING;
	if (text != NULL && strcmp(text, "beginning") == 0)
		return 0;
	w->to = SEEK_TO_END;
	if (text != NULL && strcmp(text, "end") == 0)
		return 0;
	return ps_fail(err, PS_E_CONFIG, "to: %s is not one of beginning, end",
	    text == NULL ? "it" : text);
}

static int
parse_offset(const json_t *value, struct seek_wish *w, struct ps_error *err)
{
	w->to = SEEK_TO_OFFSET;
	w->number = json_integer_value(value);
	if (json_is_integer(value) && w->number >= 0)
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "offset: a whole number of at least 0 is expected");
}

static int
parse_timestamp(const json_t *value, struct seek_wish *w, struct ps_error *err)
{
	w->to = SEEK_TO_TIME;
	return when_parse(value, &w->number, err);
}

static int
parse_offsets(const json_t *value, struct seek_wish *w, struct ps_error *err)
{
	w->to = SEEK_TO_GIVEN;
	if (json_array_size(value) > 0)
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "offsets: a list as GET .../offsets has it is expected");
}

static const struct {
	const char *name;
	int (*parse)(const json_t *value, struct seek_wish *w,
	    struct ps_error *err);
} members[] = {
	{ "timestamp", parse_timestamp },
	{ "offset", parse_offset },
	{ "to", parse_to },
	{ "offsets", parse_offsets },
};

int
seek_parse(const json_t *doc, struct seek_wish *out, struct ps_error *err)
{
	size_t count = json_object_size(doc) == 1 ? 4 : 0;

	*out = (struct seek_wish){ .number = 0 };
	for (size_t i = 0; i < count; i++) {
		const json_t *value = json_object_get(doc, members[i].name);

		if (value != NULL)
			return members[i].parse(value, out, err);
	}
	return ps_fail(err, PS_E_CONFIG,
	    "one of timestamp, offset, to and offsets is expected, and "
	    "nothing else");
}

static int64_t
between(int64_t low, int64_t n, int64_t high)
{
	n = n < low ? low : n;
	return n > high ? high : n;
}

int64_t
seek_target(const struct seek_wish *w, const struct seek_place *p)
{
	switch (w->to) {
	case SEEK_TO_TIME:
		return p->at < 0 ? p->high : p->at;
	case SEEK_TO_OFFSET:
		return between(p->low, w->number, p->high);
	case SEEK_TO_BEGINNING:
		return p->low;
	case SEEK_TO_END:
	case SEEK_TO_GIVEN:
		break;
	}
	return p->high;
}

json_t *
seek_moved(const struct seek_wish *w, const json_t *offset)
{
	json_t *to;

	if (w->to == SEEK_TO_BEGINNING)
		return json_null();
	if (w->to != SEEK_TO_TIME ||
	    !json_is_integer(json_object_get(offset, "timestamp")))
		return NULL;
	to = json_pack("{s:I, s:I}", "timestamp", (json_int_t)w->number,
	    "timestamp_nanos", (json_int_t)(w->number % 1000 * 1000000));
	/* All ids of that instant come after it. */
	if (json_object_get(offset, "incrementing") != NULL)
		(void)json_object_set_new(to, "incrementing", json_integer(-1));
	return to;
}
