/*
 * What every binary of Criterion's tests is linked with. It runs each test in
 * a process of its own, and tells that process by BXFI_MAP that it is one.
 */
#include <stdlib.h>
#include <unistd.h>

enum { LIMIT_S = 120, LATE_S = 30 };

int __lsan_is_turned_off(void);

/* The runner, which runs no code of ours, never frees the limit it keeps for
 * each test with a timeout (48 bytes, in a function without a name). A
 * suppression by library would hide what tests leak, as Criterion is on their
 * stack too; so the runner's process is not looked at, and all others are. */
int
__lsan_is_turned_off(void)
{
	return getenv("BXFI_MAP") == NULL;
}

/* Under load Criterion has lost the limit of a test that hung: the runner
 * waited for ever. The kernel does not forget. */
__attribute__((constructor)) static void
limit_test(void)
{
	const char *seconds = getenv("TEST_SECONDS");
	int limit = seconds == NULL ? LIMIT_S : atoi(seconds);

	if (getenv("BXFI_MAP") != NULL)
		(void)alarm((unsigned)(limit + LATE_S));
}
