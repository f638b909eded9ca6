#include "options/options.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define BASICS                                                 \
	"bootstrap.servers=b:1\ngroup.id=g\nkey.converter=K\n" \
	"value.converter=V\nconfig.storage.topic=c\n"          \
	"offset.storage.topic=o\nstatus.storage.topic=s\n"

static struct options *
load(const char *text, struct ps_error *err)
{
	char path[PATH_MAX];
	struct options *o;
	FILE *f;

	log_set_level("", PS_ERROR);
	(void)snprintf(path, sizeof path, BUILD "/tmp/options-%d", getpid());
	f = fopen(path, "w");
	(void)fputs(text, f);
	(void)fclose(f);
	o = options_load(path, WORKER_DISTRIBUTED, err);
	(void)unlink(path);
	if (o != NULL && (options_take_plugins(o, err) != 0 ||
			     options_apply(o, NULL, err) != 0))
		options_free(&o);
	return o;
}

Test(options, every_missing_key_is_named_at_once)
{
	struct ps_error err = { 0 };
	struct options *o = load("group.id=g\n", &err);

	cr_assert(eq(ptr, o, NULL));
	cr_assert(eq(int, err.code, PS_E_CONFIG));
	cr_assert(ne(ptr, strstr(err.text, "key.converter"), NULL));
	cr_assert(ne(ptr, strstr(err.text, "config.storage.topic"), NULL));
}

static const struct {
	const char *listener, *host;
	int port; /* -1: refused */
	bool tls;
} listeners[] = {
	{ "http://:8083", "", 8083, false },
	{ "http://127.0.0.1:1", "127.0.0.1", 1, false },
	{ "HTTP://localhost:0", "localhost", 0, false },
	{ "http://[::1]:99", "::1", 99, false },
	{ "https://:8443", "", 8443, true },
	{ "ftp://x:1", NULL, -1, false },
	{ "http://x", NULL, -1, false },
	{ "http://x:70000", NULL, -1, false },
};

Test(options, listeners_are_read_as_connect_reads_them)
{
	char text[512];

	for (size_t i = 0; i < sizeof listeners / sizeof *listeners; i++) {
		struct ps_error err = { 0 };
		struct options *o;

		(void)snprintf(text, sizeof text, BASICS "listeners=%s\n",
		    listeners[i].listener);
		o = load(text, &err);
		cr_assert(eq(int, o != NULL, listeners[i].port >= 0), "%s: %s",
		    listeners[i].listener, err.text);
		if (o == NULL) {
			cr_assert(ne(ptr,
			    strstr(err.text, listeners[i].listener), NULL));
			continue;
		}
		cr_assert(eq(sz, o->listener_count, 1));
		cr_assert(eq(str, (char *)o->listeners->host,
		    (char *)listeners[i].host));
		cr_assert(eq(int, o->listeners->port, listeners[i].port));
		cr_assert(eq(int, o->listeners->tls, listeners[i].tls));
		options_free(&o);
	}
}

static const struct {
	const char *lines;
	size_t count;
	const char *refused; /* a part of the text; NULL: taken */
	struct listener want[3];
} several[] = {
	{ "", 1, NULL,
	    { { "listeners", "127.0.0.1", 8083, SERVES_API | SERVES_ADMIN,
		false } } },
	{ "listeners=http://:1,http://b:2\n", 2, NULL,
	    { { "listeners", "", 1, SERVES_API | SERVES_ADMIN, false },
		{ "listeners", "b", 2, SERVES_API | SERVES_ADMIN, false } } },
	{ "admin.listeners=\n", 1, NULL,
	    { { "listeners", "127.0.0.1", 8083, SERVES_API, false } } },
	{ "listeners=http://:1,http://:2\nadmin.listeners=http://a:9\n", 3,
	    NULL,
	    { { "listeners", "", 1, SERVES_API, false },
		{ "listeners", "", 2, SERVES_API, false },
		{ "admin.listeners", "a", 9, SERVES_ADMIN, false } } },
	{ "listeners=http://:1,https://:2\n", 2, NULL,
	    { { "listeners", "", 1, SERVES_API | SERVES_ADMIN, false },
		{ "listeners", "", 2, SERVES_API | SERVES_ADMIN, true } } },
	{ "admin.listeners=9\n", 0,
	    "Invalid value 9 for configuration admin.listeners: expected",
	    { { 0 } } },
};

Test(options, every_listener_is_taken_and_admin_is_where_connect_has_it)
{
	for (size_t i = 0; i < sizeof several / sizeof *several; i++) {
		char text[512];
		struct ps_error err = { 0 };
		struct options *o;

		(void)snprintf(text, sizeof text, BASICS "%s",
		    several[i].lines);
		o = load(text, &err);
		if (several[i].refused != NULL) {
			cr_assert(eq(ptr, o, NULL));
			cr_assert(
			    ne(ptr, strstr(err.text, several[i].refused), NULL),
			    "%s", err.text);
			continue;
		}
		cr_assert(ne(ptr, o, NULL), "%s", err.text);
		cr_assert(eq(sz, o->listener_count, several[i].count));
		for (size_t j = 0; j < o->listener_count; j++) {
			const struct listener *got = &o->listeners[j],
					      *want = &several[i].want[j];

			cr_assert(eq(str, (char *)got->key, (char *)want->key));
			cr_assert(
			    eq(str, (char *)got->host, (char *)want->host));
			cr_assert(eq(int, got->port, want->port));
			cr_assert(eq(u32, got->serves, want->serves));
		}
		options_free(&o);
	}
}

