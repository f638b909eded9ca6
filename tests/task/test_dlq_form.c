#include "task/dlq_form.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"
#include "letters/letters.h"

enum { CHUNK = 64 << 10, LARGE = 20000 };

static struct ps_arena *a;
static char large[LARGE];
static struct ps_header header = { .name = "h", .name_len = 1 };
static struct ps_record r;
static struct ps_failure why;

static void
setup(void)
{
	a = arena_new(CHUNK);
	memset(large, 'x', sizeof large);
	header.raw = (struct ps_slice){ (const uint8_t *)"v", 1 };
	r = (struct ps_record){ .origin_topic = "orders",
		.origin_partition = 3,
		.origin_offset = 42,
		.timestamp = 7,
		.headers = &header,
		.header_count = 1 };
	r.raw_key = (struct ps_slice){ (const uint8_t *)"k", 1 };
	r.raw_value = (struct ps_slice){ (const uint8_t *)large, LARGE };
	why = (struct ps_failure){ .stage = PS_STAGE_KAFKA_PRODUCE,
		.class_name = "producer" };
	(void)ps_fail(&why.error, PS_E_DATA, "too large");
}

static void
teardown(void)
{
	arena_free(&a);
}

TestSuite(dlq_form, .init = setup, .fini = teardown);

static const char *
value(const struct producer_record *p, const char *name)
{
	for (size_t i = 0; i < p->header_count; i++)
		if (strcmp(p->headers[i].name, name) == 0)
			return ps_strndup(a, p->headers[i].value,
			    p->headers[i].len);
	return "";
}

static void
check_context(const struct producer_record *p)
{
	cr_expect(
	    eq(str, (char *)value(p, "__connect.errors.topic"), "orders"));
	cr_expect(eq(str, (char *)value(p, "__connect.errors.offset"), "42"));
	cr_expect(eq(str, (char *)value(p, "__connect.errors.task.id"), "2"));
	cr_expect(strstr(value(p, "__connect.errors.exception.stacktrace"),
		      "too large") != NULL);
}

Test(dlq_form, the_context_is_there_when_it_is_asked_for)
{
	const struct dlq_form with = { "c", 2, true },
			      without = { "c", 2, false };
	struct producer_record p;

	dlq_form_fill(&with, a, &r, &why, &p);
	cr_expect(eq(sz, p.header_count, 11));
	cr_expect(eq(str, (char *)value(&p, "h"), "v"));
	cr_expect(eq(sz, p.value_len, LARGE));
	check_context(&p);
	dlq_form_fill(&without, a, &r, &why, &p);
	cr_expect(eq(sz, p.header_count, 1));
}

Test(dlq_form, a_letter_with_less_has_it_in_any_case)
{
	for (int with = 0; with < 2; with++) {
		const struct dlq_form form = { "c", 2, with == 1 };
		const struct producer_record *less;
		struct producer_record p;

		dlq_form_fill(&form, a, &r, &why, &p);
		p.opaque = &p;
		less = dlq_form_less(&form, a, &r, &why, &p);
		cr_assert(eq(ptr, less->opaque, &p));
		cr_assert(eq(sz, less->header_count, 12));
		cr_expect(eq(sz, less->value_len, 0));
		cr_expect(eq(sz, less->key_len, 1));
		cr_expect(eq(str, (char *)value(less, "h"), "v"));
		cr_expect(eq(str, (char *)value(less, LETTERS_LEFT_OUT),
		    "value of 20000 bytes"));
		check_context(less);
	}
}

Test(dlq_form, large_headers_are_left_out_too)
{
	const struct dlq_form form = { "c", 2, true };
	const struct producer_record *less;
	struct producer_record p;

	header.raw = (struct ps_slice){ (const uint8_t *)large, LARGE };
	dlq_form_fill(&form, a, &r, &why, &p);
	less = dlq_form_less(&form, a, &r, &why, &p);
	cr_expect(eq(sz, less->header_count, 11));
	cr_expect(eq(str, (char *)value(less, LETTERS_LEFT_OUT),
	    "value of 20000 bytes, headers"));
	check_context(less);
}
