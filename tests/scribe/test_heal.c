#include "scribe/heal.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/kafka/readings.h"

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
	struct hidden *h = read_both(rows, sizeof rows / sizeof *rows, 0);

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

/* The stop, as it was aborted, leaves no tasks to who reads it. Written again
 * without its tasks the number would be a list with holes to everybody. */
Test(heal, a_stop_leaves_the_number_of_tasks_as_it_is)
{
	static const struct row rows[] = {
		{ "connector-a", "{}", false },
		{ "task-a-0", "{}", false },
		{ "commit-a", "{\"tasks\":1}", false },
		{ "connector-b", "{}", false },
		{ "task-b-0", "{}", false },
		{ "commit-b", "{\"tasks\":1}", false },
		{ "connector-b", NULL, false },
		{ "connector-b", "{}", false },
		{ "connector-commit-c", "{\"tasks\":1}", false },
		{ "commit-a", "{\"tasks\":0}", true },
		{ "target-state-a", "STOPPED", true },
		{ "commit-b", "{\"tasks\":0}", true },
		{ "commit-d", "{\"tasks\":0}", true },
		{ "connector-commit-c", "{\"tasks\":0}", true },
	};
	static const struct {
		const char *key;
		bool is_due;
	} expected[] = {
		{ "commit-a", false },
		{ "target-state-a", true },
		{ "commit-b", true },
		{ "commit-d", true },
		{ "connector-commit-c", true },
	};
	struct hidden *h = read_both(rows, sizeof rows / sizeof *rows, 0);

	cr_assert(eq(sz, hidden_count(h), 5));
	for (size_t i = 0; i < 5; i++) {
		const struct hidden_record *r = hidden_at(h, i);

		cr_expect(eq(str, (char *)r->key, (char *)expected[i].key));
		cr_expect(eq(int, heal_is_due(h, r), expected[i].is_due), "%s",
		    r->key);
	}
	hidden_free(&h);
}

/* With tasks that are written again behind it, too: a compaction leaves these
 * alone, and the number before them would have none. */
Test(heal, tasks_that_were_aborted_are_written_again_with_their_number)
{
	static const struct row fewer[] = {
		{ "connector-a", "{}", false },
		{ "task-a-0", "1", false },
		{ "task-a-1", "1", false },
		{ "commit-a", "{\"tasks\":2}", false },
		{ "task-a-0", "2", true },
		{ "commit-a", "{\"tasks\":1}", true },
		{ "commit-a", "{\"tasks\":0}", true },
	};

	for (size_t count = 6; count <= 7; count++) {
		struct hidden *h = read_both(fewer, count, 0);

		cr_assert(eq(sz, hidden_count(h), 2));
		cr_expect(heal_is_due(h, hidden_at(h, 0)));
		cr_expect(heal_is_due(h, hidden_at(h, 1)));
		hidden_free(&h);
	}
}
