#include "task/asking.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { OF_CALL = 29, OF_ITEM = 3 };

static struct asking
answered(const struct admin_answer *answer)
{
	struct asking a = { 0 };

	asking_answered(&a, answer);
	cr_expect(a.is_done);
	return a;
}

Test(asking, what_failed_for_its_item_is_told_by_the_item)
{
	const struct admin_item items[] = {
		{ .code = OF_ITEM, .error = { PS_E_RETRY, "no such topic" } },
		{ .code = OF_CALL, .error = { PS_E_DATA, "another's" } },
	};
	struct asking a =
	    answered(&(struct admin_answer){ .items = items, .count = 2 });

	cr_expect(eq(int, a.code, OF_ITEM));
	cr_expect(eq(int, (int)a.error.code, PS_E_RETRY));
	cr_expect(eq(str, a.error.text, "no such topic"));
}

Test(asking, what_failed_as_a_whole_is_told_by_the_call)
{
	const struct admin_item items[] = { { .code = 0 } };
	struct asking a = answered(&(struct admin_answer){ .items = items,
	    .count = 1,
	    .code = OF_CALL,
	    .error = { PS_E_CONFIG, "not allowed" } });

	cr_expect(eq(int, a.code, OF_CALL));
	cr_expect(eq(int, (int)a.error.code, PS_E_CONFIG));
	cr_expect(eq(str, a.error.text, "not allowed"));
}

Test(asking, an_answer_without_an_error_is_none)
{
	struct asking a = answered(&(struct admin_answer){ .count = 0 });

	cr_expect(eq(int, a.code, 0));
	cr_expect(eq(int, (int)a.error.code, PS_OK));
}
