/*
 * live: tests on a real broker, the one that PENSTOCK_KAFKA names.
 *
 * They are a program of their own, check-live: tests/integration/test_live.py
 * starts what they need and runs them.
 */
#ifndef PENSTOCK_TESTS_LIVE_LIVE_H
#define PENSTOCK_TESTS_LIVE_LIVE_H

#include <assert.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kafka/admin.h"

struct live {
	const char *servers;
	struct ps_setting settings[1];
	struct ps_config config;
	struct admin *admin;
	int answered, code;
};

__attribute__((unused)) static void
live_start(struct live *v)
{
	struct ps_error err = { PS_OK, "" };

	*v = (struct live){ .servers = getenv("PENSTOCK_KAFKA") };
	cr_assert(v->servers != NULL, "PENSTOCK_KAFKA names no broker");
	v->settings[0] = (struct ps_setting){ "bootstrap.servers", v->servers };
	v->config = (struct ps_config){ v->settings, 1 };
	v->admin = admin_new(&v->config, &err);
	cr_assert(v->admin != NULL, "%s", err.text);
}

__attribute__((unused)) static void
live_stop(struct live *v)
{
	admin_free(&v->admin, 1000);
}

__attribute__((unused)) static void
live_answer(void *ctx, const struct admin_answer *a)
{
	struct live *v = ctx;

	v->answered++;
	v->code = a->code;
	if (v->code == 0 && a->count > 0)
		v->code = a->items->code;
}

__attribute__((unused)) static void
live_wait(struct live *v)
{
	int before = v->answered;

	for (int i = 0; i < 200 && v->answered == before; i++)
		(void)admin_serve(v->admin, 100);
	cr_assert(v->answered > before, "no answer from the broker");
}

/* A topic of its own for each test. */
__attribute__((unused)) static const char *
live_topic(struct live *v, char *name, size_t room, int partitions)
{
	static int counter;
	struct ps_setting compact[] = { { "cleanup.policy", "compact" } };
	struct admin_new_topic t = { name, partitions, 1, { compact, 1 } };

	(void)snprintf(name, room, "t-%d-%d", getpid(), counter++);
	admin_create_topics(v->admin, &t, 1,
	    (struct admin_call){ live_answer, v, 10000 });
	live_wait(v);
	cr_assert(v->code == 0, "topic %s: %d", name, v->code);
	return name;
}

#endif
