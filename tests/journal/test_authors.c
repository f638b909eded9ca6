#include "journal/authors.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct authors *a;
static int strangers;
static char key[64];
static int64_t at;

static void
on_stranger(void *ctx, const char *name, int64_t offset)
{
	(void)ctx;
	strangers++;
	(void)snprintf(key, sizeof key, "%s", name);
	at = offset;
}

static void
setup(void)
{
	a = authors_new(on_stranger, NULL);
	authors_watch(a, true);
}

static void
teardown(void)
{
	authors_free(&a);
}

TestSuite(authors, .init = setup, .fini = teardown, .timeout = 10);

static void
read_one(const char *name, const char *value, int64_t offset)
{
	struct store_pair r = { name, strlen(name), value,
		value == NULL ? 0 : strlen(value) };

	authors_read(a, &r, offset);
}

static void
answer(int64_t offset)
{
	authors_wrote(a, &offset, 1);
}

Test(authors, what_was_written_is_nobody_elses)
{
	authors_began(a);
	answer(7);
	read_one("connector-x", "{}", 7);
	cr_assert(eq(int, strangers, 0));
}

Test(authors, a_record_may_be_read_before_its_write_is_answered)
{
	authors_began(a);
	read_one("commit-x", "{}", 7);
	cr_expect(eq(int, strangers, 0));
	answer(7);
	cr_assert(eq(int, strangers, 0));
}

Test(authors, a_strangers_record_is_named)
{
	read_one("connector-x", "{}", 7);
	cr_expect(eq(int, strangers, 1));
	cr_expect(eq(str, key, "connector-x"));
	cr_assert(eq(long, at, 7));
}

Test(authors, a_stranger_is_not_hidden_by_a_write_on_its_way)
{
	authors_began(a);
	authors_began(a);
	read_one("task-x-0", "{}", 7);
	answer(8);
	cr_expect(eq(int, strangers, 0));
	answer(9);
	cr_expect(eq(int, strangers, 1));
	cr_assert(eq(str, key, "task-x-0"));
}

Test(authors, a_write_that_failed_wrote_nothing)
{
	authors_began(a);
	read_one("connector-x", "{}", 7);
	authors_wrote(a, NULL, 0);
	cr_assert(eq(int, strangers, 1));
}

Test(authors, what_changes_nothing_is_healing)
{
	authors_watch(a, false);
	read_one("connector-x", "{}", 1);
	read_one("connector-y", NULL, 2);
	authors_watch(a, true);
	read_one("connector-x", "{}", 3);
	read_one("connector-y", NULL, 4);
	cr_expect(eq(int, strangers, 0));
	read_one("connector-x", NULL, 5);
	cr_assert(eq(int, strangers, 1));
}

Test(authors, what_others_may_write_is_not_asked_about)
{
	read_one("target-state-x", "{}", 1);
	read_one("session-key", "{}", 2);
	read_one("penstock-leader", "{}", 3);
	read_one("rubbish", "{}", 4);
	cr_assert(eq(int, strangers, 0));
}

Test(authors, who_does_not_lead_does_not_ask)
{
	authors_watch(a, false);
	read_one("connector-x", "{}", 7);
	cr_assert(eq(int, strangers, 0));
}
