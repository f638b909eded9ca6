#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include <penstock/provider.h>

#include "tests/connectors/host.h"
#include "tests/connectors/names.h"
#include "tests/connectors/stub.h"

#define TOKEN  "s.canary-token-91aa"
#define SECRET "canary-secret-17bd"
#define V2                                                        \
	"{\"lease_duration\":0,\"data\":{\"data\":{\"password\":" \
	"\"" SECRET "\",\"port\":5432,\"on\":true,\"list\":[]},"  \
	"\"metadata\":{\"version\":1}}}"

struct fixture {
	struct test_host *t;
	const struct ps_provider_ops *ops;
	void *state;
	struct stub *server;
	/* What the server does, and what it was sent last. */
	int status, delay_ms;
	bool cut;
	const char *body;
	char target[256], token[128], name_space[64];
	const char *value;
};

static struct fixture f;

static void
answer(void *arg, const struct stub_request *q, struct stub_reply *a)
{
	(void)arg;
	(void)snprintf(f.target, sizeof f.target, "%.255s", q->target);
	(void)stub_header(q, "X-Vault-Token", f.token, sizeof f.token);
	(void)stub_header(q, "X-Vault-Namespace", f.name_space,
	    sizeof f.name_space);
	a->status = f.status;
	a->delay_ms = f.delay_ms;
	a->cut = f.cut;
	stub_body(a, f.body, strlen(f.body));
}

static void
setup(void)
{
	f = (struct fixture){ .status = 200, .body = V2 };
	f.server = stub_new(answer, NULL);
	f.t = test_host_new("vault", "vault");
	f.ops = f.t->class->ops;
	test_host_set(f.t, "address",
	    ps_printf(f.t->arena, "http://127.0.0.1:%d", stub_port(f.server)));
	test_host_set(f.t, "timeout.ms", "2000");
}

static void
teardown(void)
{
	if (f.state != NULL)
		f.ops->destroy(f.state);
	stub_free(&f.server);
	test_host_free(&f.t);
}

TestSuite(vault, .init = setup, .fini = teardown, .timeout = 30);

static bool
start(void)
{
	ps_error_clear(&f.t->err);
	f.state = f.ops->create(&f.t->h, f.t->class, &f.t->config, &f.t->err);
	return f.state != NULL;
}

static void
start_with_token(void)
{
	test_host_set(f.t, "token", TOKEN);
	cr_assert(start(), "%s", f.t->err.text);
}

static const char *
get(const char *path, const char *key)
{
	int rc;

	ps_error_clear(&f.t->err);
	rc = f.ops->get(f.state, f.t->arena, path, key, &f.value, &f.t->err);
	cr_expect(strstr(f.t->err.text, TOKEN) == NULL, "%s", f.t->err.text);
	cr_expect(strstr(f.t->err.text, SECRET) == NULL, "%s", f.t->err.text);
	return rc == 1 ? f.value : rc == 0 ? "-" : "!";
}

static void
expect_error(enum ps_code code, const char *words)
{
	cr_expect(eq(str, (char *)get("secret/data/db", "password"), "!"));
	cr_expect(eq(int, (int)f.t->err.code, (int)code), "%s", f.t->err.text);
	cr_expect(strstr(f.t->err.text, words) != NULL, "%s", f.t->err.text);
}

Test(vault, values_of_the_second_key_value_store)
{
	test_host_set(f.t, "namespace", "team");
	start_with_token();
	cr_expect(eq(str, (char *)get("secret/data/db", "password"), SECRET));
	cr_expect(eq(str, (char *)get("secret/data/db", "port"), "5432"));
	cr_expect(eq(str, (char *)get("secret/data/db", "on"), "true"));
	cr_expect(eq(str, f.target, "/v1/secret/data/db"));
	cr_expect(eq(str, f.token, TOKEN));
	cr_expect(eq(str, f.name_space, "team"));
	/* One question for all keys of a secret. */
	cr_expect(eq(sz, stub_requests(f.server), 1));
	cr_expect(eq(i64, f.ops->ttl_ms(f.state), -1));
}

