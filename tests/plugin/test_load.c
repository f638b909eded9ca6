#include "plugin/load.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = BUILD "/tmp/load-XXXXXX";
static char path[PATH_MAX];

static void
setup(void)
{
	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/x.so", dir);
}

static void
teardown(void)
{
	(void)unlink(path);
	(void)rmdir(dir);
}

TestSuite(load, .init = setup, .fini = teardown, .timeout = 20);

static void
write_file(const void *data, size_t len, mode_t mode)
{
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f);
	cr_assert(eq(sz, fwrite(data, 1, len, f), len));
	(void)fclose(f);
	(void)chmod(path, mode);
}

static char *
read_fixture(const char *name, size_t *len)
{
	static char data[4 << 20];
	char from[200];
	FILE *f;

	(void)snprintf(from, sizeof from, "%s/fixtures/%s.so", BUILD, name);
	f = fopen(from, "r");
	cr_assert_not_null(f);
	*len = fread(data, 1, sizeof data, f);
	(void)fclose(f);
	return data;
}

static void
assert_refused(const char *file, enum ps_code code, const char *says)
{
	struct ps_error err = { 0 };

	cr_assert_null(load_plugin(file, &err));
	cr_assert(eq(int, err.code, code), "%s", err.text);
	cr_assert_not_null(strstr(err.text, says), "%s", err.text);
	cr_assert_not_null(strstr(err.text, file), "%s", err.text);
}

Test(load, gives_the_plugin_of_a_good_file)
{
	struct ps_error err = { 0 };
	const struct ps_plugin *p =
	    load_plugin(BUILD "/fixtures/crime.so", &err);

	cr_assert_not_null(p, "%s", err.text);
	cr_assert(eq(u64, p->magic, PS_ABI_MAGIC));
}

Test(load, refuses_what_lies_about_itself)
{
	assert_refused(BUILD "/fixtures/lie_magic.so", PS_E_CONFIG, "magic");
	assert_refused(BUILD "/fixtures/lie_major.so", PS_E_CONFIG,
	    "plugin ABI");
	assert_refused(BUILD "/fixtures/lie_minor.so", PS_E_RETRY,
	    "restart the worker");
	assert_refused(BUILD "/fixtures/lie_symbol.so", PS_E_CONFIG, "symbol");
}

Test(load, refuses_classes_that_are_not_whole)
{
	assert_refused(BUILD "/fixtures/lie_class.so", PS_E_CONFIG,
	    "has no operations");
}

Test(load, refuses_what_is_no_shared_object)
{
	write_file("#!/bin/sh\n", 10, 0755);
	assert_refused(path, PS_E_CONFIG, "no ELF header");
	write_file("", 0, 0755);
	assert_refused(path, PS_E_CONFIG, "no ELF header");
	assert_refused("/proc/self/exe", PS_E_CONFIG, "");
	assert_refused("/nowhere/x.so", PS_E_CONFIG, "No such file");
}

Test(load, refuses_a_truncated_file)
{
	size_t len;
	char *data = read_fixture("crime", &len);

	write_file(data, len / 2, 0755);
	assert_refused(path, PS_E_CONFIG, "truncated");
	write_file(data, 20, 0755);
	assert_refused(path, PS_E_CONFIG, "truncated");
}

Test(load, refuses_a_file_of_another_machine)
{
	size_t len;
	char *data = read_fixture("crime", &len);

	data[18] = 8; /* e_machine: MIPS */
	write_file(data, len, 0755);
	assert_refused(path, PS_E_CONFIG, "another machine");
}

Test(load, refuses_a_file_that_everybody_may_write)
{
	size_t len;
	char *data = read_fixture("crime", &len);

	write_file(data, len, 0757);
	assert_refused(path, PS_E_CONFIG, "everybody may write");
}
