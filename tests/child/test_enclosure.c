#include "child/enclosure.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static char base[PATH_MAX], path[PATH_MAX + 16];

static const char *
in(const char *name)
{
	(void)snprintf(path, sizeof path, "%s/%s", base, name);
	return path;
}

static int
try_open(const char *name, int flags)
{
	int fd = open(in(name), flags, 0600);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

static void
begin(void)
{
	(void)snprintf(base, sizeof base, BUILD "/tmp/enclosure-XXXXXX");
	cr_assert(mkdtemp(base) != NULL);
	cr_assert(eq(int, mkdir(in("read"), 0700), 0));
	cr_assert(eq(int, mkdir(in("write"), 0700), 0));
	cr_assert(eq(int, mkdir(in("none"), 0700), 0));
	cr_assert(eq(int, try_open("read/a", O_WRONLY | O_CREAT), 0));
	cr_assert(eq(int, try_open("none/a", O_WRONLY | O_CREAT), 0));
	cr_assert(eq(int, try_open("none/b", O_WRONLY | O_CREAT), 0));
}

static void
end(void)
{
	static const char *const files[] = { "read/a", "none/a", "none/b",
		"write/new" };
	static const char *const folders[] = { "read", "write", "none" };

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		(void)unlink(in(files[i]));
	for (size_t i = 0; i < 3; i++)
		(void)rmdir(in(folders[i]));
	cr_expect(eq(int, rmdir(base), 0));
}

TestSuite(enclosure, .init = begin, .fini = end);

#define NO_LANDLOCK 255
/* In the child: the line that is not as it should be. */
#define CHECK(what)                      \
	do {                             \
		if (!(what))             \
			return __LINE__; \
	} while (0)

/* It cannot be left again: each is in a process of its own. */
static void
run(int (*fn)(struct enclosure *e))
{
	struct enclosure e;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(enclosure_open(&e) ? fn(&e) : NO_LANDLOCK);
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_LANDLOCK)
		cr_skip_test("a kernel without Landlock");
	cr_expect(eq(int, status, 0), "line %d", WEXITSTATUS(status));
}

static int
allow_some(struct enclosure *e)
{
	const unsigned both =
	    (unsigned)ENCLOSURE_READ | (unsigned)ENCLOSURE_WRITE;

	enclosure_allow(e, in("read"), ENCLOSURE_READ);
	enclosure_allow(e, in("write"), both);
	enclosure_allow(e, in("none/b"), both);
	enclosure_allow(e, in("absent"), ENCLOSURE_READ);
	CHECK(enclosure_close(e));
	CHECK(try_open("read/a", O_RDONLY) == 0);
	CHECK(try_open("read", O_RDONLY | O_DIRECTORY) == 0);
	CHECK(try_open("read/a", O_WRONLY) == EACCES);
	CHECK(try_open("read/new", O_WRONLY | O_CREAT) == EACCES);
	CHECK(try_open("write/new", O_WRONLY | O_CREAT) == 0);
	CHECK(try_open("write/new", O_WRONLY | O_TRUNC) == 0);
	CHECK(unlink(in("write/new")) == 0);
	CHECK(try_open("none/a", O_RDONLY) == EACCES);
	CHECK(try_open("none/b", O_RDWR) == 0);
	CHECK(unlink(in("none/b")) == -1 && errno == EACCES);
	return 0;
}

Test(enclosure, what_was_allowed_works_and_all_else_is_denied)
{
	run(allow_some);
}

static int
allow_reads(struct enclosure *e)
{
	enclosure_allow(e, "/", ENCLOSURE_READ);
	enclosure_allow(e, in("write"), ENCLOSURE_WRITE);
	CHECK(enclosure_close(e));
	CHECK(try_open("none/a", O_RDONLY) == 0);
	CHECK(try_open("none/a", O_WRONLY) == EACCES);
	CHECK(try_open("write/new", O_WRONLY | O_CREAT) == 0);
	CHECK(rename(in("write/new"), BUILD "/tmp/elsewhere") == -1);
	return 0;
}

Test(enclosure, one_of_all_that_may_be_read_fences_writes_alone)
{
	run(allow_reads);
}