Test(vault, values_of_all_other_stores)
{
	f.body = "{\"data\":{\"username\":\"u1\",\"data\":\"plain\"}}";
	start_with_token();
	cr_expect(eq(str, (char *)get("database/creds/app", "username"), "u1"));
	cr_expect(eq(str, (char *)get("database/creds/app", "data"), "plain"));
}

Test(vault, an_answer_holds_for_two_thirds_of_its_lease)
{
	int64_t ttl;

	f.body = "{\"lease_duration\":3,\"data\":{\"k\":\"one\"}}";
	start_with_token();
	cr_expect(eq(str, (char *)get("a/b", "k"), "one"));
	ttl = f.ops->ttl_ms(f.state);
	cr_expect(ttl > 0 && ttl <= 2000, "%lld", (long long)ttl);
	f.body = "{\"lease_duration\":3,\"data\":{\"k\":\"two\"}}";
	cr_expect(eq(str, (char *)get("a/b", "k"), "one"));
	while (f.ops->ttl_ms(f.state) > 0)
		(void)usleep(20000);
	cr_expect(eq(str, (char *)get("a/b", "k"), "two"));
}

Test(vault, without_a_lease_ttl_ms_says_how_long)
{
	test_host_set(f.t, "ttl.ms", "60000");
	start_with_token();
	cr_expect(eq(str, (char *)get("secret/data/db", "password"), SECRET));
	cr_expect(f.ops->ttl_ms(f.state) > 50000);
}

Test(vault, paths_lead_nowhere_else)
{
	static const char *const wrong[] = { "a/../b", "a//b", "/a", ".", "" };

	start_with_token();
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		cr_expect(eq(str, (char *)get(wrong[i], "k"), "!"), "%s",
		    wrong[i]);
	cr_expect(eq(sz, stub_requests(f.server), 0));
	(void)get("a b/c?d#e", "k");
	cr_expect(eq(str, f.target, "/v1/a%20b/c%3Fd%23e"));
}

Test(vault, only_allowed_paths_are_asked_for)
{
	test_host_set(f.t, "allowed.paths", "secret/data/db, kv/");
	start_with_token();
	cr_expect(eq(str, (char *)get("secret/data/dbx", "password"), "!"));
	cr_expect(strstr(f.t->err.text, "allowed.paths") != NULL);
	cr_expect(eq(sz, stub_requests(f.server), 0));
	cr_expect(eq(str, (char *)get("secret/data/db", "password"), SECRET));
	cr_expect(eq(str, (char *)get("kv/x", "password"), SECRET));
}

Test(vault, the_token_may_be_in_a_file_that_changes)
{
	char path[] = BUILD "/tmp/token-XXXXXX";
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	cr_assert(write(fd, "one-token\n", 10) == 10);
	test_host_set(f.t, "token.file", path);
	cr_assert(start(), "%s", f.t->err.text);
	(void)get("a/b", "password");
	cr_expect(eq(str, f.token, "one-token"));
	cr_assert(pwrite(fd, "two", 3, 0) == 3);
	(void)get("a/c", "password");
	cr_expect(eq(str, f.token, "two-token"));
	cr_assert(pwrite(fd, "\x01", 1, 1) == 1);
	expect_error(PS_E_CONFIG, "token.file: what it holds is no token");
	cr_assert(eq(int, ftruncate(fd, 0), 0));
	expect_error(PS_E_CONFIG, "there is no token");
	(void)close(fd);
	(void)unlink(path);
	expect_error(PS_E_CONFIG, "token.file");
}

Test(vault, refusals_say_what_and_never_the_answer)
{
	static const struct {
		int status;
		enum ps_code code;
		const char *words;
	} rows[] = {
		{ 403, PS_E_CONFIG, "not allowed to read secret/data/db" },
		{ 404, PS_E_CONFIG, "nothing at secret/data/db" },
		{ 400, PS_E_CONFIG, "answered with 400" },
		{ 307, PS_E_CONFIG, "answered with 307" },
		{ 429, PS_E_RETRY, "cannot answer" },
		{ 503, PS_E_RETRY, "cannot answer" },
	};

	start_with_token();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		f.status = rows[i].status;
		expect_error(rows[i].code, rows[i].words);
	}
}

