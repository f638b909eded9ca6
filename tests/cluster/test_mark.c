#include "cluster/mark.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

enum { LOG_MAX = 16 };

/* penstock-cluster as the log has it. */
struct record {
	const char *group;
	int64_t since;
};

/* Reads what compaction has left: the records from `first` on. */
static struct mark
read_from(const struct record *log, size_t count, size_t first)
{
	struct mark m;

	mark_init(&m);
	for (size_t i = first; i < count; i++)
		mark_read(&m, log[i].group, log[i].since, (int64_t)i);
	return m;
}

Test(mark, of_nobody_is_due)
{
	struct mark m;

	mark_init(&m);
	cr_expect(mark_is_due(&m, "a"));
	cr_expect(eq(i64, m.since, MARK_NEW));
	mark_read(&m, "a", MARK_NEW, 7);
	cr_expect(not(mark_is_due(&m, "a")));
	cr_expect(eq(str, m.group, "a"));
	cr_expect(eq(i64, m.since, 7));
	mark_read(&m, NULL, MARK_NEW, 9);
	cr_expect(m.group == NULL && mark_is_due(&m, "b"));
	mark_fini(&m);
}

Test(mark, the_first_wins_and_writes_again_what_was_written_over)
{
	struct mark m;

	mark_init(&m);
	mark_read(&m, "a", MARK_NEW, 10);
	mark_read(&m, "b", MARK_NEW, 11);
	cr_expect(eq(str, m.group, "a"));
	cr_expect(mark_is_due(&m, "a"));
	cr_expect(not(mark_is_due(&m, "b")), "who lost writes nothing");
	mark_read(&m, "a", m.since, 12);
	cr_expect(not(mark_is_due(&m, "a")));
	mark_fini(&m);
}

Test(mark, nobody_is_first_since_an_offset_that_is_yet_to_come)
{
	struct mark m;

	mark_init(&m);
	mark_read(&m, "a", 500, 10);
	cr_expect(eq(i64, m.since, 10));
	mark_fini(&m);
}

/* Two leaders mark at once, and write when they have to, until neither does
 * any more. A leader reads its own record; of what was there before it came,
 * compaction may have taken some. */
static void
race(size_t b_reads)
{
	struct record log[LOG_MAX] = { { "a", MARK_NEW }, { "b", MARK_NEW } };
	const char *const groups[] = { "a", "b" };
	const size_t from[] = { 0, b_reads };
	size_t count = 2, before = 0;
	struct mark m;

	while (before != count) {
		before = count;
		for (size_t k = 0; k < 2; k++) {
			m = read_from(log, count, from[k]);
			if (mark_is_due(&m, groups[k]))
				log[count++] =
				    (struct record){ groups[k], m.since };
			mark_fini(&m);
			cr_assert(lt(sz, count, LOG_MAX), "it goes on and on");
		}
	}
	/* Whoever comes later, whatever is compacted, finds the same. */
	m = read_from(log, count, count - 1);
	for (size_t k = 0; k < 2; k++) {
		struct mark other = read_from(log, count, from[k]);

		cr_expect(eq(str, other.group, m.group), "%zu", b_reads);
		mark_fini(&other);
	}
	cr_expect(eq(str, m.group, "a"));
	mark_fini(&m);
}

Test(mark, of_two_that_mark_at_once_one_is_left_also_after_compaction)
{
	race(0);
	race(1);
}