Test(options, a_limit_is_the_connectors_else_the_workers_else_the_tables)
{
	struct ps_error err = { 0 };
	struct options *o = load(BASICS "stall.timeout.ms=7000\n", &err);
	struct ps_setting own = { "stall.timeout.ms", "5" };
	struct ps_config connector = { &own, 1 }, none = { 0 };

	cr_assert(ne(ptr, o, NULL), "%s", err.text);
	cr_assert(eq(i64, options_limit(o, &connector, "stall.timeout.ms"), 5));
	cr_assert(eq(i64, options_limit(o, &none, "stall.timeout.ms"), 7000));
	cr_assert(eq(i64, options_limit(o, &none, "errors.restart.max"), -1));
	own.value = "0"; /* its task refuses it, the worker goes on */
	cr_assert(
	    eq(i64, options_limit(o, &connector, "stall.timeout.ms"), 60000));
	own.value = "${file:/x:y}";
	cr_assert(gt(i64, options_limit(o, &connector, "stall.timeout.ms"), 0));
	options_free(&o);
}

/* The worker's file has them for connectors that say nothing. */
Test(options, a_workers_limit_that_is_none_is_refused_by_name)
{
	static const char *const lines[][2] = {
		{ "task.hang.timeout.ms=0", "Value must be at least 1" },
		{ "task.hang.timeout.ms=-1", "Value must be at least 1" },
		{ "stall.timeout.ms=soon", "Not a number of type LONG" },
		{ "errors.restart.max=-2", "Value must be at least -1" },
		{ "errors.restart.enable=maybe", "either true or false" },
		{ "task.memory.bytes=-1", "Value must be at least 0" },
		{ "task.cpu.weight=10001", "no more than 10000" },
	};
	char text[512], key[64];

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct ps_error err = { 0 };

		(void)snprintf(text, sizeof text, BASICS "%s\n", lines[i][0]);
		(void)snprintf(key, sizeof key, "%.*s",
		    (int)strcspn(lines[i][0], "="), lines[i][0]);
		cr_assert(eq(ptr, load(text, &err), NULL), "%s", lines[i][0]);
		cr_expect(eq(int, err.code, PS_E_CONFIG));
		cr_expect(strstr(err.text, lines[i][1]) != NULL &&
			      strstr(err.text, key) != NULL,
		    "%s", err.text);
	}
}

static void
touch(const char *dir, const char *name)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	cr_assert(ne(ptr, f, NULL));
	(void)fclose(f);
}

static void
refuses_jars(const char *entry)
{
	struct ps_error err = { 0 };
	char text[512];

	(void)snprintf(text, sizeof text, BASICS "plugin.path=%s\n", entry);
	cr_assert(eq(ptr, load(text, &err), NULL));
	cr_assert(ne(ptr, strstr(err.text, "connect-x.jar"), NULL), "%s",
	    err.text);
}

/* As its installer lays a plugin out; the file itself; and with one of ours
 * beside it. */
Test(options, a_plugin_path_of_jars_is_refused_by_name)
{
	char dir[] = BUILD "/tmp/jars-XXXXXX", path[PATH_MAX],
	     text[2 * PATH_MAX];
	struct ps_error err = { 0 };
	struct options *o;

	cr_assert(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof path, "%s/vendor-connect-x", dir);
	cr_assert(eq(int, mkdir(path, 0755), 0));
	(void)snprintf(path, sizeof path, "%s/vendor-connect-x/lib", dir);
	cr_assert(eq(int, mkdir(path, 0755), 0));
	touch(path, "connect-x.jar");
	refuses_jars(dir);
	(void)snprintf(text, sizeof text, "%s/connect-x.jar", path);
	refuses_jars(text);
	touch(dir, "ours.so");
	(void)snprintf(text, sizeof text, BASICS "plugin.path=%s\n", dir);
	o = load(text, &err);
	cr_assert(ne(ptr, o, NULL), "%s", err.text);
	options_free(&o);
	(void)snprintf(text, sizeof text, "rm -r %s", dir);
	cr_assert(eq(int, system(text), 0));
}

Test(options, what_has_no_meaning_here_is_refused_by_name)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "connector.client.config.override.policy=x.Mine\n",
		    "Invalid value x.Mine for configuration "
		    "connector.client.config.override.policy" },
		{ "inter.worker.signature.algorithm=HmacMD5\n",
		    "penstock supports only the default of this key, "
		    "'HmacSHA256'" },
		{ "inter.worker.key.generation.algorithm=HmacMD5\n",
		    "inter.worker.key.generation.algorithm" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[512];
		struct ps_error err = { 0 };

		(void)snprintf(text, sizeof text, BASICS "%s", cases[i].line);
		cr_assert(eq(ptr, load(text, &err), NULL), "%s", cases[i].line);
		cr_expect(ne(ptr, strstr(err.text, cases[i].says), NULL), "%s",
		    err.text);
	}
}
