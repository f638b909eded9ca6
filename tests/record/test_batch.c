#include "record/batch.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>

#include "base/arena.h"

static struct ps_batch *b;

static void
setup(void)
{
	b = batch_new(4096);
}

static void
teardown(void)
{
	batch_free(&b);
	cr_assert_null(b);
	batch_free(&b);
}

TestSuite(batch, .init = setup, .fini = teardown);

Test(batch, new_records_say_none_where_zero_is_a_value)
{
	struct ps_record *r = ps_batch_add(b);

	cr_assert(eq(i32, r->partition, PS_NO_PARTITION));
	cr_assert(eq(i64, r->timestamp, PS_NO_TIMESTAMP));
	cr_assert(eq(i64, r->origin_offset, PS_NO_OFFSET));
	cr_assert(eq(int, r->value.type, PS_NULL));
	cr_assert(eq(int, r->outcome, PS_KEPT));
}

Test(batch, keeps_its_records_while_it_grows)
{
	for (int64_t i = 0; i < 5000; i++)
		ps_batch_add(b)->value = ps_int64(i);
	cr_assert(eq(sz, b->count, 5000));
	for (int64_t i = 0; i < 5000; i++)
		cr_assert(eq(i64, b->records[i].value.i, i));
}

Test(batch, stays_where_room_was_reserved)
{
	const struct ps_record *first;

	batch_reserve(b, 1000);
	first = ps_batch_add(b);
	for (int i = 1; i < 1000; i++)
		(void)ps_batch_add(b);
	cr_assert(b->records == first);
	(void)ps_batch_add(b);
	cr_assert(eq(sz, b->count, 1001));
}

Test(batch, room_is_reserved_before_the_first_record, .signal = SIGABRT)
{
	(void)ps_batch_add(b);
	batch_reserve(b, 1000);
}

Test(batch, shows_later_stages_only_what_is_kept)
{
	struct ps_error err = { .code = PS_E_DATA, .text = "bad number" };
	struct ps_record **kept;
	size_t count;

	for (int64_t i = 0; i < 6; i++)
		ps_batch_add(b)->value = ps_int64(i);
	b->records[1].outcome = PS_DROPPED;
	ps_record_fail(b, &b->records[4], PS_STAGE_VALUE_CONVERTER, "Json",
	    &err);
	memset(&err, 0, sizeof err);
	kept = batch_kept(b, &count);
	cr_assert(eq(sz, count, 4));
	cr_assert(eq(i64, kept[1]->value.i, 2));
	cr_assert(eq(i64, kept[3]->value.i, 5));
	cr_assert_str_eq(b->records[4].failure->error.text, "bad number");
}

Test(batch, is_empty_after_a_reset_and_can_be_filled_again)
{
	for (int round = 0; round < 3; round++) {
		cr_assert(zero(sz, b->count));
		for (int64_t i = 0; i < 1000; i++)
			ps_batch_add(b)->key =
			    ps_text(ps_printf(b->arena, "%d", (int)i));
		b->mark = PS_MARK_COMMIT;
		cr_assert(ps_is_text(&b->records[999].key, "999"));
		batch_reset(b, 1 << 20);
		cr_assert(eq(int, b->mark, PS_MARK_NONE));
	}
}

Test(batch, of_nothing_keeps_nothing)
{
	size_t count = 9;

	(void)batch_kept(b, &count);
	cr_assert(zero(sz, count));
}

Test(batch, stages_have_connects_names)
{
	cr_assert_str_eq(stage_name(PS_STAGE_TASK_PUT), "TASK_PUT");
	cr_assert_str_eq(stage_name(PS_STAGE_KEY_CONVERTER), "KEY_CONVERTER");
	cr_assert_str_eq(stage_name(PS_STAGE_KAFKA_CONSUME), "KAFKA_CONSUME");
}
