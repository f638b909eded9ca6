#include "child/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "child/limits.h"

#define KEPT "kept"

static char path[PATH_MAX];

/* What an attempt at the file gave: 0 or errno. */

static int
try_truncate(int unused)
{
	(void)unused;
	return truncate(path, 0) == 0 ? 0 : errno;
}

static int
try_open(int flags)
{
	int fd = open(path, flags);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

#if defined(SYS_open)
static int
try_old_open(int flags)
{
	int fd = (int)syscall(SYS_open, path, flags);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}
#endif

static int
try_openat2(int flags)
{
	struct open_how how = { .flags = (unsigned)flags };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

static const struct {
	int (*try)(int flags);
	int flags;
	int gives;
} attempts[] = {
	{ try_truncate, 0, EPERM },
	{ try_open, O_TRUNC | O_RDONLY, EPERM },
	/* Neither to read nor to write. */
	{ try_open, O_TRUNC | O_ACCMODE, EPERM },
	{ try_open, O_TRUNC | O_RDONLY | O_CLOEXEC, EPERM },
#if defined(SYS_open)
	{ try_old_open, O_TRUNC | O_RDONLY, EPERM },
	{ try_old_open, O_RDONLY, 0 },
#endif
	{ try_openat2, O_TRUNC | O_RDONLY, ENOSYS },
	{ try_open, O_RDONLY, 0 },
	{ try_open, O_WRONLY, 0 },
	{ try_open, O_RDWR | O_APPEND, 0 },
};

/* In the child: 0, or the number of the attempt that gave something else. */
static int
try_all(void)
{
	char text[sizeof KEPT] = "";
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    !jail_close(JAIL_ALONE) || !jail_keep_from_truncating())
		return 100;
	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
		if (attempts[i].try(attempts[i].flags) != attempts[i].gives)
			return (int)i + 1;
	fd = open(path, O_RDONLY);
	if (read(fd, text, sizeof text) != sizeof text)
		return 101;
	return try_open(O_WRONLY | O_TRUNC) == 0 ? 0 : 102;
}

Test(jail, who_may_not_truncate_empties_what_he_writes_alone)
{
	FILE *f;
	int status;
	pid_t pid;

	if (limits_are_off())
		cr_skip_test("a sanitized process is in no jail");
	(void)snprintf(path, sizeof path, BUILD "/tmp/jail-XXXXXX");
	f = fdopen(mkstemp(path), "w");
	cr_assert(eq(sz, fwrite(KEPT, 1, sizeof KEPT, f), sizeof KEPT));
	cr_assert(eq(int, fclose(f), 0));
	pid = fork();
	if (pid == 0)
		_exit(try_all());
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	(void)unlink(path);
	cr_expect(eq(int, status, 0), "attempt %d", WEXITSTATUS(status));
}
