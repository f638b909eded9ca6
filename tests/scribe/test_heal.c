#include "scribe/heal.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

struct row {
	const char *key, *value;
	bool is_aborted;
};

static bool
all(void *ctx, const char *key, size_t len)
{
	(void)ctx;
	(void)key;
	return len > 0;
}

static struct hidden *
read_both(const struct row *rows, size_t count)
{
	struct hidden *h = hidden_new(all, NULL);

	for (size_t i = 0; i < count; i++)
		hidden_take_any(h,
		    &(struct topiclog_record){ .offset = (int64_t)i,
			.key = rows[i].key,
			.key_len = strlen(rows[i].key) });
	for (size_t i = 0; i < count; i++)
		if (!rows[i].is_aborted)
			hidden_take_settled(h,
			    &(struct topiclog_record){ .offset = (int64_t)i,
				.key = rows[i].key,
				.key_len = strlen(rows[i].key),
				.value = rows[i].value,
				.value_len = rows[i].value == NULL
						 ? 0
						 : strlen(rows[i].value) });
	return h;
}

Test(heal, a_connector_does_not_get_its_predecessors_tasks)
{
	static const struct row rows[] = {
		{ "connector-a-1", "{}", false },
		{ "task-a-1-10", "old", false },
		{ "commit-a-1", "old", false },
		{ "connector-a", "{}", false },
		{ "task-a-0", "held", false },
		{ "commit-a", "held", false },
		{ "connector-a-1", NULL, false },
		{ "connector-a-1", "{}", false },
		{ "task-a-1-10", "new", true },
		{ "commit-a-1", "new", true },
		{ "task-a-0", "new", true },
		{ "commit-a", "new", true },
		{ "connector-a", "new", true },
	};
	static const struct {
		const char *key;
		bool holds;
	} expected[] = {
		{ "task-a-1-10", false },
		{ "commit-a-1", false },
		{ "task-a-0", true },
		{ "commit-a", true },
		{ "connector-a", true },
	};
	struct hidden *h = read_both(rows, sizeof rows / sizeof *rows);

	cr_assert(eq(sz, hidden_count(h), 5));
	for (size_t i = 0; i < 5; i++) {
		const struct hidden_record *r = hidden_at(h, i);

		cr_expect(eq(str, (char *)r->key, (char *)expected[i].key));
		cr_expect(eq(int, heal_holds(h, r), expected[i].holds), "%s",
		    r->key);
		cr_expect(r->value != NULL);
	}
	hidden_free(&h);
}
