/*
 * groups: a member of a group and what it was told, for tests.
 */
#ifndef PENSTOCK_TESTS_KAFKA_GROUPS_H
#define PENSTOCK_TESTS_KAFKA_GROUPS_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <poll.h>

#include "base/clock.h"
#include "kafka/group.h"

struct member {
	struct group *g;
	bool is_owner;
	int told, left, broken;
	struct ps_error err;
};

__attribute__((unused)) static void
on_owner(void *ctx, bool is_owner)
{
	struct member *m = ctx;

	cr_expect(m->is_owner != is_owner);
	m->is_owner = is_owner;
	m->told++;
}

__attribute__((unused)) static void
on_broken(void *ctx, const struct ps_error *err)
{
	struct member *m = ctx;

	m->broken++;
	m->err = *err;
}

__attribute__((unused)) static void
on_left(void *ctx)
{
	struct member *m = ctx;

	m->left++;
}

static const struct group_ops group_ops = { on_owner, on_broken, on_left };

__attribute__((unused)) static void
join_as(struct member *m, const char *servers, struct group_spec *spec)
{
	struct ps_setting s[] = { { "bootstrap.servers", servers } };
	struct ps_config c = { s, 1 };
	struct ps_error err = { PS_OK, "" };

	spec->settings = &c;
	*m = (struct member){ .g = NULL };
	m->g = group_join(spec, &group_ops, m, &err);
	cr_assert(m->g != NULL, "%s", err.text);
}

__attribute__((unused)) static void
join(struct member *m, const char *servers, const char *group,
    const char *topic, int session_ms)
{
	struct group_spec spec = { NULL, group, topic, session_ms,
		session_ms / 5, NULL };

	join_as(m, servers, &spec);
}

/* One turn of a loop that is driven by descriptors alone; NULL: only one. */
__attribute__((unused)) static void
serve_both(struct member *a, struct member *b)
{
	struct pollfd fds[2] = { { group_fd(a->g), POLLIN, 0 },
		{ b == NULL ? -1 : group_fd(b->g), POLLIN, 0 } };

	cr_assert(poll(fds, 2, 2000) > 0, "the timer makes it readable");
	if (fds[0].revents != 0)
		group_serve(a->g);
	if (fds[1].revents != 0)
		group_serve(b->g);
}

/* Serves both until the condition holds. */
#define UNTIL(done, a, b, limit_ms)                                       \
	do {                                                              \
		struct clock_ms until_start = clock_now();                \
		while (!(done)) {                                         \
			cr_assert(clock_since(until_start, clock_now()) < \
				      (limit_ms),                         \
			    "not in time: " #done " (%s)",                \
			    group_trouble((a)->g));                       \
			serve_both(a, b);                                 \
		}                                                         \
	} while (0)

__attribute__((unused)) static void
leave(struct member *m)
{
	group_leave(m->g);
	UNTIL(m->left == 1, m, NULL, 10000);
	cr_expect(not(m->is_owner));
	group_free(&m->g);
}

#endif
