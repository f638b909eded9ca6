#include "tests/connectors/http_fixture.h"

/* ---- Credentials ---- */

static void
wants_second_token(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	char text[64];

	(void)stub_header(q, "Authorization", text, sizeof text);
	if (e->number == 2 && strcmp(text, "Bearer T2") != 0)
		a->status = 401;
}

static void
use_oauth2(struct http_fixture *f)
{
	char url[64];

	http_set_up(f);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d/token",
	    stub_port(f->e.stub));
	test_host_set(f->t, "http.authorization.type", "oauth2");
	test_host_set(f->t, "oauth2.access.token.url", url);
	test_host_set(f->t, "oauth2.client.id", "id");
	test_host_set(f->t, "oauth2.client.secret", "secret");
}

Test(http_endpoint, oauth2_tokens_are_kept_and_renewed, .timeout = 30)
{
	struct http_fixture f;

	use_oauth2(&f);
	f.e.script = wants_second_token;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 8);
	cr_assert(eq(int, http_deliver(&f, 8), 0));
	cr_assert(eq(sz, f.e.tokens, 1));
	cr_assert(eq(str, f.e.seen[0].authorization, "Bearer T1"));
	f.e.number = 2;
	http_add(&f, 0, 8, 12);
	cr_assert(eq(int, http_deliver(&f, 12), 0));
	cr_assert(eq(sz, f.e.tokens, 2));
	cr_assert(eq(str, f.e.seen[3].authorization, "Bearer T2"));
	http_tear_down(&f);
}

struct token {
	char answer[160], sent[64];
};

ParameterizedTestParameters(http_endpoint,
    tokens_are_read_as_servers_write_them)
{
	static struct token table[] = {
		{ "{\"access_token\":\"a\\/b\\u003d\"}", "Bearer a/b=" },
		{ "{\"token_type\":\"MAC\",\"access_token\":\"x\"}", "MAC x" },
		{ "\n{ \"expires_in\" : 0 , \"access_token\" : \"x\" }\n",
		    "Bearer x" },
		{ "{\"expires_in\":-1,\"access_token\":\"x\"}", "Bearer x" },
		{ "{\"expires_in\":\"99999999999999999999\","
		  "\"access_token\":\"x\"}",
		    "Bearer x" },
	};

	return cr_make_param_array(struct token, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct token *t, http_endpoint,
    tokens_are_read_as_servers_write_them, .timeout = 30)
{
	struct http_fixture f;

	use_oauth2(&f);
	f.e.token = t->answer;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 12);
	cr_assert(eq(int, http_deliver(&f, 12), 0));
	cr_assert(eq(str, f.e.seen[0].authorization, t->sent));
	cr_assert(lt(sz, f.e.tokens, 4), "%zu tokens for 3 requests",
	    f.e.tokens);
	http_tear_down(&f);
}

ParameterizedTestParameters(http_endpoint,
    answers_without_a_token_are_waited_out)
{
	static struct token table[] = {
		{ "", "" },
		{ "{", "" },
		{ "{\"access_token\":\"", "" },
		{ "{\"access_token\":\"\"}", "" },
		{ "{\"access_token\":null}", "" },
		{ "{\"access_token\":\"a b\\r\\nEvil: 1\"}", "" },
		{ "{\"error\":\"unauthorized_client\"}", "" },
	};

	return cr_make_param_array(struct token, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct token *t, http_endpoint,
    answers_without_a_token_are_waited_out, .timeout = 30)
{
	struct http_fixture f;

	use_oauth2(&f);
	f.e.token = t->answer;
	f.t->tolerant = true;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 4);
	for (int i = 0; i < 4000 && f.t->cause[0] == '\0'; i++) {
		(void)f.ops->put(f.state, f.b, &f.t->err);
		batch_reset(f.b, 1 << 20);
		(void)usleep(500); /* poll; bounded by the loop */
	}
	cr_assert(strstr(f.t->cause, "/token: status 200") != NULL, "%s",
	    f.t->cause);
	cr_assert(strstr(f.t->cause, "no usable access_token") != NULL);
	f.e.token = NULL;
	cr_assert(eq(int, http_deliver(&f, 4), 0));
	cr_assert(eq(sz, f.t->reported, 0));
	http_tear_down(&f);
}

struct auth {
	char type[16], key[32], value[32], key2[32], value2[32], sent[64];
};

