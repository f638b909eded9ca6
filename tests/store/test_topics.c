#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"
#include "config/map.h"
#include "store/topics.h"

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

Test(topics, leases_live_for_an_hour_beside_the_configs)
{
	static const struct ps_setting given[] = {
		{ "config.storage.cleanup.policy", "compact" },
		{ "config.storage.min.insync.replicas", "2" },
		{ "config.storage.replication.factor", "2" },
		{ "config.storage.retention.ms", "-1" },
		{ "config.storage.topic", "cfg" },
	};
	static const struct ps_setting wanted[] = {
		{ "cleanup.policy", "delete" },
		{ "min.insync.replicas", "2" },
		{ "retention.ms", "3600000" },
		{ "segment.ms", "3600000" },
	};
	struct ps_config c = { given, sizeof given / sizeof *given };
	struct ps_arena *a = arena_new(1024);
	struct topics_spec s;
	struct ps_error err = { PS_OK, "" };

	cr_assert(eq(int, topics_spec(a, &c, TOPICS_LEASE, &s, &err), 0));
	cr_expect(eq(str, (char *)s.topic.name, "cfg-penstock"));
	cr_expect(eq(int, s.topic.partitions, 1));
	cr_expect(eq(int, s.topic.replicas, 2));
	cr_expect(config_equal(&s.topic.configs,
	    &(struct ps_config){ wanted, sizeof wanted / sizeof *wanted }));
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
		{ TOPICS_LEASE, "delete", 1, NULL },
		{ TOPICS_LEASE, NULL, 1, NULL },
		{ TOPICS_LEASE, "compact", 1,
		    "--entity-name t --add-config cleanup.policy=delete" },
		{ TOPICS_LEASE, "compact,delete", 1,
		    "'cleanup.policy=compact,delete'" },
		{ TOPICS_LEASE, "delete", 3,
		    "found 3 partitions. To fix: stop all workers, "
		    "kafka-topics.sh --delete --topic t" },
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
