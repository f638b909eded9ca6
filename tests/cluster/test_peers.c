#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "cluster/peers.h"

#define SESSION_MS 10000

static const struct clock_ms begin = { 1000000 };
static const struct who one = { "w:1", 1 }, two = { "w:1", 2 };

static struct peers *
fresh(void)
{
	struct peers *p = peers_new(SESSION_MS);

	peers_begin(p, begin);
	return p;
}

static struct beat
beat_of(struct who who, int64_t number, const char *host)
{
	return (struct beat){ .who = who,
		.number = number,
		.host = host,
		.born_ms = (int64_t)who.incarnation,
		.since = -1 };
}

static bool
is_over(struct peers *p, struct who who, int64_t ms)
{
	peers_notice(p, clock_after(begin, ms));
	return peers_get(p, &who)->over;
}

Test(peers, who_is_judged_ends_a_session_after_it_was_heard_last)
{
	struct peers *p = fresh();
	struct beat b = beat_of(one, 1, "m");

	peers_beat(p, &b, clock_after(begin, 3000));
	cr_expect(not(is_over(p, one, 60000)), "silence alone ends nobody");
	peers_verdict(p, &one);
	peers_beat(p, &b, clock_after(begin, 12000)); /* counts no more */
	cr_expect(not(is_over(p, one, 12999)));
	cr_expect(is_over(p, one, 13000));
	peers_free(&p);
}

Test(peers, who_was_never_heard_of_counts_from_the_beginning)
{
	struct peers *p = fresh();

	peers_verdict(p, &one);
	cr_expect(not(is_over(p, one, 9999)));
	cr_expect(is_over(p, one, 10000));
	peers_free(&p);
}

Test(peers, a_goodbye_ends_it_at_once)
{
	struct peers *p = fresh();
	struct beat b = beat_of(one, 1, "m");

	b.flags = BEAT_GONE;
	peers_beat(p, &b, begin);
	cr_expect(is_over(p, one, 1));
	cr_expect(not(peer_is_member(peers_get(p, &one))));
	peers_free(&p);
}

Test(peers, a_later_run_on_the_machine_ends_the_older_in_any_order)
{
	for (int order = 0; order < 2; order++) {
		struct peers *p = fresh();
		struct beat old = beat_of(one, 1, "m");
		struct beat new = beat_of(two, 1, "m");

		peers_beat(p, order == 0 ? &old : &new, begin);
		peers_beat(p, order == 0 ? &new : &old, begin);
		cr_expect(is_over(p, one, 1), "order %d", order);
		cr_expect(not(is_over(p, two, 1)), "order %d", order);
		peers_free(&p);
	}
}

Test(peers, a_run_on_another_machine_ends_nobody)
{
	struct peers *p = fresh();
	struct beat a = beat_of(one, 1, "m"), b = beat_of(two, 1, "n");

	peers_beat(p, &a, begin);
	peers_beat(p, &b, begin);
	cr_expect(not(is_over(p, one, 60000)));
	cr_expect(not(is_over(p, two, 60000)));
	peers_free(&p);
}

Test(peers, of_one_id_on_two_machines_the_later_is_second)
{
	static const struct {
		int64_t a, b;
		bool a_is_second, b_is_second;
	} rows[] = {
		{ 5, 9, false, true },
		{ 9, 5, true, false },
		{ 5, -1, false, true }, /* has not read its first yet */
		{ -1, -1, false, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct peers *p = fresh();
		struct beat a = beat_of(one, 1, "m"), b = beat_of(two, 1, "n");

		a.since = rows[i].a;
		b.since = rows[i].b;
		peers_beat(p, &a, begin);
		peers_beat(p, &b, begin);
		cr_expect(eq(int, peers_is_second(p, peers_get(p, &one)),
			      rows[i].a_is_second),
		    "row %zu", i);
		cr_expect(eq(int, peers_is_second(p, peers_get(p, &two)),
			      rows[i].b_is_second),
		    "row %zu", i);
		peers_free(&p);
	}
}

Test(peers, only_an_answer_to_the_record_or_a_later_one_counts)
{
	static const int stopping[] = { -1, 2 };
	static const struct {
		int64_t epoch;
		const char *connector;
		int task;
		bool left;
	} rows[] = {
		{ 7, "ant", 0, true }, { 6, "ant", 0, true },
		{ 8, "ant", 0, false }, /* has not read that yet */
		{ 7, "ant", 2, false }, /* still stopping */
		{ 7, "ant", -1, false }, { 7, "ant", PEER_ANY, false },
		{ 1, "bee", 0, false }, /* says nothing of it */
	};
	const struct beat_answer answer = { "ant", 7, 2, stopping };
	struct beat b = beat_of(one, 1, "m");
	struct peers *p = fresh();

	b.epoch = 99;
	b.answers = &answer;
	b.answer_count = 1;
	peers_beat(p, &b, begin);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(eq(int,
			      peer_has_left(peers_get(p, &one), rows[i].epoch,
				  rows[i].connector, rows[i].task),
			      rows[i].left),
		    "row %zu", i);
	peers_free(&p);
}

Test(peers, an_older_beat_that_comes_later_tells_nothing)
{
	struct peers *p = fresh();
	struct beat b = beat_of(one, 5, "m");

	b.flags = BEAT_DRAINING;
	peers_beat(p, &b, begin);
	b = beat_of(one, 4, "m");
	peers_beat(p, &b, clock_after(begin, 500));
	cr_expect(eq(int, (int)peers_get(p, &one)->flags, BEAT_DRAINING));
	cr_expect(eq(i64, peers_get(p, &one)->heard.ms, begin.ms));
	peers_free(&p);
}

static bool
is_named(void *ctx, const struct who *who)
{
	(void)ctx;
	(void)who;
	return false;
}

Test(peers, who_was_judged_and_forgotten_does_not_come_back_with_a_late_beat)
{
	struct peers *all = peers_new(10000);
	struct who who = { "w:1", 7 };
	struct beat b = { .who = who,
		.number = 1,
		.host = "m",
		.born_ms = 1,
		.since = 1 };
	struct clock_ms now = { 1000 };

	peers_begin(all, now);
	peers_beat(all, &b, now);
	now.ms += 10000;
	peers_verdict(all, &who);
	peers_notice(all, now);
	cr_assert(peers_find(all, &who)->over);
	peers_sweep(all, is_named, NULL);
	cr_assert(peers_find(all, &who) == NULL);
	/* It was stopped, and goes on: its beat stands behind the verdict. */
	b.number = 2;
	peers_beat(all, &b, now);
	cr_expect(peers_find(all, &who) == NULL);
	b.who.incarnation = 8;
	b.number = 1;
	peers_beat(all, &b, now);
	cr_expect(peer_is_member(peers_find(all, &b.who)));
	peers_free(&all);
}
