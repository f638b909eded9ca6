#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/kafka/readings.h"

Test(hidden, is_what_an_abort_wrote_last)
{
	static const struct row rows[] = {
		{ "a", "1", false },
		{ "b", "1", false },
		{ "b", "2", true },
		{ "a", "2", true },
		{ "a", "3", true },
		{ "c", NULL, false },
		{ "c", "2", true },
		{ "d", "1", true },
		{ "e", "1", true },
		{ "e", "2", false },
		{ "f", "1", false },
		{ "f", NULL, true },
		{ "g", "1", false },
		{ "g", "longer than 16 B.", true },
	};
	static const struct {
		const char *key, *value, *newest;
		int64_t aborted;
	} expected[] = { { "b", "1", "2", 2 }, { "a", "1", "3", 4 },
		{ "c", NULL, "2", 6 }, { "d", NULL, "1", 7 },
		{ "f", "1", NULL, 11 }, { "g", "1", NULL, 13 } };
	struct hidden *h = read_both(rows, 14, 0);

	cr_assert(eq(sz, hidden_count(h), 6));
	for (size_t i = 0; i < 6; i++) {
		const struct hidden_record *r = hidden_at(h, i);

		cr_expect(eq(str, (char *)r->key, (char *)expected[i].key));
		cr_expect(eq(sz, r->key_len, 1));
		cr_expect(eq(i64, r->aborted, expected[i].aborted));
		cr_assert(
		    eq(int, r->newest == NULL, expected[i].newest == NULL));
		if (r->newest != NULL)
			cr_expect(eq(chr, *r->newest, *expected[i].newest));
		cr_expect(eq(sz, r->newest_len, r->newest != NULL));
		cr_expect(eq(int, r->value == NULL, expected[i].value == NULL));
		if (r->value != NULL)
			cr_expect(eq(str, (char *)r->value,
			    (char *)expected[i].value));
	}
	hidden_free(&h);
	cr_expect(h == NULL);
}

Test(hidden, is_nothing_that_was_settled_since)
{
	static const struct row rows[] = {
		{ "a", "1", false },
		{ "a", "2", true },
		{ "a", "3", false },
	};
	struct hidden *h = read_both(rows, 2, 1);

	cr_expect(eq(sz, hidden_count(h), 0));
	hidden_free(&h);
}

Test(hidden, is_nothing_of_keys_that_nobody_wants)
{
	static const struct row rows[] = {
		{ "-a", "1", true },
		{ "", "1", true },
	};
	static const struct topiclog_record none = { .offset = 2 };
	struct hidden *h = read_both(rows, 2, 0);

	hidden_take_any(h, &none);
	hidden_take_settled(h, &none);
	cr_expect(eq(sz, hidden_count(h), 0));
	hidden_free(&h);
}

Test(hidden, is_no_key_of_two_partitions)
{
	static const struct row rows[] = {
		{ "a", "1", false },
		{ "a", "2", true },
	};
	struct hidden *h = hidden_new(wants, NULL);

	take(h, &rows[1], 3, 7);
	settle(h, &rows[0], 2, 5);
	cr_expect(eq(sz, hidden_count(h), 0));
	hidden_free(&h);

	h = hidden_new(wants, NULL);
	take(h, &rows[1], 3, 7);
	take(h, &rows[1], 2, 9);
	cr_expect(eq(sz, hidden_count(h), 0));
	hidden_free(&h);
}
