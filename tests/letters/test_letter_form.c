#include "letters/letter_form.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "record/batch.h"
#include "tests/task/played.h"

static struct played w;
static struct letter_form form;
static struct ps_batch *b;
static struct ps_error err;

static void
setup(void)
{
	static const struct ps_setting rows[] = {
		{ "connector.class", "NumbersSource" },
		{ "topic", "t" },
		{ 0 },
	};

	played_begin(&w);
	b = batch_new(4096);
	ps_error_clear(&err);
	cr_assert(eq(int, played_configure(&w, NULL, rows, &err), 0), "%s",
	    err.text);
	cr_assert(eq(int,
		      letter_form_init(&form, &w.task.settings,
			  host_abi(w.task.host), &err),
		      0),
	    "%s", err.text);
}

static void
teardown(void)
{
	letter_form_fini(&form);
	batch_free(&b);
	played_end(&w);
}

TestSuite(letter_form, .init = setup, .fini = teardown, .timeout = 30);

static const char *
text(const struct ps_slice *s)
{
	return s->data == NULL
		   ? "null"
		   : ps_strndup(b->arena, (const char *)s->data, s->len);
}

static const struct ps_schema *
interned(struct ps_schema draft)
{
	const struct ps_host *h = host_abi(w.task.host);

	return h->intern(h, &draft);
}

static struct ps_record
packed(const struct ps_record *polled)
{
	struct ps_record letter;

	cr_assert(eq(int, letter_pack(&form, b, polled, &letter, &err), 0),
	    "%s", err.text);
	return letter;
}

static struct ps_record
unpacked(const struct ps_record *letter, const struct letter_context *c)
{
	struct ps_record polled;

	cr_assert(eq(int, letter_unpack(&form, b, letter, c, &polled, &err), 0),
	    "%s", err.text);
	return polled;
}

Test(letter_form, a_record_comes_back_as_it_was_polled)
{
	const struct ps_schema *number =
	    interned((struct ps_schema){ .type = PS_INT16 });
	const struct ps_schema *date =
	    interned((struct ps_schema){ .type = PS_INT32,
		.name = PS_NAME_DATE,
		.version = 1,
		.optional = true });
	static const uint8_t raw[] = { 0, 255, 'x' };
	static const struct letter_context context = { .topic = "t",
		.partition = 3 };
	struct ps_header headers[] = {
		{ .name = "n",
		    .name_len = 1,
		    .value = { .type = PS_INT16, .i = 7 },
		    .schema = number },
		{ .name = "none", .name_len = 4 },
	};
	struct ps_record polled = { .topic = "t",
		.partition = 3,
		.timestamp = 1234,
		.key = ps_bytes(raw, sizeof raw),
		.value = { .type = PS_INT32, .i = 19000 },
		.value_schema = date,
		.headers = headers,
		.header_count = 2 };
	struct ps_record letter = packed(&polled);
	struct ps_record back = unpacked(&letter, &context);

	cr_assert(eq(str, (char *)letter.origin_topic, "t"));
	cr_assert(eq(i64, letter.timestamp, 1234));
	cr_assert(eq(str, (char *)back.topic, "t"));
	cr_assert(eq(i32, back.partition, 3));
	cr_assert(eq(i64, back.timestamp, 1234));
	cr_assert(eq(i64, back.origin_offset, PS_NO_OFFSET));
	cr_assert(back.key.type == PS_BYTES && back.key.len == sizeof raw);
	cr_assert(eq(int, memcmp(back.key.s, raw, sizeof raw), 0));
	cr_assert(back.value.type == PS_INT32 && back.value.i == 19000);
	cr_assert(back.value_schema->logical == PS_DATE &&
		  back.value_schema->optional);
	cr_assert(eq(sz, back.header_count, 2));
	cr_assert(back.headers[0].schema->type == PS_INT16 &&
		  back.headers[0].value.i == 7);
	cr_assert(back.headers[1].value.type == PS_NULL &&
		  back.headers[1].schema == NULL);
}

Test(letter_form, what_a_record_does_not_have_is_not_made_up)
{
	static const struct letter_context context = { .topic = "t",
		.partition = -1 };
	struct ps_record polled = { .topic = "t",
		.partition = PS_NO_PARTITION,
		.timestamp = PS_NOW };
	struct ps_record letter = packed(&polled);
	struct ps_record back = unpacked(&letter, &context);

	cr_assert(eq(str, (char *)text(&letter.raw_key), "null"));
	cr_assert(eq(str, (char *)text(&letter.raw_value), "null"));
	cr_assert(eq(i64, letter.timestamp, PS_NO_TIMESTAMP));
	cr_assert(eq(i32, back.partition, PS_NO_PARTITION));
	cr_assert(back.key.type == PS_NULL && back.key_schema == NULL);
	cr_assert(back.value.type == PS_NULL && back.value_schema == NULL);
}

Test(letter_form, headers_of_the_error_are_none_of_the_record)
{
	static const struct letter_context context = { .topic = "t",
		.partition = -1 };
	static const uint8_t one[] = "1";
	struct ps_header headers[] = {
		{ .name = LETTERS_CONTEXT "stage",
		    .name_len = strlen(LETTERS_CONTEXT "stage"),
		    .raw = { one, 1 } },
		{ .name = LETTERS_REPLAYS,
		    .name_len = strlen(LETTERS_REPLAYS),
		    .raw = { one, 1 } },
	};
	struct ps_record letter = { .timestamp = 1,
		.headers = headers,
		.header_count = 2 };

	cr_assert(eq(sz, unpacked(&letter, &context).header_count, 0));
}

Test(letter_form, what_is_no_letter_is_said_to_be_none)
{
	static const struct letter_context context = { .topic = "t" };
	static const uint8_t broken[] = "{broken";
	struct ps_record letter = { .raw_value = { broken, 7 } }, polled;

	cr_assert(eq(int,
	    letter_unpack(&form, b, &letter, &context, &polled, &err), -1));
	cr_assert(strncmp(err.text, "value: ", 7) == 0, "%s", err.text);
}
