#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include "base/arena.h"
#include "connectors/postgres/conninfo.h"

struct given {
	char url[160], key[24], value[80];
};

static struct given urls[] = {
	{ "jdbc:postgresql://db:5433/shop", "host", "db" },
	{ "jdbc:postgresql://db:5433/shop", "port", "5433" },
	{ "jdbc:postgresql://db:5433/shop", "dbname", "shop" },
	{ "jdbc:postgresql://db/shop", "port", "5432" },
	{ "jdbc:postgresql:shop", "host", "localhost" },
	{ "jdbc:postgresql:shop", "dbname", "shop" },
	{ "jdbc:postgresql://a:1,b/x", "host", "a,b" },
	{ "jdbc:postgresql://a:1,b/x", "port", "1,5432" },
	{ "jdbc:postgresql://[::1]:6/x", "host", "::1" },
	{ "jdbc:postgresql://[::1]:6/x", "port", "6" },
	{ "postgresql://u:p%40ss@h/x", "user", "u" },
	{ "postgresql://u:p%40ss@h/x", "password", "p@ss" },
	{ "postgres://h/a%20b", "dbname", "a b" },
	{ "postgresql://%2Fvar%2Frun/x", "host", "/var/run" },
	{ "jdbc:postgresql://h/x?user=a&password=b%26c", "password", "b&c" },
	{ "jdbc:postgresql://h/x?ssl=true", "sslmode", "verify-full" },
	{ "jdbc:postgresql://h/x?sslmode=require&ssl=true", "sslmode",
	    "require" },
	{ "jdbc:postgresql://h/x?ApplicationName=me", "application_name",
	    "me" },
	{ "jdbc:postgresql://h/x?socketTimeout=30", "tcp_user_timeout",
	    "30000" },
	{ "jdbc:postgresql://h/x?tcpKeepAlive=false", "keepalives", "0" },
	{ "jdbc:postgresql://h/x?currentSchema=a,b%20c", "options",
	    "-c search_path=a,b\\ c" },
	{ "jdbc:postgresql://h/x?targetServerType=primary",
	    "target_session_attrs", "primary" },
	{ "jdbc:postgresql://h/x?reWriteBatchedInserts=true", "dbname", "x" },
};

ParameterizedTestParameters(pg_conninfo, urls_become_libpqs_parameters)
{
	return cr_make_param_array(struct given, urls,
	    sizeof urls / sizeof *urls);
}

ParameterizedTest(struct given *p, pg_conninfo, urls_become_libpqs_parameters)
{
	struct ps_error err = { .code = PS_OK };
	struct ps_arena *a = arena_new(4096);
	struct conninfo c;

	cr_assert(eq(int, conninfo_parse(a, p->url, "", "", &c, &err), 0), "%s",
	    err.text);
	cr_assert(conninfo_get(&c, p->key) != NULL, "%s has no %s", p->url,
	    p->key);
	cr_assert_str_eq(conninfo_get(&c, p->key), p->value);
	arena_free(&a);
}

static struct given bad_urls[] = {
	{ "jdbc:mysql://h/x?password=hidden", "jdbc", "" },
	{ "jdbc:postgresql://h:port/x?password=hidden", "port", "" },
	{ "postgresql://u:hidden%zz@h/x", "%", "" },
	{ "jdbc:postgresql://h/x?password=hidden&wrong=1", "wrong", "" },
	{ "jdbc:postgresql://h/x?targetServerType=best", "best", "" },
};

ParameterizedTestParameters(pg_conninfo, wrong_urls_are_named_not_shown)
{
	return cr_make_param_array(struct given, bad_urls,
	    sizeof bad_urls / sizeof *bad_urls);
}

ParameterizedTest(struct given *p, pg_conninfo, wrong_urls_are_named_not_shown)
{
	struct ps_error err = { .code = PS_OK };
	struct ps_arena *a = arena_new(4096);
	struct conninfo c;

	cr_assert(eq(int, conninfo_parse(a, p->url, "", "", &c, &err), -1));
	cr_assert(eq(int, err.code, PS_E_CONFIG));
	cr_assert(strstr(err.text, p->key) != NULL, "%s", err.text);
	cr_assert(strstr(err.text, "hidden") == NULL, "%s", err.text);
	arena_free(&a);
}

Test(pg_conninfo, keys_of_their_own_win_over_the_url)
{
	struct ps_error err = { .code = PS_OK };
	struct ps_arena *a = arena_new(4096);
	struct conninfo c;

	cr_assert(eq(int,
	    conninfo_parse(a, "postgresql://u:p@h/x", "me", "mine", &c, &err),
	    0));
	cr_assert_str_eq(conninfo_get(&c, "user"), "me");
	cr_assert_str_eq(conninfo_get(&c, "password"), "mine");
	arena_free(&a);
}