ParameterizedTestParameters(http_endpoint, static_credentials_are_sent)
{
	static struct auth table[] = {
		{ "none", "", "", "", "", "" },
		{ "static", "http.headers.authorization", "Key abc", "", "",
		    "Key abc" },
		{ "bearer", "http.bearer.token", "abc", "", "", "Bearer abc" },
		{ "basic", "http.basic.username", "Aladdin",
		    "http.basic.password", "open sesame",
		    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
	};

	return cr_make_param_array(struct auth, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct auth *a, http_endpoint, static_credentials_are_sent,
    .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	test_host_set(f.t, "http.authorization.type", a->type);
	if (a->key[0] != '\0')
		test_host_set(f.t, a->key, a->value);
	if (a->key2[0] != '\0')
		test_host_set(f.t, a->key2, a->value2);
	http_begin(&f, 0);
	http_add(&f, 0, 0, 4);
	cr_assert(eq(int, http_deliver(&f, 4), 0));
	cr_assert(eq(str, f.e.seen[0].authorization, a->sent));
	http_tear_down(&f);
}

/* ---- Hostile endpoints ---- */

static void
hangs_once(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	(void)q;
	if (e->count == 0)
		a->delay_ms = 1500;
}

Test(http_endpoint, a_hanging_endpoint_is_given_up_after_the_timeout,
    .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	test_host_set(f.t, "http.timeout", "1");
	f.e.script = hangs_once;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 4);
	cr_assert(eq(int, http_deliver(&f, 4), 0));
	cr_assert(ge(sz, f.e.count, 2));
	cr_assert(eq(str, f.e.seen[0].key, f.e.seen[1].key));
	http_tear_down(&f);
}

static void
answers_too_much(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	char *text = calloc(1, 1 << 20);

	(void)e;
	(void)q;
	stub_body(a, text, 1 << 20);
	free(text);
}

Test(http_endpoint, an_answer_without_end_is_cut_off, .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	f.e.script = answers_too_much;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 4);
	cr_assert(eq(int, http_deliver(&f, 4), 0));
	cr_assert(eq(sz, f.e.count, 1));
	http_tear_down(&f);
}

struct address {
	char url[64];
};

ParameterizedTestParameters(http_endpoint, metadata_addresses_are_not_reached)
{
	static struct address table[] = {
		{ "http://169.254.169.254/latest" },
		{ "http://0xa9fea9fe/" },
		{ "http://[::ffff:169.254.169.254]/" },
		{ "http://[fe80::1]/" },
		{ "http://[fd00:ec2::254]/" },
		{ "http://0.0.0.0:1/" },
		{ "http://0:1/" },
	};

	return cr_make_param_array(struct address, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct address *a, http_endpoint,
    metadata_addresses_are_not_reached, .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	test_host_set(f.t, "http.url", a->url);
	http_begin(&f, 0);
	http_add(&f, 0, 0, 4);
	for (int i = 0; i < 4000 && f.t->cause[0] == '\0'; i++) {
		(void)f.ops->put(f.state, f.b, &f.t->err);
		(void)usleep(500);
	}
	cr_assert(strstr(f.t->cause, "link-local") != NULL, "%s", f.t->cause);
	http_tear_down(&f);
}

struct bad {
	char key[48], value[200], says[64];
};

ParameterizedTestParameters(http_endpoint, wrong_settings_are_named)
{
	static struct bad table[] = {
		{ "http.url", "file:///etc/passwd", "http.url=file" },
		{ "http.url", "http://", "http.url=" },
		{ "http.headers.additional", "a:b\r\nEvil:1",
		    "control character" },
		{ "http.headers.additional", "nocolon", "name:value" },
		{ "http.headers.content.type", "a\nb", "control character" },
		{ "http.authorization.type", "static",
		    "http.headers.authorization" },
		{ "http.authorization.type", "oauth2",
		    "oauth2.access.token.url" },
		{ "http.ssl.truststore.location", "/x/trust.jks",
		    "/x/trust.jks cannot be opened" },
		{ "http.ssl.truststore.location", "/etc/passwd",
		    "no certificate in PEM form" },
		{ "http.ssl.keystore.location", TESTS "/data/certificate.pem",
		    "no private key in PEM form" },
	};

	return cr_make_param_array(struct bad, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct bad *bad, http_endpoint, wrong_settings_are_named)
{
	struct http_fixture f;

	http_set_up(&f);
	test_host_set(f.t, bad->key, bad->value);
	cr_assert(strstr(test_host_validate(f.t), bad->says) != NULL, "%s",
	    test_host_validate(f.t));
	cr_assert(test_sink_start(f.t) == NULL);
	cr_assert(eq(int, f.t->err.code, PS_E_CONFIG));
	http_tear_down(&f);
}
