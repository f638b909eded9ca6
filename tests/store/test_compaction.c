/*
 * Any legal compaction of the config topic amounts to the same state.
 *
 * Logs are made at random from what a leader writes, whole transactions each.
 * A cleaner works from the first record on: in what it has rewritten (before
 * `written`) no record is left that a later one supersedes, as far as it has
 * looked (`seen`), and no tombstone that is older than `horizon`. It may be
 * cut short, and it comes again.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include "tests/store/capture.h"
#include "tests/store/state.h"

#define LOGS     400 /* in a slice */
#define CLEANED  25
#define STEPS    40
#define RECORDS  1024
#define MAX_TASK 4

struct log {
	struct ps_arena *a;
	struct store_pair items[RECORDS];
	size_t count;
	unsigned seed;
	unsigned version; /* of all values, so that none is like another */
	bool exists[3], unsettled[3];
};

static const char *const names[] = { "a", "b-0", "task-c" };

static unsigned
any(struct log *l, unsigned below)
{
	return (unsigned)rand_r(&l->seed) % below;
}

static void
write_pairs(struct log *l, struct store_pairs pairs)
{
	for (size_t i = 0; i < pairs.count; i++) {
		cr_assert(l->count < RECORDS);
		l->items[l->count++] = pairs.items[i];
	}
}

static void
write_pair(struct log *l, struct store_pair pair)
{
	write_pairs(l, (struct store_pairs){ &pair, 1 });
}

static struct ps_config
some_config(struct log *l)
{
	struct ps_setting *s = ps_calloc(l->a, 2, sizeof *s);

	s[0] = (struct ps_setting){ "connector.class", "X" };
	s[1] = (struct ps_setting){ "version",
		ps_printf(l->a, "%u", l->version++) };
	return (struct ps_config){ s, 2 };
}

/* ---- what a leader writes ---------------------------------------------- */

static void
write_config(struct log *l, size_t n)
{
	struct ps_config config = some_config(l);

	if (!l->exists[n] && any(l, 4) == 0)
		write_pair(l,
		    configs_put_target(l->a, names[n], TARGET_PAUSED));
	write_pair(l, configs_put_connector(l->a, names[n], &config));
	l->exists[n] = l->unsettled[n] = true;
}

static void
write_tasks(struct log *l, size_t n)
{
	size_t count = any(l, MAX_TASK + 1);
	struct ps_config tasks[MAX_TASK];

	for (size_t i = 0; i < count; i++)
		tasks[i] = some_config(l);
	write_pairs(l, configs_put_tasks(l->a, names[n], tasks, count));
	write_pair(l, configs_put_commit(l->a, names[n], count));
	l->unsettled[n] = false;
	if (any(l, 2) == 0)
		write_pair(l, configs_put_fencing(l->a, names[n], count));
}

static void
write_target(struct log *l, size_t n)
{
	write_pair(l, configs_put_target(l->a, names[n],
			  any(l, 2) ? TARGET_STARTED : TARGET_PAUSED));
}

static void
write_stop(struct log *l, size_t n)
{
	write_pair(l, configs_put_commit(l->a, names[n], 0));
	l->unsettled[n] = false;
	write_pair(l, configs_put_target(l->a, names[n], TARGET_STOPPED));
}

static void
write_end(struct log *l, size_t n)
{
	write_pairs(l, configs_delete(l->a, names[n]));
	l->exists[n] = false;
}

static void (*const writers[])(struct log *l, size_t n) = {
	write_config,
	write_tasks,
	write_tasks,
	write_target,
	write_stop,
	write_end,
};

static void
make_log(struct log *l, unsigned seed)
{
	*l = (struct log){ .a = arena_new(4096), .seed = seed };
	for (size_t i = 0; i < STEPS; i++) {
		size_t n = any(l, sizeof names / sizeof *names);
		size_t what = any(l, sizeof writers / sizeof *writers);

		if (l->exists[n])
			writers[what](l, n);
		else
			write_config(l, n);
	}
	/* A new config is followed by its task configs. Until then they read
	 * as none after a compaction, here and in Kafka Connect. */
	for (size_t n = 0; n < sizeof names / sizeof *names; n++)
		if (l->exists[n] && l->unsettled[n])
			write_tasks(l, n);
}

/* ---- what a cleaner makes of it ---------------------------------------- */

static bool
is_superseded(const bool *kept, const struct log *l, size_t i, size_t seen)
{
	for (size_t j = i + 1; j < seen; j++)
		if (kept[j] && strcmp(l->items[i].key, l->items[j].key) == 0)
			return true;
	return false;
}

static void
clean(struct log *l, bool *kept)
{
	size_t seen = any(l, (unsigned)l->count + 1);
	size_t written = any(l, 3) == 0 ? any(l, (unsigned)seen + 1) : seen;
	size_t horizon = any(l, (unsigned)written + 1);

	for (size_t i = 0; i < written; i++) {
		if (!kept[i])
			continue;
		if (is_superseded(kept, l, i, seen) ||
		    (l->items[i].value == NULL && i < horizon))
			kept[i] = false;
	}
}

static void
nothing(void *ctx, const struct configs_event *e)
{
	(void)ctx;
	(void)e;
}

static char *
state_of(struct log *l, const bool *kept)
{
	struct configs *c = configs_new(nothing, NULL);
	char *text;

	for (size_t i = 0; i < l->count; i++)
		if (kept[i])
			configs_apply(c, &l->items[i], (int64_t)i,
			    CONFIGS_REPLAY);
	text = state_text(l->a, c);
	configs_free(&c);
	return text;
}

/* 10^5 cases, on all cores. */
ParameterizedTestParameters(compaction, any_that_is_legal_amounts_to_the_same)
{
	static unsigned slices[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };

	return cr_make_param_array(unsigned, slices,
	    sizeof slices / sizeof *slices);
}

ParameterizedTest(unsigned *slice, compaction,
    any_that_is_legal_amounts_to_the_same, .timeout = 120)
{
	size_t dropped = 0;

	for (unsigned i = 1; i <= LOGS; i++) {
		static struct log l;
		static bool kept[RECORDS];
		unsigned seed = *slice * LOGS + i;
		char *expected;

		make_log(&l, seed);
		memset(kept, true, sizeof kept);
		expected = state_of(&l, kept);
		for (size_t n = 0; n < CLEANED; n++) {
			if (n % 5 == 0)
				memset(kept, true, sizeof kept);
			clean(&l, kept);
			cr_assert(eq(str, state_of(&l, kept), expected),
			    "log %u, cleaned %zu times", seed, n % 5 + 1);
		}
		for (size_t k = 0; k < l.count; k++)
			dropped += !kept[k];
		arena_free(&l.a);
	}
	cr_expect(dropped > 5000, "only %zu", dropped);
}
