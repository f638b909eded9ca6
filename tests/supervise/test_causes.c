#include "supervise/causes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include <penstock/error.h>

static struct clock_ms
at(int64_t ms)
{
	return (struct clock_ms){ 1000000 + ms };
}

static struct backoff
own(int64_t first_ms, int64_t max_ms)
{
	struct backoff b;

	backoff_init(&b, first_ms, max_ms, 7);
	return b;
}

/* A back-off draws from the upper half of its wait. */
static bool
is_about(int64_t ms, int64_t full)
{
	return ms >= full / 2 && ms <= full;
}

Test(causes, tasks_of_one_cause_wait_together)
{
	struct causes *c = causes_new();
	struct backoff b = own(1000, 60000);
	int64_t first = causes_wait_ms(c, "db down", &b, at(0));

	cr_expect(is_about(first, 1000), "%lld", (long long)first);
	for (int64_t ms = 0; ms < first; ms += 50)
		cr_expect(eq(i64, causes_wait_ms(c, "db down", &b, at(ms)),
		    first - ms));
	causes_free(&c);
}

Test(causes, each_wave_doubles_the_wait_once)
{
	struct causes *c = causes_new();
	struct backoff b = own(1000, 8000);
	int64_t now = 0, full = 1000;

	for (int wave = 0; wave < 8; wave++) {
		int64_t wait = causes_wait_ms(c, "x", &b, at(now));

		cr_expect(is_about(wait, full), "wave %d waits %lld", wave,
		    (long long)wait);
		for (int task = 0; task < 100; task++)
			(void)causes_wait_ms(c, "x", &b, at(now + 1));
		now += wait + 10;
		full = full < 8000 ? 2 * full : full;
	}
	causes_free(&c);
}

Test(causes, other_causes_have_waits_of_their_own)
{
	struct causes *c = causes_new();
	struct backoff b = own(1000, 60000);

	for (int i = 0; i < 5; i++)
		(void)causes_wait_ms(c, "x", &b, at(100000 * i / 10));
	cr_expect(is_about(causes_wait_ms(c, "y", &b, at(40001)), 1000));
	causes_free(&c);
}

Test(causes, a_cause_that_was_over_starts_anew)
{
	struct causes *c = causes_new();
	struct backoff b = own(1000, 60000);
	int64_t now = 0;

	for (int i = 0; i < 4; i++)
		now += causes_wait_ms(c, "x", &b, at(now));
	cr_expect(is_about(causes_wait_ms(c, "x", &b, at(now + 60000)), 1000));
	causes_free(&c);
}

/* Its text names an offset, an address, a time: it is a new one each time. */
Test(causes, a_task_that_fails_in_a_row_waits_longer_for_each_cause)
{
	struct causes *c = causes_new();
	struct backoff b = own(1000, 8000);
	int64_t now = 0, full = 1000;
	char name[32];

	for (int i = 0; i < 6; i++) {
		int64_t wait;

		(void)snprintf(name, sizeof name, "record %d is bad", i);
		(void)backoff_next_ms(&b); /* counts the try */
		wait = causes_wait_ms(c, name, &b, at(now));
		cr_expect(is_about(wait, full), "try %d waits %lld", i,
		    (long long)wait);
		now += wait;
		full = full < 8000 ? 2 * full : full;
	}
	causes_free(&c);
}

Test(causes, nobody_waits_longer_than_he_may)
{
	struct causes *c = causes_new();
	struct backoff patient = own(30000, 60000), hasty = own(100, 500);

	(void)causes_wait_ms(c, "x", &patient, at(0));
	cr_expect(eq(i64, causes_wait_ms(c, "x", &hasty, at(1)), 500));
	causes_free(&c);
}

Test(causes, of_too_many_the_oldest_is_forgotten)
{
	struct causes *c = causes_new();
	struct backoff b = own(1000, 60000);
	char name[32];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof name, "cause %d", i);
		(void)causes_wait_ms(c, name, &b, at(i));
	}
	/* The newest is known still. */
	cr_expect(lt(i64, causes_wait_ms(c, name, &b, at(1400)), 601));
	causes_free(&c);
}

static const struct {
	int64_t first, max, most;
} limits[] = {
	{ 1000, 60000, PS_RETRY_MAX_MS },
	{ 1000, 2000, 2000 },
	{ 20000, 60000, 20000 },
};

Test(causes, after_an_outage_nobody_waits_long_A1)
{
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct causes *c = causes_new();
		struct backoff b = own(limits[i].first, limits[i].max);
		int64_t now = 0, wait = 0;

		for (int wave = 0; wave < 20; wave++, now += wait) {
			(void)backoff_next_ms(&b);
			wait = causes_outage_ms(c, "db down", &b, at(now));
			cr_expect(le(i64, wait, limits[i].most));
		}
		cr_expect(is_about(wait, limits[i].most));
		causes_free(&c);
	}
}
