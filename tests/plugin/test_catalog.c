#include "plugin/catalog.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/js.h"
#include "config/def.h"

static struct catalog *c;

static void
setup(void)
{
	static const char *const dirs[] = { BUILD "/fixtures" };

	c = catalog_new(dirs, 1);
}

static void
teardown(void)
{
	catalog_free(&c);
}

TestSuite(catalog, .init = setup, .fini = teardown, .timeout = 60);

static const char *
found(enum ps_kind kind, const char *name)
{
	struct ps_error err = { 0 };
	const struct catalog_class *cc = catalog_find(c, kind, name, &err);

	return cc == NULL ? err.text[0] == '\0' ? "?" : "none"
			  : cc->class->name;
}

Test(catalog, finds_a_class_by_each_of_its_names)
{
	static const struct {
		enum ps_kind kind;
		const char *name, *expected;
	} cases[] = {
		{ PS_KIND_SOURCE, "com.example.WidgetSourceConnector",
		    "widget-source" },
		{ PS_KIND_SOURCE, "WidgetSourceConnector", "widget-source" },
		{ PS_KIND_SOURCE, "WidgetSource", "widget-source" },
		{ PS_KIND_SOURCE, "widget-source", "widget-source" },
		{ PS_KIND_SOURCE, "com.other.WidgetSourceConnector", "none" },
		{ PS_KIND_SOURCE, "Widget", "none" },
		{ PS_KIND_SINK, "WidgetSource", "none" },
		{ PS_KIND_TRANSFORM, "com.example.Polish$Key", "polish-key" },
		{ PS_KIND_TRANSFORM, "com.example.Polish$Value",
		    "polish-value" },
		{ PS_KIND_TRANSFORM, "Polish$Value", "polish-value" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_assert(eq(str, (char *)found(cases[i].kind, cases[i].name),
			      (char *)cases[i].expected),
		    "%s", cases[i].name);
}

Test(catalog, takes_the_newest_version_that_is_asked_for)
{
	static const struct {
		const char *range, *version;
	} rows[] = {
		{ NULL, "2.10" },
		{ "latest", "2.10" },
		{ "2.5", "2.5" },
		{ "[2.5,2.10)", "2.5" },
		{ "(2.5,]", "2.10" },
		{ "[3,)", NULL },
		{ "[3", NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_error err = { 0 };
		const struct catalog_class *cc = catalog_find_version(c,
		    PS_KIND_SOURCE, "WidgetSource", rows[i].range, &err);

		cr_assert(eq(int, cc != NULL, rows[i].version != NULL));
		if (cc == NULL)
			cr_expect(eq(int, err.code, PS_E_CONFIG));
		else
			cr_expect(eq(str, (char *)cc->plugin->version,
			    (char *)rows[i].version));
	}
}

Test(catalog, says_which_versions_there_are)
{
	struct ps_error err = { 0 };

	cr_assert(eq(ptr,
	    (void *)catalog_find_version(c, PS_KIND_SOURCE, "WidgetSource",
		"[3,4)", &err),
	    NULL));
	cr_assert(eq(str, err.text,
	    "Plugin WidgetSource not found that matches the version range "
	    "[3,4), available versions: [2.5, 2.10]"));
}

Test(catalog, a_crash_in_another_file_does_not_matter)
{
	/* constructor.so aborts when it is opened; nobody asks for it. */
	cr_assert(eq(str, (char *)found(PS_KIND_SOURCE, "WidgetSource"),
	    "widget-source"));
	/* Both versions of it, and of no other file. */
	cr_assert(eq(sz, catalog_count(c), 8));
}

Test(catalog, names_the_nearest_when_there_is_no_such_class)
{
	struct ps_error err = { 0 };

	catalog_know(c, PS_KIND_SINK, "WigetSourc");
	catalog_know(c, PS_KIND_SOURCE, "FileStreamSource");
	catalog_know(c, PS_KIND_SOURCE, "com.example.WidgetSourceConnector");
	cr_assert_null(catalog_find_connector(c, "com.acme.WigetSource", &err));
	cr_assert(eq(int, err.code, PS_E_CONFIG));
	cr_assert_not_null(strstr(err.text, "com.acme.WigetSource"), "%s",
	    err.text);
	cr_assert_not_null(strstr(err.text, "nearest is WidgetSource"), "%s",
	    err.text);
}

Test(catalog, lists_all_and_says_what_is_wrong_with_the_others)
{
	bool aborted = false, symbol = false;

	catalog_load_all(c);
	cr_assert(ge(sz, catalog_count(c), 5));
	for (size_t i = 0; i < catalog_error_count(c); i++) {
		const struct catalog_error *e = catalog_error_at(c, i);

		aborted |= strstr(e->file, "constructor.so") != NULL &&
			   strstr(e->text, "SIGABRT") != NULL;
		symbol |= strstr(e->file, "lie_symbol.so") != NULL;
	}
	cr_assert(aborted);
	cr_assert(symbol);
}

Test(catalog, says_that_java_plugins_do_not_run_here)
{
	char dir[] = BUILD "/tmp/jar-XXXXXX", jar[PATH_MAX];
	struct ps_error err = { 0 };
	const char *const dirs[] = { dir };
	struct catalog *java;
	FILE *f;

	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(jar, sizeof jar, "%s/widgets-1.0.jar", dir);
	f = fopen(jar, "w");
	(void)fclose(f);
	java = catalog_new(dirs, 1);
	cr_assert_null(catalog_find_connector(java, "WidgetSource", &err));
	cr_assert_not_null(strstr(err.text, "Java plugins do not run here"),
	    "%s", err.text);
	cr_assert_not_null(strstr(err.text, "widgets-1.0.jar"));
	catalog_free(&java);
	(void)unlink(jar);
	(void)rmdir(dir);
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f);
	(void)fputs(text, f);
	(void)fclose(f);
}

Test(catalog, a_name_is_looked_for_in_the_bytes_of_files_once)
{
	char dir[] = BUILD "/tmp/once-XXXXXX", path[PATH_MAX];
	struct ps_error first = { 0 }, again = { 0 }, other = { 0 };
	const char *const dirs[] = { dir };
	struct catalog *once;

	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/late.so", dir);
	write_file(path, "nothing");
	once = catalog_new(dirs, 1);
	cr_assert_null(catalog_find(once, PS_KIND_SINK, "LateSink", &first));
	write_file(path, "LateSink EarlySink");
	cr_assert_null(catalog_find(once, PS_KIND_SINK, "LateSink", &again));
	cr_assert(eq(str, again.text, first.text));
	/* Another name is looked for: that file is opened, and no plugin. */
	cr_assert_null(catalog_find(once, PS_KIND_SINK, "EarlySink", &other));
	cr_assert_not_null(strstr(other.text, "late.so"), "%s", other.text);
	catalog_free(&once);
	(void)unlink(path);
	(void)rmdir(dir);
}

Test(catalog, does_not_look_into_a_directory_that_everybody_may_write)
{
	char dir[] = BUILD "/tmp/open-XXXXXX";
	const char *const dirs[] = { dir };
	struct catalog *open;

	cr_assert_not_null(mkdtemp(dir));
	(void)chmod(dir, 0777);
	open = catalog_new(dirs, 1);
	cr_assert(eq(sz, catalog_error_count(open), 1));
	cr_assert_not_null(
	    strstr(catalog_error_at(open, 0)->text, "everybody may write"));
	catalog_free(&open);
	(void)rmdir(dir);
}

Test(catalog, a_directory_that_is_not_there_is_an_error_and_no_end)
{
	static const char *const dirs[] = { "/nowhere/plugins" };
	struct catalog *none = catalog_new(dirs, 1);

	cr_assert(eq(sz, catalog_error_count(none), 1));
	catalog_free(&none);
}

/* The flag says it, so that the check says it too: no text is by hand. */
static size_t
refused_keys(const struct ps_class *class)
{
	size_t n = 0;

	for (size_t i = 0; i < class->key_count; i++) {
		const struct ps_key *key = &class->keys[i];
		json_t *j = def_key_json(key);
		const char *doc = js_opt_str(j, "documentation");
		bool said = doc != NULL && strstr(doc, "Not supp") == doc;
		bool refused = (key->flags & PS_UNSUPPORTED) != 0;

		cr_expect(said || refused == false, "%s %s: %s", class->name,
		    key->name, doc);
		cr_expect(key->doc == NULL ||
			      strstr(key->doc, "Not supp") == NULL,
		    "%s %s: %s", class->name, key->name, doc);
		n += refused;
		json_decref(j);
	}
	return n;
}

Test(catalog, every_key_of_ours_that_is_refused_says_so)
{
	static const char *const dirs[] = { BUILD "/plugins" };
	struct catalog *ours = catalog_new(dirs, 1);
	size_t refused = 0;

	catalog_load_all(ours);
	cr_assert(eq(sz, catalog_error_count(ours), 0));
	for (size_t i = 0; i < catalog_count(ours); i++)
		refused += refused_keys(catalog_at(ours, i)->class);
	cr_expect(gt(sz, refused, 20));
	catalog_free(&ours);
}
