/* The rows are those of tests/lazy/lazy.def. */
#include "lazy/lazy.c"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <signal.h>

extern __typeof__(snprintf) lazy_snprintf;
extern __typeof__(hypot) lazy_hypot;
void lazy_missing(void);
void lazy_of_nobody(void);

Test(lazy, every_kind_of_argument_arrives)
{
	char text[200];
	int n;

	for (int i = 0; i < 2; i++) { /* the first call and the others */
		n = lazy_snprintf(text, sizeof text,
		    "%d %s %ld %c %.1f %.2f %.3f %u %llx %.1f %.1f %.1f %.1f "
		    "%.1f %.1f %s",
		    -1, "two", 3L, '4', 5.5, 6.25, 7.125, 8U, 0x99LL, 10.5,
		    11.5, 12.5, 13.5, 14.5, 15.5, "end");
		cr_assert_str_eq(text,
		    "-1 two 3 4 5.5 6.25 7.125 8 99 10.5 11.5 12.5 13.5 14.5 "
		    "15.5 end");
		cr_assert_eq(n, (int)strlen(text));
	}
}

Test(lazy, what_the_function_returns_comes_back)
{
	for (int i = 0; i < 2; i++)
		cr_assert_float_eq(lazy_hypot(3, 4), 5, 1e-9);
}

Test(lazy, a_call_finds_its_function_once)
{
	cr_assert_null(atomic_load(&row_lazy_hypot.at));
	(void)lazy_hypot(3, 4);
	cr_assert_eq(atomic_load(&row_lazy_hypot.at),
	    dlsym(RTLD_DEFAULT, "hypot"));
}

Test(lazy, a_missing_library_ends_the_process_by_name, .signal = SIGABRT)
{
	lazy_of_nobody();
}

Test(lazy, a_missing_function_ends_the_process_by_name, .signal = SIGABRT)
{
	lazy_missing();
}
