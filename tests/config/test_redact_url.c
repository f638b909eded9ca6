#include "config/redact_url.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

static struct ps_arena *a;

static void
setup(void)
{
	a = arena_new(1024);
}

static void
teardown(void)
{
	arena_free(&a);
}

TestSuite(redact_url, .init = setup, .fini = teardown);

/* The same as a value and inside of a text, but for the last. */
static const struct {
	const char *value, *shown;
} rows[] = {
	{ "jdbc:postgresql://h/d?user=u&password=hunter22&ssl=true",
	    "jdbc:postgresql://h/d?user=u&password=[hidden]&ssl=true" },
	{ "jdbc:postgresql:d?password=x",
	    "jdbc:postgresql:d?password=[hidden]" },
	{ "postgresql://u:pw@h1:1,h2:2/d",
	    "postgresql://[hidden]@h1:1,h2:2/d" },
	{ "https://u:p@w@h/x", "https://[hidden]@h/x" },
	{ "https://token@h", "https://[hidden]@h" },
	{ "http://a:b@h1,http://c:d@h2",
	    "http://[hidden]@h1,http://[hidden]@h2" },
	{ "https://h/a@b?c=d@e", NULL },
	{ "https://h/?SIG=x%2F&X-Amz-Signature=y&apiKey=z",
	    "https://h/"
	    "?SIG=[hidden]&X-Amz-Signature=[hidden]&apiKey=[hidden]" },
	{ "http://h/?pass%77ord=x", "http://h/?pass%77ord=[hidden]" },
	{ "http://h#access_token=x", "http://h#access_token=[hidden]" },
	{ "postgresql://h/d?sslpassword=x;password=y",
	    "postgresql://h/d?sslpassword=[hidden]" },
	{ "http://u:${file:/a@b:pw}@h/", NULL },
	{ "http://${file:/a:u}:pw@h/", "http://[hidden]@h/" },
	{ "jdbc:postgresql://h/d?user=${env:U}&password=x",
	    "jdbc:postgresql://h/d?user=${env:U}&password=[hidden]" },
	{ "http://h/?password=${env:P}", NULL },
	{ "http://h/?password=&x=1", NULL },
	{ "http://@h/?=x&&?", NULL },
	{ "http://h:80/${topic}?page=1", NULL },
	{ "http://h/?a=1&key=${offset.key}", NULL },
	{ "http://u:p${w@h/", "http://[hidden]@h/" },
	{ "http://u:p${w@h/${topic}", "http://[hidden]@h/${topic}" },
	{ "http://u:p${w@h:80/a}", "http://[hidden]@h:80/a}" },
	{ "http://u:p${w@h/?token=a}b", "http://[hidden]@h/?token=[hidden]" },
	{ "http://u:${}@h/", "http://[hidden]@h/" },
	{ "http://h/?password=${x${env:P}", NULL },
	{ "(?i)password=(.*)", NULL },
	{ "select 1", NULL },
	{ "", NULL },
};

Test(redact_url, a_value_is_shown_without_its_secrets)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *want =
		    rows[i].shown == NULL ? rows[i].value : rows[i].shown;
		const char *shown = redact_url(a, rows[i].value);

		cr_expect(eq(str, (char *)shown, (char *)want));
		cr_expect(
		    eq(int, shown == rows[i].value, rows[i].shown == NULL));
		cr_expect(eq(int, redact_url_finds(rows[i].value),
		    rows[i].shown != NULL));
		cr_expect(eq(str, (char *)redact_url(a, shown), (char *)want));
	}
	cr_assert_null(redact_url(a, NULL));
}

Test(redact_url, what_was_shown_means_what_is_there)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *shown = redact_url(a, rows[i].value);
		const char *back = redact_url_back(a, shown, rows[i].value);

		cr_expect(eq(str, (char *)back, (char *)rows[i].value));
	}
	cr_assert_null(redact_url_back(a, NULL, "x"));
	cr_assert(eq(str, (char *)redact_url_back(a, "x", NULL), "x"));
}

Test(redact_url, what_stands_around_a_secret_may_change)
{
	static const struct {
		const char *given, *present, *meant;
	} backs[] = {
		{ "http://[hidden]@new/y", "http://u:pw@old/x",
		    "http://u:pw@new/y" },
		{ "http://u:other@h", "http://u:pw@h", "http://u:other@h" },
		{ "http://h?token=[hidden]&x=1&sig=[hidden]",
		    "http://h?sig=s&token=t", "http://h?token=t&x=1&sig=s" },
		{ "http://[hidden]@a,http://[hidden]@b",
		    "http://u:1@a,http://u:2@b", "http://u:1@a,http://u:2@b" },
		{ "http://u:new@a,http://[hidden]@b",
		    "http://u:1@a,http://u:2@b",
		    "http://u:new@a,http://u:2@b" },
		{ "http://[hidden]@a", "http://a", "http://[hidden]@a" },
	};

	for (size_t i = 0; i < sizeof backs / sizeof *backs; i++) {
		const char *meant =
		    redact_url_back(a, backs[i].given, backs[i].present);

		cr_expect(eq(str, (char *)meant, (char *)backs[i].meant));
	}
}

Test(redact_url, texts_hide_urls_nobody_told_of)
{
	struct redact *r = redact_new();
	char text[256];

	(void)snprintf(text, sizeof text,
	    "POST 'http://u:pw@h/x?token=t' (http://v:w@h): down, see a@b");
	cr_assert(redact_text(r, text, sizeof text));
	cr_assert(eq(str, text,
	    "POST 'http://[hidden]@h/x?token=[hidden]' (http://[hidden]@h): "
	    "down, see a@b"));
	(void)snprintf(text, sizeof text, "http://u:pw@h");
	cr_assert(redact_text(r, text, 14));
	cr_assert(eq(str, text, "http://[hidde"));
	(void)snprintf(text, sizeof text, "http://h:1/x@y and more");
	cr_assert_not(redact_text(r, text, sizeof text));
	redact_free(&r);
}

Test(redact_url, secrets_of_urls_are_learned)
{
	struct redact *r = redact_new();

	redact_url_add(r, NULL);
	redact_url_add(r, "http://somebody:hunter%2422@h?token=canary-1");
	redact_url_add(r, "http://postgres@h");
	cr_assert(redact_contains(r, "pw hunter%2422"));
	cr_assert(redact_contains(r, "pw hunter$22"));
	cr_assert(redact_contains(r, "a canary-1 b"));
	cr_assert_not(redact_contains(r, "somebody is postgres"));
	redact_free(&r);
}
