#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"
#include "plugins/registry/conf.h"

static int64_t
longest_wait(const char *first, const char *longest)
{
	struct ps_setting s[] = { { "http.connect.timeout.ms", "1" },
		{ "http.read.timeout.ms", "1" }, { "max.retries", "9" },
		{ "proxy.port", "-1" }, { "retries.max.wait.ms", longest },
		{ "retries.wait.ms", first },
		{ "schema.registry.url", "http://localhost" },
		{ "use.schema.id", "-1" } };
	const struct ps_config c = { s, sizeof s / sizeof *s };
	const struct ps_host h = { .size = sizeof h };
	struct ps_arena *a = arena_new(1024);
	struct registry_conf conf;
	struct ps_error err = { 0 };

	cr_assert(eq(int, conf_read(&conf, &h, &c, a, &err), 0), "%s",
	    err.text);
	arena_free(&a);
	return conf.retry_max_ms;
}

Test(registry_conf, the_longest_wait_is_short_unless_another_was_asked_for)
{
	cr_expect(eq(i64, longest_wait("1000", ""), PS_RETRY_MAX_MS));
	cr_expect(eq(i64, longest_wait("8000", ""), 8000));
	cr_expect(eq(i64, longest_wait("1000", "20000"), 20000));
	cr_expect(eq(i64, longest_wait("1000", "100"), 100));
}
