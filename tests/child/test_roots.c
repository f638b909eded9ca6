#include "child/roots.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "child/jail.h"

/* T/in: a file "file", a folder "folder", links out and within. T/also is
 * allowed too, T/inside is not. */
static char top[PATH_MAX];
static struct ps_setting allowed[1];
static struct ps_config worker = { allowed, 1 };
static struct ps_arena *a;

static const char *
at(const char *path)
{
	return ps_printf(a, "%s/%s", top, path);
}

static void
touch(const char *path)
{
	int fd = open(at(path), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	cr_assert(ge(int, fd, 0));
	(void)close(fd);
}

static void
link_to(const char *path, const char *target)
{
	cr_assert(eq(int, symlink(target, at(path)), 0));
}

static void
make_folder(const char *path)
{
	cr_assert(eq(int, mkdir(at(path), 0700), 0));
}

static void
setup(void)
{
	a = arena_new(4096);
	(void)snprintf(top, sizeof top, BUILD "/tmp/roots-XXXXXX");
	cr_assert(ne(ptr, mkdtemp(top), NULL));
	make_folder("in");
	make_folder("in/folder");
	make_folder("also");
	make_folder("inside");
	touch("in/file");
	touch("inside/secret");
	link_to("in/within", "file");
	link_to("in/shadow", "/etc/shadow");
	link_to("in/out", "../inside/secret");
	link_to("in/up", "..");
	link_to("in/nowhere", "../inside/new");
	link_to("in/folder/again", "../within");
	link_to("in/around", "folder/../folder");
	link_to("in/ring", "ring");
	allowed[0] = (struct ps_setting){ ROOTS_KEY,
		ps_printf(a, "%s/in/,%s/also", top, top) };
	cr_assert(eq(int, chdir(at("in")), 0));
}

static void
teardown(void)
{
	static const char *const made[] = { "in/within", "in/shadow", "in/out",
		"in/up", "in/nowhere", "in/folder/again", "in/around",
		"in/ring", "in/file", "inside/secret", "in/folder", "in",
		"also", "inside" };

	for (size_t i = 0; i < sizeof made / sizeof *made; i++)
		(void)remove(at(made[i]));
	(void)rmdir(top);
	arena_free(&a);
}

TestSuite(roots, .init = setup, .fini = teardown, .timeout = 20);

static const char *
outside(const char *key, const char *value)
{
	struct ps_setting s = { key, value };

	return roots_outside(&worker, a, &s);
}

static const struct {
	const char *path; /* below top, or whole */
	bool within;
} paths[] = {
	{ "in/file", true },
	{ "in/folder", true },
	{ "in", true },
	{ "in/folder/new/one", true },
	{ "in//./file", true },
	{ "in/within", true },
	{ "in/folder/again", true },
	{ "in/around/again", true },
	{ "in/around/new/one", true },
	{ "also/new", true },
	{ "inside/secret", false },
	{ "in/shadow", false },
	{ "in/out", false },
	{ "in/nowhere", false },
	{ "in/nowhere/new", false },
	{ "in/ring", false },
	{ "in/file/new", false },
	{ "in/up/inside/secret", false },
	{ "in/up/in/file", false },
	{ "in/../inside/secret", false },
	{ "in/folder/../file", false },
	{ "", false },
	{ "/etc/shadow", false },
	{ "/proc/self/root/etc/shadow", false },
};

/* 0, or the number of the path of which something else is said. */
static int
check_paths(void)
{
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		const char *path =
		    paths[i].path[0] == '/' ? paths[i].path : at(paths[i].path);

		if ((outside("file", path) == NULL) != paths[i].within)
			return (int)i + 1;
	}
	return 0;
}

Test(roots, a_path_is_within_them_wherever_links_lead)
{
	int failed = check_paths();

	cr_expect(eq(int, failed, 0), "path %d", failed);
}

/* The calls that tell are not there in a jail on an older kernel. */
Test(roots, so_it_is_in_every_jail)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
			      jail_close(JAIL_ALONE) &&
			      jail_keep_from_truncating()
			  ? check_paths()
			  : 100);
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	cr_expect(eq(int, status, 0), "path %d", WEXITSTATUS(status));
}

