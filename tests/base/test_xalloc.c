#include "base/fds.h"
#include "base/xalloc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

Test(xalloc, copies_text)
{
	char *whole = xstrdup("offset"), *part = xstrndup("offset", 3);

	cr_assert(eq(str, whole, "offset"));
	cr_assert(eq(str, part, "off"));
	free(whole);
	free(part);
}

Test(xalloc, gives_something_even_for_nothing)
{
	void *p = xmalloc(0), *q = xcalloc(0, 8), *r = xrealloc(NULL, 0);

	cr_assert_not_null(p);
	cr_assert_not_null(q);
	cr_assert_not_null(r);
	free(p);
	free(q);
	free(r);
}

/* A sanitizer ends the process by itself, with another signal. */
#ifndef __SANITIZE_ADDRESS__
Test(xalloc, ends_the_process_without_memory, .signal = SIGABRT)
{
	/* volatile: the compiler would refuse the call */
	volatile size_t size = SIZE_MAX / 2;

	free(xmalloc(size));
}

Test(xalloc, ends_the_process_when_a_product_overflows, .signal = SIGABRT)
{
	volatile size_t size = SIZE_MAX / 2;

	free(xcalloc(size, 4));
}
#endif

Test(xalloc, ends_the_process_without_descriptors, .signal = SIGABRT)
{
	(void)xfd(open("/dev/null/none", O_RDONLY | O_CLOEXEC));
}

Test(xalloc, gives_the_descriptor_that_there_is)
{
	cr_expect(eq(int, xfd(7), 7));
}
