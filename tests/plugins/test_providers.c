#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <penstock/provider.h>

#include "tests/connectors/host.h"

struct fixture {
	struct test_host *t;
	const struct ps_provider_ops *ops;
	void *state;
	char dir[PATH_MAX], path[PATH_MAX + 16];
	const char *value;
};

static struct fixture f;

static void
begin(const char *name)
{
	strcpy(f.dir, BUILD "/tmp/provider-XXXXXX");
	cr_assert(mkdtemp(f.dir) != NULL);
	f.t = test_host_new("providers", name);
	f.ops = f.t->class->ops;
}

static void *
start(void)
{
	f.state = f.ops->create(&f.t->h, f.t->class, &f.t->config, &f.t->err);
	return f.state;
}

static const char *
write_file(const char *name, const char *text)
{
	FILE *file;

	(void)snprintf(f.path, sizeof f.path, "%s/%s", f.dir, name);
	file = fopen(f.path, "w");
	cr_assert(file != NULL);
	(void)fputs(text, file);
	(void)fclose(file);
	return f.path;
}

/* The value, "-" when the key is unknown, "!" on an error. */
static const char *
get(const char *path, const char *key)
{
	int rc;

	ps_error_clear(&f.t->err);
	rc = f.ops->get(f.state, f.t->arena, path, key, &f.value, &f.t->err);
	return rc == 1 ? f.value : rc == 0 ? "-" : "!";
}

static void
end(void)
{
	if (f.state != NULL)
		f.ops->destroy(f.state);
	test_host_free(&f.t);
	(void)unlink(f.path);
	(void)rmdir(f.dir);
}

TestSuite(providers, .fini = end, .timeout = 10);

Test(providers, env_gives_the_variables_the_pattern_allows)
{
	begin("env");
	test_host_set(f.t, "allowlist.pattern", "APP_.*");
	cr_assert(start() != NULL);
	cr_assert(eq(int, setenv("APP_NAME", "x y", 1), 0));
	cr_assert(eq(int, setenv("OTHER_APP_", "z", 1), 0));
	cr_expect(eq(str, (char *)get("", "APP_NAME"), "x y"));
	cr_expect(eq(str, (char *)get("", "OTHER_APP_"), "-"));
	cr_expect(eq(str, (char *)get("", "APP_NONE"), "-"));
	cr_expect(eq(str, (char *)get("p", "APP_NAME"), "!"));
	cr_expect(strstr(f.t->err.text, "Path is not supported for "
					"EnvVarConfigProvider, invalid value "
					"'p'") != NULL);
}

Test(providers, file_reads_properties_as_java_does)
{
	static const char *const rows[][2] = {
		{ "plain", "value" },
		{ "spaced", "a b " },
		{ "colon", "c:d=e" },
		{ "blank", "after blanks" },
		{ "empty", "" },
		{ "long", "onetwo" },
		{ "esc=ape", "tab\tline\nquote\\" },
		{ "unicode", "\xc3\xa9" },
		{ "twice", "second" },
		{ "#no", "-" },
		{ "none", "-" },
		{ "last", "no newline" },
	};

	begin("file");
	cr_assert(start() != NULL);
	write_file("a.properties",
	    "# comment\n! another = x\nplain=value\n  spaced = a b \n"
	    "colon:c:d=e\nblank   after blanks\nempty=\nlong=one\\\n   two\n"
	    "esc\\=ape=tab\\tline\\nquote\\\\\nunicode=\\u00e9\r\n"
	    "twice=first\ntwice=second\nlast=no newline");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(eq(str, (char *)get(f.path, rows[i][0]),
		    (char *)rows[i][1]));
}

Test(providers, file_that_cannot_be_read_is_an_error)
{
	begin("file");
	cr_assert(start() != NULL);
	cr_expect(eq(str, (char *)get("/nonexistent/x", "k"), "!"));
	cr_expect(strstr(f.t->err.text, "Could not read properties from file "
					"/nonexistent/x") != NULL);
	cr_expect(eq(str, (char *)get(f.dir, "k"), "!"));
	cr_expect(eq(str, (char *)get("", "k"), "-"));
}

Test(providers, directory_gives_files_verbatim)
{
	begin("directory");
	cr_assert(start() != NULL);
	write_file("password", " secret\n");
	cr_expect(eq(str, (char *)get(f.dir, "password"), " secret\n"));
	cr_expect(eq(str, (char *)get(f.dir, "none"), "-"));
	cr_expect(eq(str, (char *)get(f.dir, ".."), "-"));
	cr_expect(eq(str, (char *)get(f.dir, "../etc"), "-"));
	cr_expect(eq(str, (char *)get("/nonexistent", "x"), "-"));
}

Test(providers, allowed_paths_are_not_left_by_dots_links_or_prefixes)
{
	char link[2 * PATH_MAX], inside[2 * PATH_MAX];

	begin("directory");
	test_host_set(f.t, "allowed.paths", f.dir);
	cr_assert(start() != NULL, "%s", f.t->err.text);
	write_file("key", "v");
	(void)snprintf(link, sizeof link, "%s/out", f.dir);
	(void)snprintf(inside, sizeof inside, "%s/in", f.dir);
	cr_assert(eq(int, symlink("/etc/hostname", link), 0));
	cr_assert(eq(int, symlink("key", inside), 0));
	cr_expect(eq(str, (char *)get(f.dir, "key"), "v"));
	cr_expect(eq(str, (char *)get(f.dir, "in"), "v"));
	cr_expect(eq(str, (char *)get(f.dir, "out"), "-"));
	cr_expect(eq(str, (char *)get("/etc", "hostname"), "-"));
	cr_expect(strstr(f.t->log, "/etc/hostname is not within the allowed "
				   "paths") != NULL);
	(void)snprintf(f.path, sizeof f.path, "%s/../../etc", f.dir);
	cr_expect(eq(str, (char *)get(f.path, "hostname"), "-"));
	(void)snprintf(f.path, sizeof f.path, "%sx", f.dir);
	cr_expect(eq(str, (char *)get(f.path, "key"), "-"));
	(void)unlink(link);
	(void)unlink(inside);
	(void)snprintf(f.path, sizeof f.path, "%s/key", f.dir);
}

Test(providers, allowed_paths_must_be_absolute_and_exist)
{
	begin("file");
	test_host_set(f.t, "allowed.paths", "relative");
	cr_expect(start() == NULL);
	cr_expect(
	    strstr(f.t->err.text, "Path relative is not absolute") != NULL);
	ps_error_clear(&f.t->err);
	test_host_set(f.t, "allowed.paths", "/tmp, /tmp");
	cr_expect(start() == NULL);
	cr_expect(strstr(f.t->err.text, "Path  /tmp is not absolute") != NULL);
	ps_error_clear(&f.t->err);
	test_host_set(f.t, "allowed.paths", "/tmp,/nonexistent");
	cr_expect(start() == NULL);
	cr_expect(
	    strstr(f.t->err.text, "Path /nonexistent does not exist") != NULL);
}
