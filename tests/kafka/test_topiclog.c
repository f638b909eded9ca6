#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/kafka/logs.h"
#include "tests/kafka/mock.h"

#define LIMIT_MS 10000
#define DEAD     "127.0.0.1:1" /* nobody listens */

Test(topiclog, barrier_that_cannot_be_reached_ends_in_time, .timeout = 20)
{
	struct seen s = { 0 };
	struct topiclog_hub *h;
	struct topiclog *l;

	h = hub(DEAD);
	l = open_log(h, "configs", &s, TOPICLOG_FROM_START);
	topiclog_read_to_end(l, 300, on_barrier, &s);
	WAIT_UNTIL(s.failed == 1, turn(h), LIMIT_MS);
	cr_expect(eq(int, s.failed, 1));
	cr_expect(eq(int, s.barriers, 0));
	topiclog_hub_free(&h, 200);
}

Test(topiclog, trouble_is_named_while_it_lasts, .timeout = 20)
{
	struct topiclog_hub *h = hub(DEAD);
	struct seen s = { 0 };

	(void)open_log(h, "configs", &s, TOPICLOG_FROM_START);
	WAIT_UNTIL(topiclog_trouble(h)[0] != '\0', turn(h), LIMIT_MS);
	cr_expect(strstr(topiclog_trouble(h), "refused") != NULL ||
		      strstr(topiclog_trouble(h), "brokers are down") != NULL,
	    "%s", topiclog_trouble(h));
	topiclog_hub_free(&h, 200);
}

Test(topiclog, what_waits_is_answered_when_the_hub_ends, .timeout = 20)
{
	struct seen s = { 0 };
	struct topiclog_hub *h;
	struct topiclog *l;

	h = hub(DEAD);
	l = open_log(h, "configs", &s, TOPICLOG_FROM_START);
	put(l, &s, "k", "v");
	topiclog_read_to_end(l, LIMIT_MS, on_barrier, &s);
	topiclog_hub_free(&h, 500);
	/* the end, the barrier, the write */
	cr_expect(eq(int, s.failed, 3));
	cr_expect(eq(int, s.ends + s.barriers + s.writes, 0));
}

Test(topiclog, what_came_before_it_was_watched_is_looked_at, .timeout = 20)
{
	struct topiclog_hub *h = hub(DEAD);
	struct pollfd fd = { .fd = topiclog_fd(h), .events = POLLIN };
	struct ps_error err = { PS_OK, "" };

	cr_expect(eq(int, poll(&fd, 1, 0), 1));
	cr_expect(eq(int, topiclog_serve(h, &err), 0));
	topiclog_hub_free(&h, 200);
}