Test(vault, what_is_no_secret_is_refused)
{
	static const char *const bodies[] = { "", "{", "[]", "{}",
		"{\"data\":\"" SECRET "\"}", "<html>" SECRET };

	start_with_token();
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		f.body = bodies[i];
		expect_error(PS_E_CONFIG, "is no secret");
	}
	f.body = V2;
	cr_expect(eq(str, (char *)get("secret/data/db", "none"), "!"));
	cr_expect(strstr(f.t->err.text, "no text under none") != NULL);
	cr_expect(eq(str, (char *)get("secret/data/db", "list"), "!"));
}

Test(vault, a_server_that_hangs_or_floods_costs_no_more_than_its_limits)
{
	char *flood = malloc(4096);

	test_host_set(f.t, "timeout.ms", "300");
	test_host_set(f.t, "max.bytes", "1000");
	start_with_token();
	f.delay_ms = 3000;
	expect_error(PS_E_RETRY, "within 300 ms");
	f.delay_ms = 0;
	cr_assert(flood != NULL);
	memset(flood, ' ', 4095);
	flood[4095] = '\0';
	f.body = flood;
	expect_error(PS_E_CONFIG, "larger than max.bytes, 1000");
	f.cut = true;
	expect_error(PS_E_RETRY, "does not answer");
	free(flood);
}

Test(vault, addresses_of_metadata_services_are_not_reached)
{
	static const char *const hosts[] = { "169.254.169.254", "0xa9fea9fe",
		"[::ffff:169.254.169.254]", "[fe80::1]", "0", "0.0.0.0" };

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		test_host_set(f.t, "address",
		    ps_printf(f.t->arena, "http://%s:%d", hosts[i],
			stub_port(f.server)));
		start_with_token();
		expect_error(PS_E_CONFIG, "allow.link.local=false");
		f.ops->destroy(f.state);
		f.state = NULL;
	}
	cr_expect(eq(sz, stub_requests(f.server), 0));
	/* Whoever wants it may. */
	test_host_set(f.t, "allow.link.local", "true");
	start_with_token();
	cr_expect(eq(str, (char *)get("secret/data/db", "password"), SECRET));
}

Test(vault, settings_that_cannot_be_are_named)
{
	static const struct {
		const char *key, *value, *words;
	} rows[] = {
		{ "address", "ftp://x", "address" },
		{ "address", "http://u:" SECRET "@x", "address" },
		{ "address", "http://x/", "no slash" },
	};

	cr_expect(not(start()));
	cr_expect(strstr(f.t->err.text, "either token") != NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		test_host_set(f.t, "token", TOKEN);
		test_host_set(f.t, rows[i].key, rows[i].value);
		cr_expect(not(start()), "%s", rows[i].value);
		cr_expect(strstr(f.t->err.text, rows[i].words) != NULL, "%s",
		    f.t->err.text);
		cr_expect(strstr(f.t->err.text, SECRET) == NULL);
	}
}

static void
start_at(const char *name)
{
	test_host_set(f.t, "address",
	    ps_printf(f.t->arena, "http://%s:%d", name, stub_port(f.server)));
	start_with_token();
}

Test(vault, an_address_that_is_denied_keeps_nobody_from_the_next)
{
	start_at(NAMES_META_AND_HERE);
	cr_expect(eq(str, (char *)get("secret/data/db", "password"), SECRET));
}

Test(vault, that_the_next_address_is_down_is_an_outage)
{
	start_at(NAMES_META_AND_HERE);
	stub_free(&f.server);
	expect_error(PS_E_RETRY, "does not answer");
	cr_expect(strstr(f.t->err.text, "link-local") == NULL, "%s",
	    f.t->err.text);
}

Test(vault, where_there_is_no_other_address_the_setting_is_wrong)
{
	start_at("169.254.169.254");
	expect_error(PS_E_CONFIG, "allow.link.local=false");
}
