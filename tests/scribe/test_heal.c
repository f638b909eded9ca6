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
