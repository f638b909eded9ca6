#include "config/redact_url.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include <penstock/error.h>

#include "base/arena.h"

static struct redact *r;

static void
setup(void)
{
	r = redact_new();
	redact_add(r, "hunter");
	redact_add(r, "hunter22");
	redact_add(r, "a much longer secret");
	redact_add(r, "hunter22");
	redact_add(r, "short");
}

static void
teardown(void)
{
	redact_free(&r);
	cr_assert_null(r);
	redact_free(&r);
}

TestSuite(redact, .init = setup, .fini = teardown);

Test(redact, every_secret_is_masked_wherever_it_stands)
{
	static const struct {
		const char *text, *masked;
	} rows[] = {
		{ "password=hunter22", "password=[hidden]" },
		{ "hunter22hunter22 hunter", "[hidden][hidden] [hidden]" },
		{ "a much longer secret!", "[hidden]!" },
		{ "short hunt", "short hunt" },
		{ "", "" },
	};
	char text[100];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool found = strcmp(rows[i].text, rows[i].masked) != 0;

		(void)snprintf(text, sizeof text, "%s", rows[i].text);
		cr_assert(eq(int, redact_contains(r, text), found));
		cr_assert(eq(int, redact_text(r, text, sizeof text), found));
		cr_assert(eq(str, text, (char *)rows[i].masked));
		cr_assert(not(redact_contains(r, text)));
	}
}

Test(redact, what_goes_beyond_the_room_is_cut)
{
	char text[16] = "hunter-hunter-x";

	cr_assert(redact_text(r, text, sizeof text));
	cr_assert(eq(str, text, "[hidden]-[hidde"));
	(void)snprintf(text, sizeof text, "xxxxxhunter");
	cr_assert(redact_text(r, text, 12));
	cr_assert(eq(str, text, "xxxxx[hidde"));
}

Test(redact, a_mask_before_it_cuts_no_secret_in_two)
{
	char text[100] = "hunter hunter";

	cr_assert(redact_text(r, text, sizeof "hunter hunter" + 1));
	cr_assert(eq(str, text, "[hidden] [hidd"));
	(void)snprintf(text, sizeof text, "hunter hunter hunter22");
	cr_assert(redact_text(r, text, sizeof "hunter hunter hunter22" + 1));
	cr_assert(eq(str, text, "[hidden] [hidden] [hidd"));
}

Test(redact, what_is_left_of_a_secret_by_a_cut_is_masked)
{
	static const struct {
		const char *text, *masked;
	} rows[] = {
		{ "down: a much lo", "down: [hidden]" },
		{ "down: a much longer secre", "down: [hidden]" },
		{ "down: a muc", "down: a muc" },
		{ "a much less", "a much less" },
		{ "GET https://some:body22-and-more@h: down",
		    "GET https://[hidden]@h: down" },
		{ "GET https://some:body22-an: down",
		    "GET https://[hidden]: down" },
		{ "GET 'https://some:b' is down",
		    "GET 'https://[hidden]' is down" },
		{ "GET https://some:b… is down",
		    "GET https://[hidden]… is down" },
		{ "see https://so", "see https://[hidden]" },
		{ "GET https://token-or-so: down, https://tok: up",
		    "GET https://[hidden]: down, https://[hidden]: up" },
		{ "GET https://some.where/x: down",
		    "GET https://some.where/x: down" },
		{ "GET https://somebody: down", "GET https://somebody: down" },
		{ "some:body22-an: down", "some:body22-an: down" },
		{ "GET https://some:b(dy22@h: down",
		    "GET https://[hidden]@h: down" },
		{ "GET https://some:b(dy22&more@h: down",
		    "GET https://[hidden]@h: down" },
		{ "GET https://some:b(d@h: down",
		    "GET https://[hidden]@h: down" },
		{ "GET https://some:b(dy2… is down",
		    "GET https://[hidden]… is down" },
		{ "GET 'https://some:hunter22-an' is down",
		    "GET 'https://[hidden]' is down" },
	};
	char text[100];

	redact_url_add(r, "https://some:body22-and-more@h/x");
	redact_url_add(r, "https://token-or-so@h/x");
	redact_url_add(r, "https://some:b(dy22@h/x");
	redact_url_add(r, "https://some:b(d@h/x");
	redact_url_add(r, "https://some:hunter22-and-more@h/x");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool found = strcmp(rows[i].text, rows[i].masked) != 0;

		(void)snprintf(text, sizeof text, "%s", rows[i].text);
		cr_expect(eq(int, redact_text(r, text, sizeof text), found));
		cr_expect(eq(str, text, (char *)rows[i].masked));
	}
}