static const struct {
	const char *key, *value;
	const char *outside; /* NULL: nothing */
} values[] = {
	{ "connection.url", "postgres://h/db?sslrootcert=/etc/shadow&a=b",
	    "/etc/shadow" },
	{ "connection.url", "postgres://h/db?sslrootcert=//etc/shadow",
	    "//etc/shadow" },
	{ "connection.url", "postgres://h/db?sslkey=%2Fetc%2fshadow",
	    "/etc/shadow" },
	{ "connection.url", "postgres://h/db?sslkey=..%2F..%2Fkey",
	    "../../key" },
	{ "connection.url", "postgres://h/db?sslkey=../key&a=b", "../key" },
	{ "connection.url", "postgres://h/db?sslkey=folder/../../k",
	    "folder/../../k" },
	{ "connection.url", "postgres://[fe80::1%eth0]/db?sslkey=%2Fetc/shadow",
	    "/etc/shadow" },
	{ "url", "http://h/a/../b?c=/orders%2Fx", NULL },
	{ "x", "100%", NULL },
	{ "x", "none/../../key", NULL },
	{ "range", "1..9/..", NULL },
	{ "query", "SELECT 100 % 3, '%/orders/%'", NULL },
	{ "x", "one,/etc/shadow", "/etc/shadow" },
	{ "x", "one\n/etc/shadow", "/etc/shadow" },
	{ "x", "file:///etc/shadow", "///etc/shadow" },
	{ "x", "file:/etc/shadow", "/etc/shadow" },
	{ "file", "//etc/shadow", "//etc/shadow" },
	{ "sasl.jaas.config", "M required keyTab=\"/etc/k\" a=\"b\";",
	    "/etc/k" },
	{ "producer.override.ssl.ca.location", "/etc/ssl/ca.pem",
	    "/etc/ssl/ca.pem" },
	{ "regex", "/orders/|/more", NULL },
	{ "api", "/v1/things", NULL },
	{ "url", "http://etc/passwd", NULL },
	{ "url", "https://h/usr/x", NULL },
	{ "x", "", NULL },
	{ "x", NULL, NULL },
};

Test(roots, one_may_stand_anywhere_in_a_value)
{
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		const char *found = outside(values[i].key, values[i].value);

		if (values[i].outside == NULL)
			cr_expect(eq(ptr, (void *)(uintptr_t)found, NULL), "%s",
			    values[i].value);
		else
			cr_expect(found != NULL &&
				      strncmp(found, values[i].outside,
					  strlen(values[i].outside)) == 0,
			    "%s: %s", values[i].value,
			    found == NULL ? "-" : found);
	}
}

Test(roots, what_follows_one_may_be_longer_than_a_name)
{
	char more[2 * PATH_MAX];

	(void)memset(more, 'x', sizeof more - 1);
	more[sizeof more - 1] = '\0';
	for (size_t len = 200; len < sizeof more; len *= 2) {
		const char *found = outside("sasl.jaas.config",
		    ps_printf(a, "M keyTab=\"%s\" principal=\"%.*s\";",
			at("in/file"), (int)len, more));

		cr_expect(eq(ptr, (void *)(uintptr_t)found, NULL), "%zu", len);
	}
	cr_expect(ne(ptr,
	    (void *)(uintptr_t)outside("x",
		ps_printf(a, "/etc/shadow %s", more)),
	    NULL));
}

Test(roots, a_name_alone_is_where_the_worker_is)
{
	cr_expect(eq(ptr, (void *)(uintptr_t)outside("file", "new"), NULL));
	cr_expect(eq(ptr, (void *)(uintptr_t)outside("file", "a/new"), NULL));
	cr_expect(ne(ptr, (void *)(uintptr_t)outside("file", "shadow"), NULL));
	cr_expect(ne(ptr, (void *)(uintptr_t)outside("file", "../x"), NULL));
	cr_assert(eq(int, chdir(at("inside")), 0));
	cr_expect(ne(ptr, (void *)(uintptr_t)outside("file", "new"), NULL));
	cr_expect(
	    ne(ptr, (void *)(uintptr_t)outside("x.filename", "new"), NULL));
	/* What only reads would find nothing, and may be no file's name. */
	cr_expect(
	    ne(ptr, (void *)(uintptr_t)outside("ca.location", "secret"), NULL));
	cr_expect(
	    eq(ptr, (void *)(uintptr_t)outside("json.path", "$.a"), NULL));
	cr_expect(eq(ptr, (void *)(uintptr_t)outside("topic", "new"), NULL));
	cr_expect(
	    eq(ptr, (void *)(uintptr_t)outside("aws.profile", "new"), NULL));
}

Test(roots, without_them_all_may_be_named)
{
	worker.count = 0;
	cr_expect(
	    eq(ptr, (void *)(uintptr_t)outside("file", "/etc/shadow"), NULL));
}

Test(roots, the_error_names_key_path_and_roots)
{
	struct ps_setting s[] = { { "file", "/etc/shadow" } };
	struct ps_config c = { s, 1 };
	struct ps_error err = { 0 };

	cr_assert(eq(int, roots_check(&worker, a, &c, &err), -1));
	cr_assert(eq(int, err.code, PS_E_CONFIG));
	cr_assert(eq(str, err.text,
	    ps_printf(a,
		"Invalid value /etc/shadow for configuration file: the path "
		"/etc/shadow is not within connector.allowed.paths=%s",
		allowed[0].value)));
}
