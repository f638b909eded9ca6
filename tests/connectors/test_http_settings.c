/*
 * What the HTTP sink's settings send: headers, types, a proxy, the names of
 * OAuth2's parameters. And all that is wrong with them, said at once.
 */
#include "tests/connectors/http_fixture.h"

struct type {
	char format[8], given[40], sent[40];
};

ParameterizedTestParameters(http_settings, each_format_has_a_type)
{
	static struct type table[] = {
		{ "json", "", "application/json" },
		{ "ndjson", "", "application/x-ndjson" },
		{ "", "", "text/plain" },
		{ "json", "application/vnd.mine+json",
		    "application/vnd.mine+json" },
		{ "", "text/csv", "text/csv" },
	};

	return cr_make_param_array(struct type, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct type *y, http_settings, each_format_has_a_type,
    .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	test_host_set(f.t, "batch.format", y->format);
	if (y->given[0] != '\0')
		test_host_set(f.t, "http.headers.content.type", y->given);
	http_begin(&f, 0);
	http_add(&f, 0, 0, 4);
	cr_assert(eq(int, http_deliver(&f, 4), 0));
	cr_assert(eq(str, f.e.seen[0].type, y->sent));
	http_tear_down(&f);
}

Test(http_settings, additional_headers_are_sent_with_each_request,
    .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	test_host_set(f.t, "http.headers.additional",
	    "x-first: one two, X-Second:http://h:1/?a=b");
	http_begin(&f, 0);
	http_add(&f, 0, 0, 8);
	cr_assert(eq(int, http_deliver(&f, 8), 0));
	cr_assert(eq(sz, f.e.count, 2));
	for (int i = 0; i < 2; i++) {
		cr_assert(strstr(f.e.seen[i].headers, "x-first: one two\r\n") !=
			  NULL);
		cr_assert(strstr(f.e.seen[i].headers,
			      "X-Second: http://h:1/?a=b\r\n") != NULL);
	}
	http_tear_down(&f);
}

Test(http_settings, a_proxy_is_asked_for_the_whole_address, .timeout = 30)
{
	struct http_fixture f;
	char port[16];

	http_set_up(&f);
	(void)snprintf(port, sizeof port, "%d", stub_port(f.e.stub));
	test_host_set(f.t, "http.url", "http://target.invalid:81/in");
	test_host_set(f.t, "http.proxy.host", "127.0.0.1");
	test_host_set(f.t, "http.proxy.port", port);
	http_begin(&f, 0);
	http_add(&f, 0, 0, 4);
	cr_assert(eq(int, http_deliver(&f, 4), 0));
	cr_assert(eq(str, f.e.seen[0].target, "http://target.invalid:81/in"));
	cr_assert(
	    strstr(f.e.seen[0].headers, "Host: target.invalid:81\r\n") != NULL);
	http_tear_down(&f);
}

static void
use_oauth2(struct http_fixture *f)
{
	char url[64];

	http_set_up(f);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d/token",
	    stub_port(f->e.stub));
	test_host_set(f->t, "http.authorization.type", "OAuth2");
	test_host_set(f->t, "oauth2.access.token.url", url);
	test_host_set(f->t, "oauth2.client.id", "id");
	test_host_set(f->t, "oauth2.client.secret", "secret");
}

Test(http_settings, parameters_of_a_token_are_named_as_configured,
    .timeout = 30)
{
	struct http_fixture f;

	use_oauth2(&f);
	test_host_set(f.t, "oauth2.client.authorization.mode", "url");
	test_host_set(f.t, "oauth2.grant.type", "password");
	test_host_set(f.t, "oauth2.request.grant.type.property", "kind");
	test_host_set(f.t, "oauth2.request.client.id.property", "who");
	test_host_set(f.t, "oauth2.request.client.secret.property", "word");
	test_host_set(f.t, "oauth2.response.token.property", "id_token");
	f.e.token = "{\"access_token\":\"wrong\",\"id_token\":\"right\"}";
	http_begin(&f, 0);
	http_add(&f, 0, 0, 4);
	cr_assert(eq(int, http_deliver(&f, 4), 0));
	cr_assert(eq(str, f.e.token_body, "kind=password&who=id&word=secret"));
	cr_assert(eq(str, f.e.seen[0].authorization, "Bearer right"));
	http_tear_down(&f);
}