Test(redact, every_letter_at_the_end_of_an_error_that_was_cut_counts)
{
	char text[2 * PS_ERROR_TEXT];
	struct ps_error err = { 0 };

	(void)ps_fail(&err, PS_E_RETRY, "%*s%s", PS_ERROR_TEXT - 4, "",
	    "a much longer secret");
	(void)snprintf(text, sizeof text, "%s", err.text);
	cr_assert(redact_text(r, text, sizeof text));
	cr_assert(eq(str, text + PS_ERROR_TEXT - 4, "[hidden]"));
}

Test(redact, a_mask_that_makes_a_text_longer_was_no_cut)
{
	char text[100];

	redact_add(r, "1234567890 in all");
	(void)snprintf(text, sizeof text, "hunter is 1");
	cr_assert(redact_text(r, text, strlen("[hidden] is 1") + 1));
	cr_assert(eq(str, text, "[hidden] is 1"));
}

Test(redact, a_mask_that_makes_a_text_shorter_leaves_it_cut)
{
	char text[] = "a much longer secret and hunt";

	cr_assert(redact_text(r, text, sizeof text));
	cr_assert(eq(str, text, "[hidden] and [hidden]"));
}

Test(redact, a_text_with_room_enough_is_not_cut)
{
	static const char given[] = "://x@://x@://x@hunter,hunter?sig=x&sig=x";
	char text[sizeof given * 3];

	memcpy(text, given, sizeof given);
	cr_assert(redact_text(r, text, redact_room(sizeof given - 1)));
	cr_assert(eq(str, text,
	    "://[hidden]@://[hidden]@://[hidden]@[hidden],[hidden]"
	    "?sig=[hidden]&sig=[hidden]"));
}

Test(redact, a_copy_is_never_cut)
{
	static const char given[] = "://x@://x@://x@hunter?sig=x&sig=x";
	struct ps_arena *a = arena_new(sizeof given);

	cr_assert(eq(str, (char *)redact_copy(r, a, given),
	    "://[hidden]@://[hidden]@://[hidden]@[hidden]"
	    "?sig=[hidden]&sig=[hidden]"));
	cr_assert(eq(str, (char *)redact_copy(r, a, ""), ""));
	arena_free(&a);
}

Test(redact, holds_many_secrets)
{
	char secret[32];

	for (int i = 0; i < 100; i++) {
		(void)snprintf(secret, sizeof secret, "secret-%03d", i);
		redact_add(r, secret);
	}
	cr_assert(redact_contains(r, "x secret-000 y"));
	cr_assert(redact_contains(r, "x secret-099 y"));
	cr_assert(not(redact_contains(r, "x secret-100 y")));
}

Test(redact, keys_tell_whether_their_values_are_secret)
{
	static const char *const secret[] = {
		"value.converter.basic.auth.user.info",
		"admin.override.ssl.key.pem", "s3.sse.customer.key",
		"connection.password", "ssl.keystore.password",
		"sasl.jaas.config", "producer.override.sasl.jaas.config",
		"aws.secret.access.key", "aws.access.key.id.secret",
		"http.headers.authorization", "ssl.keystore.key",
		"oauth2.client.secret", "DB_PASSWORD", "api.key", "x.apikey",
		"auth.token"
	};
	static const char *const open[] = { "key.converter", "name",
		"connection.url", "topics", "oauth2.access.token.url",
		"pk.fields", "ssl.keystore.location", "ssl.keystore.type",
		"message.key.columns", "oauth2.response.token.property" };

	for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
		cr_assert(redact_is_secret_key(secret[i]), "%s", secret[i]);
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		cr_assert_not(redact_is_secret_key(open[i]), "%s", open[i]);
}
