#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"
#include "store/topics.h"
#include "store/topics_watch.h"
#include "tests/live/live.h"

struct done {
	int calls;
	struct ps_error err;
};

static void
on_done(void *ctx, const struct ps_error *err)
{
	struct done *d = ctx;

	d->calls++;
	if (err != NULL)
		d->err = *err;
}

static void
ensure(struct live *v, const struct topics_spec *specs, size_t count,
    struct done *d)
{
	*d = (struct done){ .calls = 0 };
	topics_ensure(v->admin, specs, count, 10000, on_done, d);
	for (int i = 0; i < 300 && d->calls == 0; i++)
		(void)admin_serve(v->admin, 100);
	cr_assert(eq(int, d->calls, 1));
}

Test(topics, missing_ones_are_created_and_all_are_checked, .timeout = 60)
{
	struct ps_setting compact[] = { { "cleanup.policy", "compact" } };
	struct ps_setting delete[] = { { "cleanup.policy", "delete" } };
	char names[3][40];
	struct topics_spec s[3];
	struct live v;
	struct done d;

	live_start(&v);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(names[i], sizeof names[i], "ensure-%d-%d",
		    getpid(), i);
		s[i] = (struct topics_spec){ (enum topics_which)i, "p",
			{ names[i], i == 0 ? 1 : 3, 1, { compact, 1 } } };
	}
	ensure(&v, s, 2, &d);
	cr_expect(eq(int, d.err.code, PS_OK), "%s", d.err.text);
	ensure(&v, s, 3, &d);
	cr_expect(eq(int, d.err.code, PS_OK), "%s", d.err.text);
	/* too many replicas for one broker */
	(void)snprintf(names[2], sizeof names[2], "replicas-%d", getpid());
	s[2].topic.replicas = 3;
	ensure(&v, s, 3, &d);
	cr_expect(eq(int, d.err.code, PS_E_CONFIG));
	cr_expect(strstr(d.err.text, names[2]) != NULL, "%s", d.err.text);
	/* made with the wrong policy */
	s[2].topic.replicas = 1;
	s[2].topic.configs = (struct ps_config){ delete, 1 };
	ensure(&v, s, 3, &d);
	cr_expect(eq(int, d.err.code, PS_E_CONFIG));
	cr_expect(strstr(d.err.text, "cleanup.policy=delete") != NULL);
	live_stop(&v);
}

Test(topics, leases_get_a_topic_of_their_own, .timeout = 60)
{
	char name[40];
	struct ps_setting given[] = { { "config.storage.replication.factor",
					  "1" },
		{ "config.storage.topic", name } };
	struct ps_arena *a = arena_new(1024);
	struct topics_spec lease, config;
	struct live v;
	struct done d = { 0 };

	live_start(&v);
	(void)snprintf(name, sizeof name, "leased-%d", getpid());
	cr_assert(eq(int,
	    topics_spec(a, &(struct ps_config){ given, 2 }, TOPICS_LEASE,
		&lease, &d.err),
	    0));
	ensure(&v, &lease, 1, &d);
	cr_expect(eq(int, d.err.code, PS_OK), "%s", d.err.text);
	ensure(&v, &lease, 1, &d);
	cr_expect(eq(int, d.err.code, PS_OK), "%s", d.err.text);
	/* the broker gave it that policy: as a config topic it is refused */
	config = lease;
	config.which = TOPICS_CONFIG;
	ensure(&v, &config, 1, &d);
	cr_expect(strstr(d.err.text, "'cleanup.policy=delete'") != NULL, "%s",
	    d.err.text);
	arena_free(&a);
	live_stop(&v);
}

/* ---- What goes while it is used ------------------------------------------ */

struct missed {
	int harmed, replaced;
	char text[1024];
};

static void
on_harmed(void *ctx, const char *text)
{
	struct missed *m = ctx;

	m->harmed++;
	(void)snprintf(m->text, sizeof m->text, "%s", text);
}

static void
on_replaced(void *ctx, const struct ps_error *err)
{
	struct missed *m = ctx;

	m->replaced++;
	(void)snprintf(m->text, sizeof m->text, "%s", err->text);
}

static void
look(struct live *v, struct topics_watch *w)
{
	topics_watch_look(w);
	for (int i = 0; i < 100 && admin_waiting(v->admin) > 0; i++)
		(void)admin_serve(v->admin, 100);
	cr_assert(eq(sz, admin_waiting(v->admin), 0));
}

static void
delete_topic(struct live *v, const char *name)
{
	admin_delete_topics(v->admin, &name, 1,
	    (struct admin_call){ live_answer, v, 10000 });
	live_wait(v);
	cr_assert(eq(int, v->code, 0));
}

Test(topics, one_that_goes_is_missed_and_no_other_is_taken_for_it,
    .timeout = 60)
{
	static const struct topics_watch_ops ops = { on_harmed, on_replaced };
	struct ps_setting compact[] = { { "cleanup.policy", "compact" } };
	struct topics_spec s = { TOPICS_CONFIG, "config.storage.topic",
		{ "", 1, 1, { compact, 1 } } };
	struct missed m = { 0 };
	struct topics_watch *w;
	char name[40];
	struct live v;
	struct done d;

	live_start(&v);
	(void)snprintf(name, sizeof name, "watch-%d", getpid());
	s.topic.name = name;
	ensure(&v, &s, 1, &d);
	w = topics_watch_new(v.admin, &s, 1, &ops, &m);
	for (int i = 0; i < 3; i++)
		look(&v, w);
	cr_expect(eq(int, m.harmed, 0), "%s", m.text);
	delete_topic(&v, name);
	for (int i = 0; i < 50 && m.harmed == 0; i++)
		look(&v, w);
	look(&v, w);
	cr_expect(eq(int, m.harmed, 1), "it is told once");
	cr_expect(strstr(m.text, name) != NULL, "%s", m.text);
	cr_expect(eq(str, (char *)topics_watch_harm(w), m.text));
	cr_expect(eq(int, m.replaced, 0));
	ensure(&v, &s, 1, &d);
	for (int i = 0; i < 50 && m.replaced == 0; i++)
		look(&v, w);
	cr_expect(eq(int, m.replaced, 1));
	cr_expect(strstr(m.text, name) != NULL, "%s", m.text);
	live_stop(&v);
	topics_watch_free(&w);
}