/* Answers its number until it sees the second token. */
static void
until_second_token(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	char text[64];

	(void)stub_header(q, "Authorization", text, sizeof text);
	if (strcmp(text, "Bearer T1") == 0 && e->count < 3)
		a->status = e->number;
}

struct renewal {
	char codes[16];
	int status;
	size_t tokens;
};

ParameterizedTestParameters(http_settings, answers_that_renew_a_token)
{
	static struct renewal table[] = {
		{ "401", 401, 2 },
		{ "401", 403, 1 },
		{ "403, 419", 403, 2 },
		{ "419,403", 401, 1 },
	};

	return cr_make_param_array(struct renewal, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct renewal *r, http_settings, answers_that_renew_a_token,
    .timeout = 30)
{
	struct http_fixture f;

	use_oauth2(&f);
	test_host_set(f.t, "oauth2.token.renew.on.status.codes", r->codes);
	f.e.script = until_second_token;
	f.e.number = r->status;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 4);
	cr_assert(eq(int, http_deliver(&f, 4), 0));
	cr_assert(eq(sz, f.e.tokens, r->tokens));
	http_tear_down(&f);
}

/* ---- What is wrong ---- */

struct wrong {
	const char *settings[8][2];
	const char *says[6];
};

static const struct wrong wrongs[] = {
	{ { { "http.proxy.host", "proxy" } },
	    { "http.proxy.port=-1 is no port, http.proxy.host=proxy" } },
	{ { { "http.proxy.host", "proxy" }, { "http.proxy.port", "0" } },
	    { "http.proxy.port=0 is no port" } },
	{ { { "http.url", "ftp://x" }, { "http.headers.additional", "a" },
	      { "http.headers.content.type", "a\nb" },
	      { "http.ssl.truststore.location", "/none" },
	      { "http.ssl.keystore.location", "/none" },
	      { "http.proxy.host", "proxy" } },
	    { "http.url=ftp://x", "http.headers.additional: a is not",
		"http.headers.content.type holds", "http.ssl.truststore",
		"http.ssl.keystore", "http.proxy.port=-1" } },
	{ { { "http.authorization.type", "oauth2" },
	      { "oauth2.token.renew.on.status.codes", "abc" } },
	    { "oauth2.access.token.url is not set",
		"oauth2.client.id is not set",
		"oauth2.client.secret is not set",
		"oauth2.token.renew.on.status.codes: abc" } },
	{ { { "http.authorization.type", "oauth2" },
	      { "oauth2.access.token.url", "x" } },
	    { "oauth2.access.token.url=x is not" } },
	{ { { "http.authorization.type", "basic" },
	      { "http.basic.username", "a:b" }, { "http.url", "x" } },
	    { "http.url=x", "http.basic.username=a:b" } },
	{ { { "http.authorization.type", "bearer" } },
	    { "http.bearer.token is not set" } },
	{ { { "http.authorization.type", "bearer" },
	      { "http.bearer.token", "a\r\nb" } },
	    { "http.bearer.token holds a control character" } },
};

Test(http_settings, all_that_is_wrong_is_said_at_once, .timeout = 30)
{
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		const struct wrong *w = &wrongs[i];
		struct http_fixture f;
		const char *said;

		http_set_up(&f);
		for (size_t k = 0; k < 8 && w->settings[k][0] != NULL; k++)
			test_host_set(f.t, w->settings[k][0],
			    w->settings[k][1]);
		said = test_host_validate(f.t);
		for (size_t k = 0; k < 6 && w->says[k] != NULL; k++)
			cr_expect(strstr(said, w->says[k]) != NULL,
			    "%s is not in: %s", w->says[k], said);
		cr_expect(test_sink_start(f.t) == NULL);
		cr_expect(eq(int, f.t->err.code, PS_E_CONFIG));
		http_tear_down(&f);
	}
}

Test(http_settings, more_headers_than_there_is_room_for_are_refused)
{
	char text[2048] = "";
	struct http_fixture f;
	size_t n = 0;

	http_set_up(&f);
	for (int i = 0; i < 61; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%sh%d:%d",
		    i == 0 ? "" : ",", i, i);
	test_host_set(f.t, "http.headers.additional", text);
	cr_assert(strstr(test_host_validate(f.t),
		      "http.headers.additional: 61 headers") != NULL,
	    "%s", test_host_validate(f.t));
	http_tear_down(&f);
}
