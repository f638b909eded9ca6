#include "task/clients.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

enum { CHUNK = 4096, TOPICS = 1000, STEP = 7, TEXT_BYTES = 200 };

#define SENT   "kafka_producer_topic_record_send_total"
#define FAILED "kafka_producer_topic_record_error_total"

static struct ps_arena *a;
static struct clients c;
static struct metric_registry *r;

static void
setup(void)
{
	a = arena_new(CHUNK);
	r = metric_new(4 * (size_t)TOPICS);
	c = (struct clients){ 0 };
}

static void
teardown(void)
{
	metric_free(&r);
	arena_free(&a);
}

TestSuite(clients, .init = setup, .fini = teardown);

struct search {
	const char *name, *labels;
	double value; /* -1: there is none */
	size_t count; /* of the series of that name */
};

static void
look(void *ctx, enum metric_kind kind, const char *name, const char *labels,
    double value)
{
	struct search *s = ctx;

	(void)kind;
	if (strcmp(name, s->name) != 0)
		return;
	s->count++;
	if (strcmp(labels, s->labels) == 0)
		s->value = value;
}

static struct search
found(const char *name, const char *labels)
{
	struct search s = { name, labels, -1, 0 };

	metric_each(r, look, &s);
	return s;
}

/* The i-th topic that is seen: neither in order nor against it. */
static const char *
topic(int i)
{
	static char name[TEXT_BYTES];

	(void)snprintf(name, sizeof name, "t-%d", i * STEP % TOPICS);
	return name;
}

Test(clients, each_topic_has_its_own_numbers_in_whatever_order_they_come)
{
	char labels[2 * TEXT_BYTES];

	clients_begin(&c, a, "task=\"0\"", "id");
	for (int i = 0; i < TOPICS; i++)
		clients_sent(&c, topic(i), (size_t)i + 1);
	for (int i = TOPICS - 1; i >= 0; i--) {
		clients_sent(&c, topic(i), TOPICS);
		clients_failed(&c, topic(i), 2 * (size_t)i);
	}
	clients_publish(&c, r);
	for (int i = 0; i < TOPICS; i++) {
		(void)snprintf(labels, sizeof labels,
		    "task=\"0\",clientId=\"id\",topic=\"%s\"", topic(i));
		cr_expect(eq(dbl, found(SENT, labels).value,
			      (double)(i + 1 + TOPICS)),
		    "%s", labels);
		cr_expect(eq(dbl, found(FAILED, labels).value, (double)(2 * i)),
		    "%s", labels);
	}
	cr_expect(eq(sz, found(SENT, "").count, TOPICS));
}

Test(clients, beyond_the_ceiling_those_that_are_known_still_count)
{
	static const char first[] = "task=\"0\",clientId=\"id\",topic=\"t-0\"";

	clients_begin(&c, a, "task=\"0\"", "id");
	for (int i = 0; i < TOPICS; i++)
		clients_sent(&c, topic(i), 1);
	clients_sent(&c, "a", 1);
	clients_sent(&c, "t-5a", 1);
	clients_sent(&c, "z", 1);
	clients_sent(&c, "t-0", 1);
	clients_publish(&c, r);
	cr_expect(eq(sz, found(SENT, "").count, TOPICS));
	cr_expect(eq(dbl, found(SENT, first).value, 2));
}

Test(clients, nothing_counts_before_there_is_a_client)
{
	clients_sent(&c, "t", 1);
	clients_publish(&c, r);
	cr_expect(eq(sz, found(SENT, "").count, 0));
}

Test(clients, the_id_of_a_client_is_escaped)
{
	static const char labels[] =
	    "task=\"0\",clientId=\"a\\\"b\\\\c\\nd\",topic=\"t\"";

	clients_begin(&c, a, "task=\"0\"", "a\"b\\c\nd");
	clients_sent(&c, "t", 3);
	clients_publish(&c, r);
	cr_expect(eq(dbl, found(SENT, labels).value, 3));
}
