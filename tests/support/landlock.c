/*
 * landlock: a kernel whose Landlock is an older one, by LD_PRELOAD or linked
 * in.
 *
 * PENSTOCK_TEST_LANDLOCK says which version it has at most (1, 2 or 3). As
 * such a kernel does, it refuses the rights and the fields of a ruleset that
 * came later. What a ruleset does not name is as it was before it could be
 * named: truncating is not kept, and nothing goes from one folder to another.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/landlock.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define VERSIONS 4
#define OF_FILES sizeof(uint64_t) /* the rights of files stand first */

typedef long call_fn(long, ...);

/* Each adds one: REFER, TRUNCATE. */
static const uint64_t known[VERSIONS] = { 0, 0x1fff, 0x3fff, 0x7fff };

static long
version(void)
{
	const char *text = getenv("PENSTOCK_TEST_LANDLOCK");
	long n = text == NULL ? 0 : strtol(text, NULL, 10);

	return n > 0 && n < VERSIONS ? n : 0;
}

static long
fail(int why)
{
	errno = why;
	return -1;
}

/* 0, or what it says to a ruleset that it does not understand. */
static int
refuses(const unsigned char *attr, size_t size, long at_most)
{
	if (size < OF_FILES)
		return 0;
	for (size_t i = OF_FILES; i < size; i++)
		if (attr[i] != 0)
			return E2BIG;
	return (*(const uint64_t *)(const void *)attr & ~known[at_most]) != 0
		   ? EINVAL
		   : 0;
}

static long
create_ruleset(call_fn *real, long attr, long size, long flags)
{
	long most = version(), got;
	int why;

	if (flags == 0 && attr != 0 && most != 0) {
		why = refuses((const unsigned char *)attr, (size_t)size, most);
		if (why != 0)
			return fail(why);
	}
	got = real(SYS_landlock_create_ruleset, attr, size, flags);
	if (flags == LANDLOCK_CREATE_RULESET_VERSION && most != 0 && got > most)
		return most;
	return got;
}

/* It takes as many as the kernel does, also where fewer were given. */
__attribute__((no_sanitize_address)) long
syscall(long number, ...)
{
	call_fn *real;
	long a[6];
	va_list ap;

	*(void **)(void *)&real = dlsym(RTLD_NEXT, "syscall");
	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_landlock_create_ruleset)
		return create_ruleset(real, a[0], a[1], a[2]);
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
