#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"
#include "store/topics.h"
#include "tests/kafka/live.h"

static const struct ps_setting worker_settings[] = {
	{ "config.storage.partitions", "7" },
	{ "config.storage.replication.factor", "1" },
	{ "config.storage.topic", "cfg" },
	{ "offset.storage.cleanup.policy", "delete" },
	{ "offset.storage.segment.ms", "60000" },
	{ "offset.storage.topic", "off" },
	{ "status.storage.partitions", "2" },
	{ "status.storage.replication.factor", "-1" },
	{ "status.storage.topic", "sta" },
};

static const struct ps_config worker = { worker_settings,
	sizeof worker_settings / sizeof *worker_settings };

Test(topics, are_made_as_the_worker_s_keys_say)
{
	struct ps_arena *a = arena_new(1024);
	struct topics_spec s;
	struct ps_error err = { PS_OK, "" };

	cr_assert(eq(int, topics_spec(a, &worker, TOPICS_CONFIG, &s, &err), 0));
	cr_expect(eq(int, s.topic.partitions, 1));
	cr_expect(eq(int, s.topic.replicas, 1));
	cr_expect(eq(sz, s.topic.configs.count, 1));
	cr_assert(eq(int, topics_spec(a, &worker, TOPICS_OFFSET, &s, &err), 0));
	cr_expect(eq(int, s.topic.partitions, 25));
	cr_expect(eq(int, s.topic.replicas, 3));
	cr_expect(eq(str, (char *)ps_config_str(&s.topic.configs, "segment.ms"),
	    "60000"));
	cr_expect(
	    eq(str, (char *)ps_config_str(&s.topic.configs, "cleanup.policy"),
		"compact"));
	cr_assert(eq(int, topics_spec(a, &worker, TOPICS_STATUS, &s, &err), 0));
	cr_expect(eq(int, s.topic.partitions, 2));
	cr_expect(eq(int, s.topic.replicas, -1));
	arena_free(&a);
}

Test(topics, wrong_numbers_and_missing_names_are_refused)
{
	static const struct ps_setting rows[] = {
		{ "status.storage.partitions", "0" },
		{ "status.storage.partitions", "x" },
		{ "status.storage.partitions", "-2" },
		{ "status.storage.replication.factor", "99999" },
	};
	struct ps_arena *a = arena_new(1024);
	struct topics_spec s;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_setting both[] = { rows[i],
			{ "status.storage.topic", "t" } };
		struct ps_config c = { both, 2 };
		struct ps_error err = { PS_OK, "" };

		cr_expect(
		    eq(int, topics_spec(a, &c, TOPICS_STATUS, &s, &err), -1));
		cr_expect(eq(int, err.code, PS_E_CONFIG));
		cr_expect(strstr(err.text, rows[i].key) != NULL);
	}
	cr_expect(eq(int,
	    topics_spec(a, &(struct ps_config){ NULL, 0 }, TOPICS_CONFIG, &s,
		NULL),
	    -1));
	arena_free(&a);
}

Test(topics, what_would_lose_records_is_refused_with_the_command)
{
	static const struct {
		enum topics_which which;
		const char *policy;
		int partitions;
		const char *text; /* NULL: fit */
	} rows[] = {
		{ TOPICS_CONFIG, "compact", 1, NULL },
		{ TOPICS_CONFIG, NULL, 1, NULL },
		{ TOPICS_OFFSET, "compact", 7, NULL },
		{ TOPICS_CONFIG, "compact", 2, "but found 2 partitions" },
		{ TOPICS_STATUS, "delete", 5,
		    "but found the topic currently has "
		    "'cleanup.policy=delete'" },
		{ TOPICS_OFFSET, "compact,delete", 5,
		    "--add-config cleanup.policy=compact" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct topics_spec s = { .which = rows[i].which,
			.property = "p",
			.topic = { .name = "t" } };
		struct ps_error err = { PS_OK, "" };
		int result =
		    topics_judge(&s, rows[i].policy, rows[i].partitions, &err);

		cr_expect(eq(int, result, rows[i].text == NULL ? 0 : -1));
		if (rows[i].text != NULL)
			cr_expect(strstr(err.text, rows[i].text) != NULL, "%s",
			    err.text);
	}
}

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

	if (!live_start(&v))
		return;
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
