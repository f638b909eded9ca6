#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "kafka/consumer.h"
#include "kafka/consumer_impl.h"
#include "tests/kafka/mock.h"

#define LIMIT_MS 20000

static struct consumer *
join(const struct mock *m)
{
	struct ps_setting s[] = { { "bootstrap.servers", m->servers },
		{ "group.id", "connect-x" } };
	struct ps_config settings = { s, 2 };
	struct ps_error err = { PS_OK, "" };
	struct consumer *c = consumer_new(&settings, &err);

	cr_assert(c != NULL, "%s", err.text);
	return c;
}

/* A partition that the client does not know refuses each seek. */
static void
add_refused(struct consumer *c)
{
	const struct consumer_position p = { "nowhere", 3, 7, 0 };
	struct consumer_part *part;

	consumer_part_add(c, &p);
	part = consumer_part_find(c, consumer_intern(c, "nowhere"), 3);
	part->epoch = 0;
	part->is_unproved = true;
	c->has_unproved = true;
	c->unproved_since = clock_now();
}

/* Its records would not come, and the task would be RUNNING. */
Test(consumer_epochs, a_seek_that_is_refused_for_long_is_told, .timeout = 60)
{
	const struct consumer_limits limits = { 20, 0, 0 };
	struct consumer_event e = { .what = CONSUMER_NOTHING };
	struct ps_error err = { PS_OK, "" };
	struct consumer *c;
	struct mock m;

	mock_start(&m);
	mock_topic(&m, "nowhere", 1);
	c = join(&m);
	add_refused(c);
	WAIT_UNTIL(e.what == CONSUMER_TROUBLE,
	    cr_assert(eq(int, consumer_poll(c, &limits, &e, &err), 0)),
	    LIMIT_MS);
	cr_assert(eq(int, e.what, CONSUMER_TROUBLE));
	cr_expect(strstr(e.error.text,
		      "topic nowhere, partition 3 is not read") != NULL,
	    "%s", e.error.text);
	/* And it is asked less and less often. */
	cr_expect(gt(i64, clock_since(clock_now(), c->next_proof), 500));
	consumer_free(&c, 5000);
	mock_stop(&m);
}
