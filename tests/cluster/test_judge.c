#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "cluster/herder.h"

#define SESSION_MS 10000
#define BEAT_MS    3000

/* A leader alone; its own beats come back at once, when they may. */
static struct {
	struct herder *h;
	struct clock_ms now;
	int64_t offset;
	struct beat sent;
	bool held; /* what it sends stays away */
	size_t beats, verdicts;
	uint64_t token;
} one;

static void step(const struct herder_event *ev);

static void
read_back(void)
{
	struct herder_event ev = { .kind = HERDER_BEAT,
		.offset = one.offset++,
		.beat = one.sent };

	one.sent = (struct beat){ 0 };
	if (ev.beat.number > 0)
		step(&ev);
}

static void
step(const struct herder_event *ev)
{
	struct herder_actions acts = herder_step(one.h, one.now, ev);
	bool claims = false, heals = false;
	int64_t epoch = 0;

	for (size_t i = 0; i < acts.count; i++) {
		const struct herder_action *act = &acts.items[i];

		one.verdicts += act->kind == HERD_VERDICT;
		one.beats += act->kind == HERD_BEAT;
		if (act->kind == HERD_BEAT)
			one.sent = (struct beat){ .who = *herder_me(one.h),
				.number = act->beat.number,
				.host = "here",
				.born_ms = act->beat.born_ms };
		if (act->kind == HERD_CATCH_UP)
			one.token = act->token;
		if (act->kind == HERD_CLAIM)
			epoch = act->epoch;
		claims |= act->kind == HERD_CLAIM;
		heals |= act->kind == HERD_HEAL;
	}
	if (!one.held)
		read_back();
	if (claims)
		step(&(struct herder_event){ .kind = HERDER_CLAIM,
		    .claim = { .who = *herder_me(one.h),
			.url = "http://here",
			.epoch = epoch } });
	if (heals)
		step(&(struct herder_event){ .kind = HERDER_HEALED });
}

static void
set_up(void)
{
	struct herder_config config = { .id = "a:1",
		.host = "here",
		.session_ms = SESSION_MS,
		.heartbeat_ms = BEAT_MS,
		.seed = 1 };

	memset(&one, 0, sizeof one);
	one.now.ms = 1000000;
	one.h = herder_new(&config, one.now);
	step(&(struct herder_event){ .kind = HERDER_LISTENS });
	step(&(struct herder_event){ .kind = HERDER_CAUGHT_UP,
	    .token = one.token });
	step(&(struct herder_event){ .kind = HERDER_CANDIDATE,
	    .candidate = true });
	for (int64_t end = one.now.ms + 2 * SESSION_MS; one.now.ms < end;
	     one.now.ms += 100)
		step(&(struct herder_event){ .kind = HERDER_TICK });
	cr_assert(herder_leads(one.h));
}

static void
tear_down(void)
{
	herder_free(&one.h);
}

TestSuite(judge, .init = set_up, .fini = tear_down, .timeout = 60);

static const struct who stranger = { "b:1", 7 };

static void
give_work_to_a_stranger(void)
{
	struct assignment as = { .version = 1,
		.epoch = 100,
		.generation = -1,
		.connector = stranger };

	step(&(struct herder_event){ .kind = HERDER_CONNECTOR,
	    .connector = "orders",
	    .wanted = { .exists = true, .generation = -1 } });
	step(&(struct herder_event){ .kind = HERDER_ASSIGNMENT,
	    .connector = "orders",
	    .assignment = &as });
}

/* Its beat is older than the record that names it: it may be on its way. */
Test(judge, who_was_never_heard_of_is_judged_after_a_beat_that_would_be_later)
{
	one.held = true;
	one.beats = 0;
	give_work_to_a_stranger();
	cr_expect(eq(sz, one.verdicts, 0));
	cr_assert(eq(sz, one.beats, 1));
	one.held = false;
	read_back();
	cr_expect(eq(sz, one.verdicts, 1));
}

Test(judge, who_was_only_read_of_late_is_not_judged)
{
	one.held = true;
	give_work_to_a_stranger();
	step(&(struct herder_event){ .kind = HERDER_BEAT,
	    .offset = one.offset++,
	    .beat = { .who = stranger, .number = 1, .host = "there" } });
	one.held = false;
	read_back();
	cr_expect(eq(sz, one.verdicts, 0));
}

/* since: as in struct beat */
static void
hear_of(struct who who, int64_t number, int64_t since)
{
	step(&(struct herder_event){ .kind = HERDER_BEAT,
	    .offset = one.offset++,
	    .beat = { .who = who,
		.number = number,
		.host = "there",
		.born_ms = (int64_t)who.incarnation,
		.since = since } });
}

/* It reads from the end, and does not know of us yet. */
Test(judge, who_is_new_hears_of_us_at_once)
{
	one.now.ms += 100;
	step(&(struct herder_event){ .kind = HERDER_TICK });
	one.beats = 0;
	hear_of(stranger, 1, -1);
	cr_expect(eq(sz, one.beats, 1));
	one.now.ms += 100;
	hear_of(stranger, 2, one.offset - 1);
	cr_expect(eq(sz, one.beats, 1), "an old acquaintance is not greeted");
	hear_of((struct who){ "c:1", 7 }, 5, 0);
	cr_expect(eq(sz, one.beats, 1), "who was there before us neither");
	hear_of((struct who){ "b:1", 8 }, 1, -1);
	cr_expect(eq(sz, one.beats, 2), "a new incarnation is");
}
