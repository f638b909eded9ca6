#include "base/buf.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <string.h>

static struct buf b;

static void
setup(void)
{
	buf_init(&b, 1000);
}

static void
teardown(void)
{
	buf_fini(&b);
}

TestSuite(buf, .init = setup, .fini = teardown);

Test(buf, is_an_empty_text_at_first)
{
	cr_assert(eq(str, (char *)buf_str(&b), ""));
	buf_consume(&b, 0);
	cr_assert(zero(sz, b.len));
}

Test(buf, joins_what_is_appended)
{
	cr_assert(zero(int, buf_puts(&b, "connector ")));
	cr_assert(zero(int, buf_append(&b, "orders", 3)));
	cr_assert(zero(int, buf_printf(&b, "-%d", 7)));
	cr_assert(eq(str, (char *)buf_str(&b), "connector ord-7"));
	cr_assert(eq(sz, b.len, 15));
}

Test(buf, grows_to_its_ceiling_and_no_further)
{
	char text[1001];

	memset(text, 'x', sizeof text);
	cr_assert(zero(int, buf_append(&b, text, 400)));
	cr_assert(zero(int, buf_append(&b, text, 600)));
	cr_assert(not(b.overflow));
	cr_assert(eq(int, buf_puts(&b, "y"), -1));
	cr_assert(b.overflow);
	cr_assert(eq(sz, b.len, 1000));
}

Test(buf, adds_nothing_more_once_it_overflowed)
{
	char text[2000] = { 0 };

	cr_assert(eq(int, buf_append(&b, text, sizeof text), -1));
	cr_assert(eq(int, buf_puts(&b, "a"), -1));
	cr_assert(eq(int, buf_printf(&b, "%d", 1), -1));
	cr_assert_null(buf_reserve(&b, 1));
	cr_assert(zero(sz, b.len));
	buf_clear(&b);
	cr_assert(zero(int, buf_puts(&b, "a")));
}

Test(buf, takes_writes_into_its_reserve)
{
	char *room = buf_reserve(&b, 600);

	memcpy(room, "abc", 3);
	b.len += 3;
	cr_assert(eq(str, (char *)buf_str(&b), "abc"));
}

Test(buf, keeps_the_rest_when_the_front_is_consumed)
{
	(void)buf_puts(&b, "frame1frame2");
	buf_consume(&b, 6);
	cr_assert(eq(str, (char *)buf_str(&b), "frame2"));
	buf_consume(&b, 6);
	cr_assert(eq(str, (char *)buf_str(&b), ""));
}

Test(buf, refuses_to_consume_what_it_does_not_have, .signal = SIGABRT)
{
	(void)buf_puts(&b, "ab");
	buf_consume(&b, 3);
}
