/* Clients with the settings of PENSTOCK_CLIENT, a file of Java's keys, that
 * tests/integration/test_live.py writes. PENSTOCK_EXPECT is part of
 * the trouble that must come instead. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/props.h"
#include "kafka/topiclog.h"
#include "tests/kafka/mock.h"

static void
on_record(void *ctx, const struct topiclog_record *r)
{
	*(int *)ctx += r->value_len == 5;
}

static void
on_end(void *ctx, const struct ps_error *err)
{
	(void)ctx;
	(void)err;
}

static void
on_write(void *ctx, int32_t partition, int64_t offset,
    const struct ps_error *err)
{
	*(int *)ctx += err == NULL;
	(void)partition;
	(void)offset;
	cr_expect(err == NULL || getenv("PENSTOCK_EXPECT") != NULL, "%s",
	    err == NULL ? "" : err->text);
}

static void
turn(struct topiclog_hub *h)
{
	struct pollfd fd = { .fd = topiclog_fd(h), .events = POLLIN };

	(void)poll(&fd, 1, 200);
	(void)topiclog_serve(h, NULL);
}

static bool
is_over(struct topiclog_hub *h, const int *done, const char *expect)
{
	return (done[0] > 0 && done[1] > 0) ||
	       (expect != NULL && strstr(topiclog_trouble(h), expect) != NULL);
}

Test(secure, what_is_written_comes_back, .timeout = 40)
{
	const char *path = getenv("PENSTOCK_CLIENT");
	const char *expect = getenv("PENSTOCK_EXPECT");
	struct ps_arena *a = arena_new(4096);
	struct ps_error err = { PS_OK, "" };
	struct topiclog_write w = { "k", 1, "value", 5 };
	struct topiclog_reader reader = { on_record, on_end, NULL,
		TOPICLOG_FROM_START };
	struct topiclog_hub *h;
	struct topiclog *l;
	struct ps_config c;
	int done[2] = { 0, 0 }; /* read, written */

	cr_assert(path != NULL, "PENSTOCK_CLIENT names no file");
	cr_assert(eq(int, props_load(a, path, &c, &err), 0), "%s", err.text);
	reader.ctx = &done[0];
	h = topiclog_hub_new(&c, TOPICLOG_COMMITTED, &err);
	if (h == NULL) {
		cr_assert(expect != NULL && strstr(err.text, expect) != NULL,
		    "%s", err.text);
		arena_free(&a);
		return;
	}
	l = topiclog_open(h, "secure", &reader, &err);
	cr_assert(eq(int, topiclog_write(l, &w, on_write, &done[1], &err), 0));
	WAIT_UNTIL(is_over(h, done, expect), turn(h), 30000);
	cr_expect(is_over(h, done, expect), "%s", topiclog_trouble(h));
	cr_expect(eq(int, done[0] > 0, expect == NULL));
	topiclog_hub_free(&h, 2000);
	arena_free(&a);
}
