#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "cluster/lease.h"

#define SESSION_MS 10000

static const struct clock_ms begin = { 1000000 };

static struct clock_ms
at(int64_t ms)
{
	return clock_after(begin, ms);
}

static struct lease
fresh(void)
{
	struct lease l = { 0 };

	lease_init(&l, SESSION_MS, begin);
	return l;
}

static int64_t
ends(const struct lease *l)
{
	return clock_since(begin, l->ends);
}

Test(lease, there_is_none_before_a_heartbeat_was_read_back)
{
	struct lease l = fresh();

	cr_expect(not(lease_allows(&l, begin)));
	lease_sent(&l, 1, at(5));
	cr_expect(not(lease_allows(&l, at(6))));
	lease_read(&l, 1, at(20));
	cr_expect(lease_allows(&l, at(20)));
}

Test(lease, runs_from_when_the_heartbeat_was_sent_not_read)
{
	static const struct {
		int64_t sent, read, ends;
	} rows[] = {
		{ 0, 1, 9000 }, { 0, 8000, 9000 }, { 3000, 3010, 12000 },
		{ 100, 60000, 9100 }, /* over before it was known */
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lease l = fresh();

		lease_sent(&l, 1, at(rows[i].sent));
		lease_read(&l, 1, at(rows[i].read));
		cr_expect(eq(i64, ends(&l), rows[i].ends), "row %zu", i);
	}
}

Test(lease, work_is_suspended_two_seconds_before_its_end)
{
	struct lease l = fresh();

	lease_sent(&l, 1, begin);
	lease_read(&l, 1, at(10));
	cr_expect(lease_allows(&l, at(6999)));
	cr_expect(not(lease_allows(&l, at(7000))));
	cr_expect(eq(i64, clock_since(begin, lease_suspends(&l)), 7000));
}

Test(lease, a_short_session_suspends_a_fifth_before_the_end)
{
	struct lease l = { 0 };

	lease_init(&l, 1000, begin);
	lease_sent(&l, 1, begin);
	lease_read(&l, 1, at(10));
	cr_expect(eq(i64, ends(&l), 900));
	cr_expect(eq(i64, clock_since(begin, lease_suspends(&l)), 700));
}

Test(lease, is_renewed_after_it_was_suspended)
{
	struct lease l = fresh();

	lease_sent(&l, 1, begin);
	lease_read(&l, 1, at(10));
	lease_sent(&l, 2, at(8000));
	cr_expect(not(lease_allows(&l, at(8500))));
	lease_read(&l, 2, at(8500));
	cr_expect(lease_allows(&l, at(8500)));
	cr_expect(eq(i64, ends(&l), 17000));
}

Test(lease, neither_a_second_copy_nor_a_stranger_renews_it)
{
	struct lease l = fresh();

	lease_sent(&l, 1, begin);
	lease_sent(&l, 2, at(3000));
	lease_read(&l, 2, at(3010));
	cr_expect(eq(i64, ends(&l), 12000));
	lease_read(&l, 2, at(5000));
	lease_read(&l, 1, at(5000));
	lease_read(&l, 77, at(5000));
	cr_expect(eq(i64, ends(&l), 12000));
}

Test(lease, only_so_many_unread_heartbeats_are_remembered)
{
	struct lease l = fresh();

	for (int64_t n = 0; n <= LEASE_BEATS; n++)
		lease_sent(&l, n, at(n * 100));
	lease_read(&l, 0, at(4000));
	cr_expect(not(l.held));
	lease_read(&l, 1, at(4000));
	cr_expect(eq(i64, ends(&l), 9100));
}

/* ---- silence of others ------------------------------------------------- */

static int64_t
silent(const struct lease *l, int64_t heard, int64_t deaf_ms)
{
	return clock_since(begin, lease_silent_at(l, at(heard), deaf_ms));
}

Test(lease, a_prompt_heartbeat_of_ours_proves_the_silence_before_it)
{
	struct lease l = fresh();

	cr_expect(eq(i64, silent(&l, 0, 0), SESSION_MS));
	lease_sent(&l, 1, at(9999));
	lease_read(&l, 1, at(10100));
	cr_expect(not(lease_proves_silence(&l, at(SESSION_MS))));
	lease_sent(&l, 2, at(10000));
	lease_read(&l, 2, at(11001)); /* too late to prove anything */
	cr_expect(not(lease_proves_silence(&l, at(SESSION_MS))));
	lease_sent(&l, 3, at(11002));
	lease_read(&l, 3, at(12002));
	cr_expect(lease_proves_silence(&l, at(SESSION_MS)));
}

Test(lease, while_ours_do_not_come_back_nobody_counts_as_silent)
{
	struct lease l = fresh();

	lease_sent(&l, 1, at(3000));
	lease_sent(&l, 2, at(6000));
	lease_sent(&l, 3, at(23000));
	lease_read(&l, 1, at(23000));
	lease_read(&l, 2, at(23001));
	lease_read(&l, 3, at(23002));
	/* From 3000 to 23001, and nothing twice. */
	cr_expect(eq(i64, lease_deaf_ms(&l, at(23002)), 20001));
	cr_expect(eq(i64, silent(&l, 2500, 0), 2500 + SESSION_MS + 20001));
}

Test(lease, deafness_before_somebody_was_heard_does_not_excuse_it)
{
	struct lease l = fresh();
	int64_t then;

	/* All of 25 seconds arrives at once, theirs before ours. */
	lease_sent(&l, 1, begin);
	then = lease_deaf_ms(&l, at(25000));
	cr_expect(eq(i64, then, 25000));
	lease_read(&l, 1, at(25010));
	cr_expect(eq(i64, silent(&l, 25000, then), 25000 + SESSION_MS + 10));
}

Test(lease, a_wait_that_may_yet_be_prompt_is_no_deafness)
{
	struct lease l = fresh();

	lease_sent(&l, 1, begin);
	cr_expect(eq(i64, lease_deaf_ms(&l, at(1000)), 0));
	cr_expect(eq(i64, lease_deaf_ms(&l, at(1001)), 1001));
}

Test(lease, a_lost_heartbeat_never_shortens_the_session_of_others)
{
	struct lease l = fresh();
	int64_t then;

	lease_sent(&l, 1, begin);
	lease_sent(&l, 2, at(3000));
	then = lease_deaf_ms(&l, at(3001));
	lease_read(&l, 2, at(3010)); /* the first will never come */
	cr_expect(eq(i64, lease_deaf_ms(&l, at(3010)), 0));
	cr_expect(eq(i64, silent(&l, 3001, then), 3001 + SESSION_MS));
}

Test(lease, a_new_incarnation_has_none_and_remembers_its_deafness)
{
	struct lease l = fresh();

	lease_sent(&l, 1, begin);
	lease_sent(&l, 2, at(5000));
	lease_read(&l, 1, at(8000));
	lease_init(&l, SESSION_MS, at(20000));
	cr_expect(not(lease_allows(&l, at(20000))));
	lease_read(&l, 2, at(20001)); /* of the last one */
	cr_expect(not(lease_allows(&l, at(20001))));
	cr_expect(eq(i64, lease_deaf_ms(&l, at(20001)), 8000));
}
