#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugin/guard.h"

static bool
has_error(const struct catalog *c, const char *file, const char *text)
{
	for (size_t i = 0; i < catalog_error_count(c); i++) {
		const struct catalog_error *e = catalog_error_at(c, i);

		if (strstr(e->file, file) != NULL &&
		    strstr(e->text, text) != NULL)
			return true;
	}
	return false;
}

static bool
has_class(const struct catalog *c, const char *name)
{
	for (size_t i = 0; i < catalog_count(c); i++)
		if (strcmp(catalog_at(c, i)->class->name, name) == 0)
			return true;
	return false;
}

/* What `check` says in the process that went on, by its exit code. */
static int
after_loading(int (*check)(const struct catalog *c))
{
	const char *const dirs[] = { BUILD "/fixtures" };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct catalog *c = catalog_new(dirs, 1);
		pid_t own = getpid();

		struct ps_error err = { 0 };

		if (guard_load_all(c, NULL, NULL, &err) != 0)
			_exit(98);
		_exit(getpid() == own ? 99 : check(c));
	}
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
all_but_one(const struct catalog *c)
{
	return has_error(c, "constructor.so", "SIGABRT") &&
		       has_class(c, "widget-source") &&
		       !has_class(c, "DiesWhenOpened")
		   ? 42
		   : 1;
}

Test(guard, one_file_that_ends_its_process_hides_no_other)
{
	cr_expect(eq(int, after_loading(all_but_one), 42));
}

static int
what_loads_but_lies(const struct catalog *c)
{
	return has_error(c, "lie_magic.so", "magic") &&
		       has_error(c, "lie_symbol.so", "no symbol")
		   ? 42
		   : 1;
}

Test(guard, a_file_that_is_no_plugin_is_among_the_errors)
{
	cr_expect(eq(int, after_loading(what_loads_but_lies), 42));
}

static int
crashes(const struct catalog *c)
{
	(void)c;
	abort();
}

Test(guard, a_crash_after_all_were_loaded_is_that_of_the_process)
{
	cr_expect(ne(int, after_loading(crashes), 0));
}
