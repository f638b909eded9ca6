#include "access/rate.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>

#include "options/options.h"

static struct rate *r;

/* Viewers may ask twice a second, the nameless once, all others at will. */
static void
open_rate(void)
{
	static struct ps_setting settings[] = {
		{ "quota.requests.anonymous", "1" },
		{ "quota.requests.editor", "0" },
		{ "quota.requests.viewer", "2" },
	};
	struct options o = { .all = { settings, 3 } };

	r = rate_new(&o);
}

static void
close_rate(void)
{
	rate_free(&r);
}

TestSuite(rate, .init = open_rate, .fini = close_rate, .timeout = 20);

static int64_t
ask(enum role role, const char *name, int64_t ms)
{
	return rate_wait_s(r, role, name, (struct clock_ms){ ms });
}

/* How many of `times` are let through. */
static int
taken(enum role role, const char *name, int64_t ms, int times)
{
	int n = 0;

	for (int i = 0; i < times; i++)
		n += ask(role, name, ms) == 0;
	return n;
}

Test(rate, ten_seconds_worth_may_come_at_once_and_no_more)
{
	cr_assert(eq(int, taken(ROLE_VIEWER, "vera", 5, 100), 20));
	cr_assert(eq(int, taken(ROLE_NOBODY, "::1", 5, 100), 10));
}

Test(rate, what_comes_back_is_the_limit_a_second)
{
	(void)taken(ROLE_VIEWER, "vera", 0, 100);
	cr_assert(eq(int, taken(ROLE_VIEWER, "vera", 499, 9), 0));
	cr_assert(eq(int, taken(ROLE_VIEWER, "vera", 500, 9), 1));
	cr_assert(eq(int, taken(ROLE_VIEWER, "vera", 999, 9), 0));
	cr_assert(eq(int, taken(ROLE_VIEWER, "vera", 3000, 9), 5));
}

Test(rate, it_is_never_more_than_full)
{
	(void)taken(ROLE_VIEWER, "vera", 0, 100);
	cr_assert(eq(int, taken(ROLE_VIEWER, "vera", INT64_MAX, 100), 20));
}

Test(rate, who_is_refused_hears_how_long_to_wait)
{
	(void)taken(ROLE_NOBODY, "::1", 0, 100);
	cr_assert(eq(i64, ask(ROLE_NOBODY, "::1", 0), 1));
	cr_assert(eq(i64, ask(ROLE_NOBODY, "::1", 999), 1));
	cr_assert(eq(i64, ask(ROLE_NOBODY, "::1", 1000), 0));
}

Test(rate, who_keeps_asking_waits_no_longer)
{
	(void)taken(ROLE_NOBODY, "::1", 0, 10);
	for (int64_t ms = 0; ms < 1000; ms++)
		cr_assert(gt(i64, ask(ROLE_NOBODY, "::1", ms), 0));
	cr_assert(eq(i64, ask(ROLE_NOBODY, "::1", 1000), 0));
}

Test(rate, one_does_not_spend_what_is_another_s)
{
	(void)taken(ROLE_VIEWER, "vera", 0, 100);
	cr_assert(eq(int, taken(ROLE_VIEWER, "veronica", 0, 100), 20));
	cr_assert(eq(int, taken(ROLE_NOBODY, "vera", 0, 100), 10));
}

Test(rate, zero_and_nothing_are_no_limit)
{
	cr_assert(eq(int, taken(ROLE_EDITOR, "edda", 0, 100000), 100000));
	cr_assert(eq(int, taken(ROLE_ADMIN, "anna", 0, 100000), 100000));
	cr_assert(eq(u64, rate_refused(r, ROLE_EDITOR), 0));
}

Test(rate, refusals_are_counted_by_role)
{
	(void)taken(ROLE_VIEWER, "vera", 0, 23);
	(void)taken(ROLE_VIEWER, "veronica", 0, 21);
	cr_assert(eq(u64, rate_refused(r, ROLE_VIEWER), 4));
	cr_assert(eq(u64, rate_refused(r, ROLE_NOBODY), 0));
	cr_assert(eq(str, (char *)(uintptr_t)rate_quota(ROLE_VIEWER),
	    "requests.viewer"));
}

static void
come_from_everywhere(int count, int64_t ms)
{
	char name[32];

	for (int i = 0; i < count; i++) {
		(void)snprintf(name, sizeof name, "10.0.%d.%d", i / 256,
		    i % 256);
		cr_assert(eq(i64, ask(ROLE_NOBODY, name, ms), 0));
	}
}

Test(rate, who_has_asked_long_ago_makes_room)
{
	come_from_everywhere(RATE_BUCKETS, 0);
	cr_assert(eq(int, taken(ROLE_NOBODY, "::1", 1000, 100), 10));
}

Test(rate, who_finds_no_room_shares_with_the_others)
{
	come_from_everywhere(RATE_BUCKETS, 0);
	cr_assert(eq(int, taken(ROLE_NOBODY, "::1", 1, 100), 10));
	cr_assert(eq(int, taken(ROLE_NOBODY, "::2", 1, 100), 0));
	cr_assert(eq(int, taken(ROLE_VIEWER, "vera", 1, 100), 20));
	cr_assert(eq(int, taken(ROLE_NOBODY, "10.0.0.1", 1, 100), 9));
}

Test(rate, a_role_that_there_is_not_ends_the_process, .signal = SIGABRT)
{
	(void)ask((enum role)(ROLE_ADMIN + 1), "x", 0);
}
