#include "child/enclosure.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

/* What a version of Landlock does not keep, or keeps from everybody. */
enum { MOVES = 2, KEEPS_TRUNCATE = 3 };

static long
version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

static int
try_fence(int (*fn)(struct enclosure *e), const char *at_most)
{
	struct enclosure e;

	CHECK(setenv("PENSTOCK_TEST_LANDLOCK", at_most, 1) == 0);
	if (version() < 1)
		return NO_LANDLOCK;
	CHECK(*at_most == '\0' || version() <= atoi(at_most));
	CHECK(enclosure_open(&e));
	return fn(&e);
}

/* It cannot be left again: each is in a process of its own. On a kernel of
 * each older version, and on this one. */
static void
run(int (*fn)(struct enclosure *e))
{
	static const char *const versions[] = { "1", "2", "3", "" };

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(try_fence(fn, versions[i]));
		cr_assert(eq(int, waitpid(pid, &status, 0), pid));
		if (WIFEXITED(status) && WEXITSTATUS(status) == NO_LANDLOCK)
			cr_skip_test("a kernel without Landlock");
		cr_expect(eq(int, status, 0), "version %s, line %d",
		    versions[i], WEXITSTATUS(status));
	}
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

static int
try_truncate(const char *name)
{
	return truncate(in(name), 0) == 0 ? 0 : errno;
}

static int
try_rename(const char *from, const char *to)
{
	char old[sizeof path];

	(void)snprintf(old, sizeof old, "%s", in(from));
	return rename(old, in(to)) == 0 ? 0 : errno;
}

static int
truncate_some(struct enclosure *e)
{
	int kept = version() >= KEEPS_TRUNCATE ? EACCES : 0;

	enclosure_allow(e, in("read"), ENCLOSURE_READ);
	enclosure_allow(e, in("write"), ENCLOSURE_WRITE);
	CHECK(enclosure_close(e));
	CHECK(try_truncate("read/a") == kept);
	CHECK(try_open("read/a", O_RDONLY | O_TRUNC) == kept);
	CHECK(try_open("read/a", O_WRONLY | O_TRUNC) == EACCES);
	CHECK(try_open("write/new", O_WRONLY | O_CREAT) == 0);
	CHECK(try_truncate("write/new") == 0);
	return 0;
}

Test(enclosure, nobody_truncates_what_is_read_alone_since_version_3)
{
	run(truncate_some);
}

static int
rename_some(struct enclosure *e)
{
	int moved = version() >= MOVES ? 0 : EXDEV;

	enclosure_allow(e, in("read"), ENCLOSURE_READ);
	enclosure_allow(e, in("write"), ENCLOSURE_WRITE);
	CHECK(enclosure_close(e));
	CHECK(try_open("write/new", O_WRONLY | O_CREAT) == 0);
	CHECK(try_rename("write/new", "write/old") == 0);
	CHECK(try_rename("write/old", "write/new") == 0);
	CHECK(try_rename("read/a", "read/b") == EACCES);
	CHECK(try_rename("write/new", "none/new") != 0);
	CHECK(try_rename("none/a", "write/a") != 0);
	CHECK(mkdir(in("write/in"), 0700) == 0);
	CHECK(try_rename("write/new", "write/in/new") == moved);
	if (moved == 0)
		CHECK(try_rename("write/in/new", "write/new") == 0);
	CHECK(rmdir(in("write/in")) == 0);
	return 0;
}

Test(enclosure, a_file_goes_to_another_allowed_folder_since_version_2)
{
	run(rename_some);
}
