#include "record/value.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#include "base/arena.h"

static struct ps_arena *a;

static void
setup(void)
{
	a = arena_new(1024);
}

static void
teardown(void)
{
	arena_free(&a);
}

TestSuite(value, .init = setup, .fini = teardown);

/* One of each shape, all inside the others. */
static struct ps_value
everything(struct ps_pair pairs[2], struct ps_value fields[12])
{
	pairs[0] = (struct ps_pair){ ps_text("a"), ps_int(PS_INT8, 1) };
	pairs[1] = (struct ps_pair){ ps_text("b"), ps_null() };
	fields[0] = ps_map(pairs, 2);
	fields[1] = ps_int(PS_INT16, -2);
	fields[2] = ps_int(PS_INT32, 3);
	fields[3] = ps_int64(INT64_MIN);
	fields[4] = ps_float32(1.5f);
	fields[5] = ps_float64(0.1);
	fields[6] = ps_boolean(true);
	fields[7] = ps_text("text");
	fields[8] = ps_bytes("\0\1", 2);
	fields[9] = ps_array(fields, 9);
	fields[10] = ps_array(NULL, 0);
	fields[11] = (struct ps_value){ .type = PS_UNCHANGED };
	return ps_struct(fields, 12);
}

Test(value, a_copy_is_equal_and_shares_nothing)
{
	struct ps_value fields[12], copy, v;
	struct ps_pair pairs[2];
	char text[] = "text", bytes[] = { 1, 2 };

	v = everything(pairs, fields);
	fields[7] = ps_text(text);
	fields[8] = ps_bytes(bytes, 2);
	copy = value_copy(a, &v);
	cr_assert(value_equal(&copy, &v));
	memset(text, 'x', 4);
	bytes[0] = 9;
	cr_assert(ps_is_text(&copy.items[7], "text"));
	cr_assert(eq(u8, copy.items[8].p[0], 1));
	memset(pairs, 0, sizeof pairs);
	cr_assert(eq(i64, ps_map_find(&copy.items[0], "a")->i, 1));
}

Test(value, each_difference_makes_unequal)
{
	struct ps_value xf[12], yf[12], x, y,
	    others[] = { ps_null(), ps_int64(77), ps_float64(7.5),
		    ps_boolean(false), ps_text("text2"), ps_text("texT"),
		    ps_bytes("\0\2", 2), ps_array(yf, 1), ps_struct(yf, 1) };
	struct ps_pair xp[2], yp[2];

	x = everything(xp, xf);
	for (uint32_t i = 0; i < x.len; i++) {
		size_t count = sizeof others / sizeof *others;

		for (size_t j = 0; j < count; j++) {
			y = everything(yp, yf);
			cr_assert(value_equal(&x, &y));
			yf[i] = others[j];
			cr_assert(not(value_equal(&x, &y)), "field %u", i);
		}
	}
}

Test(value, maps_are_equal_in_any_order)
{
	struct ps_pair p[] = { { ps_text("a"), ps_int64(1) },
		{ ps_text("b"), ps_int64(2) } };
	struct ps_pair q[] = { { ps_text("b"), ps_int64(2) },
		{ ps_text("a"), ps_int64(1) } };
	struct ps_value x = ps_map(p, 2), y = ps_map(q, 2);

	cr_assert(value_equal(&x, &y));
	q[0].value = ps_int64(3);
	cr_assert(not(value_equal(&x, &y)));
	q[0] = (struct ps_pair){ ps_text("c"), ps_int64(2) };
	cr_assert(not(value_equal(&x, &y)));
	y = ps_map(q, 1);
	cr_assert(not(value_equal(&x, &y)));
}

Test(value, integers_are_equal_in_any_width)
{
	struct ps_value x = ps_int(PS_INT8, 5), y = ps_int64(5);
	struct ps_value f = ps_float64(5);

	cr_assert(value_equal(&x, &y));
	cr_assert(not(value_equal(&x, &f)));
}

Test(value, floats_are_equal_as_in_java)
{
	struct ps_value n = ps_float64((double)NAN), m = ps_float64(-n.f);
	struct ps_value plus = ps_float64(0.0), minus = ps_float64(-0.0);

	cr_assert(value_equal(&n, &m));
	cr_assert(value_equal(&plus, &plus));
	cr_assert(not(value_equal(&plus, &minus)));
	cr_assert(not(value_equal(&plus, &n)));
}

Test(value, types_have_connects_names)
{
	cr_assert_str_eq(value_type_name(PS_INT8), "INT8");
	cr_assert_str_eq(value_type_name(PS_FLOAT64), "FLOAT64");
	cr_assert_str_eq(value_type_name(PS_STRUCT), "STRUCT");
	for (int t = PS_NULL; t <= PS_UNCHANGED; t++)
		cr_assert_not_null(value_type_name((enum ps_type)t));
}
