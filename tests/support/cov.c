/*
 * cov: processes that end by _exit or SIGTERM write what they covered, as
 * those that return from main do. Linked with --wrap=_exit in MODE=cov.
 */
#include <signal.h>
#include <stdlib.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int code);
_Noreturn void __wrap__exit(int code);

_Noreturn void
__wrap__exit(int code)
{
	__gcov_dump();
	__real__exit(code);
}

static void
on_term(int number)
{
	__wrap__exit(128 + number);
}

/* Until the program installs a handler of its own. */
__attribute__((constructor)) static void
watch(void)
{
	(void)signal(SIGTERM, on_term);
}
