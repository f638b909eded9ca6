#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "kafka/consumer.h"
#include "kafka/consumer_impl.h"
#include "tests/kafka/mock.h"

#define LIMIT_MS 20000
#define FLOOR_MS 1000

/* Brokers that cannot describe a group say so, and that is an answer. */
Test(consumer_claims, a_short_limit_does_not_ask_at_every_poll, .timeout = 60)
{
	const struct consumer_limits limits = { 20, 0, 0 };
	struct clock_ms first, before = { 0 };
	struct consumer_event e;
	struct ps_error err = { PS_OK, "" };
	struct consumer *c;
	struct mock m;

	mock_start(&m);
	{
		struct ps_setting s[] = { { "bootstrap.servers", m.servers },
			{ "group.id", "connect-x" } };
		struct ps_config settings = { s, 2 };

		c = consumer_new(&settings, &err);
	}
	cr_assert(c != NULL, "%s", err.text);
	consumer_watch_claims(c, 1);
	first = c->claims.next_ask;
	WAIT_UNTIL(
	    c->claims.next_ask.ms != first.ms,
	    {
		    before = clock_now();
		    cr_assert(eq(int, consumer_poll(c, &limits, &e, &err), 0));
	    },
	    LIMIT_MS);
	cr_expect(ne(i64, c->claims.next_ask.ms, first.ms));
	cr_expect(ge(i64, clock_since(before, c->claims.next_ask), FLOOR_MS));
	consumer_free(&c, 5000);
	mock_stop(&m);
}
