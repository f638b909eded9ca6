#include "worker/seek.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static json_t *
json(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	cr_assert(value != NULL, "%s", text);
	return value;
}

static const struct {
	const char *doc;
	int want;
	enum seek_to to;
	int64_t number;
} docs[] = {
	{ "{\"timestamp\":7}", 0, SEEK_TO_TIME, 7 },
	{ "{\"timestamp\":\"1970-01-01T00:00:01Z\"}", 0, SEEK_TO_TIME, 1000 },
	{ "{\"offset\":5}", 0, SEEK_TO_OFFSET, 5 },
	{ "{\"to\":\"beginning\"}", 0, SEEK_TO_BEGINNING, 0 },
	{ "{\"to\":\"end\"}", 0, SEEK_TO_END, 0 },
	{ "{\"offsets\":[{}]}", 0, SEEK_TO_GIVEN, 0 },
	{ "{\"offsets\":[]}", -1, 0, 0 },
	{ "{\"offset\":-1}", -1, 0, 0 },
	{ "{\"offset\":\"5\"}", -1, 0, 0 },
	{ "{\"to\":\"middle\"}", -1, 0, 0 },
	{ "{\"to\":1}", -1, 0, 0 },
	{ "{\"timestamp\":\"soon\"}", -1, 0, 0 },
	{ "{\"timestamp\":1,\"to\":\"end\"}", -1, 0, 0 },
	{ "{\"time\":1}", -1, 0, 0 },
	{ "{}", -1, 0, 0 },
};

Test(seek, one_place_is_asked_for)
{
	for (size_t i = 0; i < sizeof docs / sizeof *docs; i++) {
		json_t *doc = json(docs[i].doc);
		struct ps_error err = { 0 };
		struct seek_wish w;

		cr_expect(eq(int, seek_parse(doc, &w, &err), docs[i].want),
		    "%s", docs[i].doc);
		if (docs[i].want == 0) {
			cr_expect(eq(int, (int)w.to, (int)docs[i].to), "%s",
			    docs[i].doc);
			cr_expect(eq(i64, w.number, docs[i].number), "%s",
			    docs[i].doc);
		}
		json_decref(doc);
	}
}

static const struct {
	struct seek_wish wish;
	struct seek_place place;
	int64_t want;
} targets[] = {
	{ { SEEK_TO_TIME, 1 }, { -1, 90, 40 }, 40 },
	{ { SEEK_TO_TIME, 1 }, { -1, 90, -1 }, 90 },
	{ { SEEK_TO_OFFSET, 50 }, { 10, 90, -1 }, 50 },
	{ { SEEK_TO_OFFSET, 5 }, { 10, 90, -1 }, 10 },
	{ { SEEK_TO_OFFSET, 500 }, { 10, 90, -1 }, 90 },
	{ { SEEK_TO_BEGINNING, 0 }, { 10, 90, -1 }, 10 },
	{ { SEEK_TO_END, 0 }, { 10, 90, -1 }, 90 },
};

Test(seek, a_target_is_within_what_there_is)
{
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
		cr_expect(eq(i64,
			      seek_target(&targets[i].wish, &targets[i].place),
			      targets[i].want),
		    "case %zu", i);
}

static const struct {
	struct seek_wish wish;
	const char *offset, *want; /* NULL: it cannot be moved */
} moves[] = {
	{ { SEEK_TO_TIME, 1500 }, "{\"timestamp\":9,\"timestamp_nanos\":1}",
	    "{\"timestamp\":1500,\"timestamp_nanos\":500000000}" },
	{ { SEEK_TO_TIME, 2000 },
	    "{\"timestamp\":9,\"incrementing\":7,\"penstock\":\"x\"}",
	    "{\"timestamp\":2000,\"timestamp_nanos\":0,\"incrementing\":-1}" },
	{ { SEEK_TO_TIME, 1 }, "{\"incrementing\":7}", NULL },
	{ { SEEK_TO_TIME, 1 }, "{\"position\":7}", NULL },
	{ { SEEK_TO_BEGINNING, 0 }, "{\"position\":7}", "null" },
	{ { SEEK_TO_END, 0 }, "{\"timestamp\":7}", NULL },
	{ { SEEK_TO_OFFSET, 3 }, "{\"timestamp\":7}", NULL },
};

Test(seek, an_offset_that_holds_a_time_is_moved_to_another)
{
	for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
		json_t *offset = json(moves[i].offset);
		json_t *got = seek_moved(&moves[i].wish, offset);
		json_t *want =
		    moves[i].want == NULL ? NULL : json(moves[i].want);

		cr_expect(want == NULL ? got == NULL : json_equal(got, want),
		    "case %zu", i);
		json_decref(offset);
		json_decref(got);
		json_decref(want);
	}
}
