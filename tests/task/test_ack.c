#include "task/ack.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>

#include "plugin/partition.h"

static struct ack *a;
static struct partition_set *set;

static void
setup(void)
{
	a = ack_new();
	set = partition_set_new("c");
}

static void
teardown(void)
{
	ack_free(&a);
	partition_set_free(&set);
}

TestSuite(ack, .init = setup, .fini = teardown);

static struct ps_source_partition *
part(const char *name)
{
	struct ps_pair pair = { ps_text("p"), ps_text(name) };
	struct ps_value map = ps_map(&pair, 1);

	return partition_find(set, &map);
}

/* A record at that position; 0: no point to restart from. */
static void
add(struct flight *f, const char *partition, int64_t offset)
{
	struct ps_record *r = ps_batch_add(f->batch);
	struct ps_pair *pair =
	    (struct ps_pair *)ps_alloc(f->batch->arena, sizeof *pair);

	pair->key = ps_text("at");
	pair->value = ps_int64(offset);
	r->source_partition = part(partition);
	r->source_offset = offset == 0 ? ps_null() : ps_map(pair, 1);
}

static struct flight *
flight(const char *partition, int64_t first, int64_t last)
{
	struct flight *f = ack_take(a);

	for (int64_t i = first; i <= last; i++)
		add(f, partition, i);
	return f;
}

static void
send_all(struct flight *f)
{
	ack_begin(a, f);
	for (size_t i = 0; i < f->batch->count; i++)
		ack_sent(f, 1);
	ack_seal(a, f);
}

/* -1: nothing new. */
static int64_t
safe(const char *partition)
{
	struct ps_source_partition *p = ack_take_dirty(a);

	if (p == NULL)
		return -1;
	cr_assert_eq(p, part(partition));
	return ps_map_find(&p->safe, "at")->i;
}

Test(ack, a_position_is_safe_when_the_whole_batch_is_durable)
{
	struct flight *f = flight("x", 1, 3);

	send_all(f);
	ack_done(a, f, 2);
	cr_assert(eq(i64, safe("x"), -1));
	ack_done(a, f, 1);
	cr_assert(eq(i64, safe("x"), 3));
	cr_assert(eq(i64, safe("x"), -1));
	cr_assert(zero(sz, ack_flights(a)));
	cr_assert(zero(sz, ack_bytes(a)));
}

Test(ack, a_later_batch_waits_for_the_earlier_ones_of_its_partition)
{
	struct flight *one = flight("x", 1, 2), *two, *three;

	send_all(one);
	two = flight("x", 3, 4);
	send_all(two);
	three = flight("x", 5, 6);
	send_all(three);
	ack_done(a, two, 2);
	ack_done(a, three, 2);
	cr_assert(eq(i64, safe("x"), -1));
	cr_assert(eq(sz, ack_flights(a), 3));
	ack_done(a, one, 2);
	cr_assert(eq(i64, safe("x"), 6));
	cr_assert(zero(sz, ack_flights(a)));
}

Test(ack, partitions_do_not_wait_for_each_other)
{
	struct flight *x = flight("x", 1, 2), *y;

	send_all(x);
	y = flight("y", 7, 8);
	send_all(y);
	ack_done(a, y, 2);
	cr_assert(eq(i64, safe("y"), 8));
	cr_assert(eq(sz, ack_flights(a), 1));
}

Test(ack, a_batch_of_two_partitions_ends_when_both_are_through)
{
	struct flight *x = flight("x", 1, 1), *both;

	send_all(x);
	both = flight("x", 2, 2);
	add(both, "y", 5);
	send_all(both);
	ack_done(a, both, 2);
	cr_assert(eq(i64, safe("y"), 5));
	cr_assert(eq(sz, ack_flights(a), 2));
	ack_done(a, x, 1);
	cr_assert(eq(i64, safe("x"), 2));
	cr_assert(zero(sz, ack_flights(a)));
}

Test(ack, dropped_records_advance_their_position)
{
	struct flight *f = flight("x", 1, 9);

	ack_begin(a, f);
	ack_seal(a, f); /* nothing was sent at all */
	cr_assert(eq(i64, safe("x"), 9));
}

Test(ack, reports_before_the_last_send_end_nothing)
{
	struct flight *f = flight("x", 1, 2);

	ack_begin(a, f);
	ack_sent(f, 1);
	ack_done(a, f, 1);
	cr_assert(eq(i64, safe("x"), -1));
	ack_sent(f, 1);
	ack_seal(a, f);
	cr_assert(eq(i64, safe("x"), -1));
	ack_done(a, f, 1);
	cr_assert(eq(i64, safe("x"), 2));
}

Test(ack, a_record_without_position_leaves_the_one_before)
{
	struct flight *f = flight("x", 4, 4);

	add(f, "x", 0);
	send_all(f);
	ack_done(a, f, 2);
	cr_assert(eq(i64, safe("x"), 4));
}

Test(ack, a_batch_without_any_position_makes_nothing_safe_but_holds_back)
{
	struct flight *none = ack_take(a), *after;

	add(none, "x", 0);
	send_all(none);
	after = flight("x", 5, 5);
	send_all(after);
	ack_done(a, after, 1);
	cr_assert(eq(i64, safe("x"), -1));
	ack_done(a, none, 1);
	cr_assert(eq(i64, safe("x"), 5));
}

Test(ack, what_could_not_be_committed_is_given_again)
{
	struct flight *f = flight("x", 1, 1);

	send_all(f);
	ack_done(a, f, 1);
	cr_assert(eq(i64, safe("x"), 1));
	ack_mark_dirty(a, part("x"));
	ack_mark_dirty(a, part("x"));
	cr_assert(eq(i64, safe("x"), 1));
	cr_assert(eq(i64, safe("x"), -1));
}

/* Reports in any order, several partitions: a position never passes a record
 * that is not durable, and at the end all are safe. */
Test(ack, never_passes_what_is_not_durable, .timeout = 20)
{
	static const char *const names[] = { "a", "b", "c" };
	enum { FLIGHTS = 60, ROUNDS = 200 };
	unsigned seed = 7;

	for (int round = 0; round < ROUNDS; round++) {
		struct flight *flights[FLIGHTS];
		int64_t next = 1 + (int64_t)round * FLIGHTS, base = next;
		size_t left = FLIGHTS;
		bool done[FLIGHTS] = { false };

		for (size_t i = 0; i < FLIGHTS; i++, next++) {
			flights[i] = ack_take(a);
			add(flights[i], names[rand_r(&seed) % 3], next);
			send_all(flights[i]);
		}
		while (left > 0) {
			size_t i = (size_t)rand_r(&seed) % FLIGHTS;
			struct ps_source_partition *p;

			if (done[i])
				continue;
			done[i] = true;
			left--;
			ack_done(a, flights[i], 1);
			while ((p = ack_take_dirty(a)) != NULL) {
				int64_t at = ps_map_find(&p->safe, "at")->i;

				cr_assert(done[at - base]);
				for (struct ack_entry *e = p->first; e != NULL;
				     e = e->next)
					cr_assert(gt(i64,
					    ps_map_find(&e->offset, "at")->i,
					    at));
			}
		}
		cr_assert(zero(sz, ack_flights(a)));
		cr_assert(zero(sz, ack_bytes(a)));
	}
}

Test(ack, a_report_too_many_is_a_bug_of_ours, .signal = SIGABRT)
{
	struct flight *f = flight("x", 1, 2);

	send_all(f);
	ack_done(a, f, 3);
}
