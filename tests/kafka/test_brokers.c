/*
 * A client that had learned of the broker is told, by a broker that has just
 * come back, that there is none: librdkafka forgets all that it knows. It
 * depends on the order of two threads whether it finds back by itself, so each
 * client goes through it several times.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include <penstock/record.h>

#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "kafka/reader.h"
#include "tests/kafka/fenced.h"
#include "tests/kafka/groups.h"
#include "tests/kafka/logs.h"

#define LIMIT_MS   30000
#define ROUNDS     6
#define PARTITIONS 1000 /* an answer that takes a while to read */
#define FEWER      200  /* that can be read as well */

/* One turn of the client: it is served, and does its work once more. True
 * when the work of this round is done. */
typedef bool turn_fn(void *client, struct fenced *f);

static void
go_through(struct fenced *f, turn_fn *fn, void *client)
{
	bool done = false;

	WAIT_UNTIL(done, done = fn(client, f), LIMIT_MS);
	cr_assert(done, "it never worked");
	for (int i = 1; i <= ROUNDS; i++) {
		fenced_restart(f);
		WAIT_UNTIL(f->emptied > 0, (void)fn(client, f), LIMIT_MS);
		cr_assert(f->emptied > 0, "round %d: nobody asked", i);
		fenced_heal(f);
		done = false;
		WAIT_UNTIL(done, done = fn(client, f), LIMIT_MS);
		cr_assert(done, "round %d: it is stuck", i);
	}
}

static struct ps_config
settings(struct fenced *f, int partitions)
{
	static struct ps_setting s[3];

	fenced_start(f);
	mock_topic(&f->mock, "t", partitions);
	s[0] = (struct ps_setting){ "bootstrap.servers", f->servers };
	s[1] = (struct ps_setting){ "metadata.max.age.ms", "100" };
	s[2] = (struct ps_setting){ "group.id", "connect-x" };
	return (struct ps_config){ s, 3 };
}

/* ---- producer ---------------------------------------------------------- */

struct producing {
	struct producer *p;
	size_t sent, done;
};

static void
on_report(void *ctx, const struct producer_report *r)
{
	struct producing *x = ctx;

	cr_assert(r->failed == NULL);
	x->done += r->count;
}

static bool
turn_producer(void *client, struct fenced *f)
{
	struct producing *x = client;
	struct producer_record r = { .value = "v",
		.value_len = 1,
		.partition = PS_NO_PARTITION,
		.timestamp = PS_NO_TIMESTAMP };

	if (x->sent == x->done) {
		cr_assert(eq(int,
		    producer_send(x->p, producer_topic(x->p, "t"), &r, NULL),
		    0));
		x->sent++;
	}
	(void)producer_serve(x->p, 50, NULL);
	return !f->is_fenced && x->sent == x->done;
}

Test(brokers, producer_goes_on_after_an_answer_without_any, .timeout = 300)
{
	struct fenced f;
	struct ps_config c = settings(&f, PARTITIONS);
	struct producing x = { 0 };

	x.p = producer_new(&c, on_report, &x, NULL);
	go_through(&f, turn_producer, &x);
	producer_free(&x.p, 1000);
	fenced_stop(&f);
}

/* ---- hub of logs ------------------------------------------------------- */

struct logging {
	struct topiclog_hub *h;
	struct topiclog *l;
	struct seen s;
	int sent, seen;
};

static bool
turn_log(void *client, struct fenced *f)
{
	struct logging *x = client;

	if (x->sent == x->s.writes) {
		put(x->l, &x->s, "k", "v");
		x->seen = x->s.records;
		x->sent++;
	}
	turn(x->h);
	/* What was answered by a connection that broke is written twice. */
	return !f->is_fenced && x->sent == x->s.writes &&
	       x->s.records > x->seen;
}

Test(brokers, log_goes_on_after_an_answer_without_any, .timeout = 300)
{
	struct fenced f;
	struct ps_config c = settings(&f, FEWER);
	struct logging x = { 0 };

	x.h = topiclog_hub_new(&c, TOPICLOG_COMMITTED, NULL);
	cr_assert(x.h != NULL);
	x.l = open_log(x.h, "t", &x.s, TOPICLOG_FROM_START);
	go_through(&f, turn_log, &x);
	topiclog_hub_free(&x.h, 1000);
	fenced_stop(&f);
}

/* ---- consumer ---------------------------------------------------------- */

static bool
turn_consumer(void *client, struct fenced *f)
{
	struct consumer_limits limits = { 50, 1024, 0 };
	struct ps_error err = { PS_OK, "" };
	struct consumer_event e;

	cr_assert(eq(int, consumer_poll(client, &limits, &e, &err), 0), "%s",
	    err.text);
	if (e.what == CONSUMER_ASSIGNED)
		(void)consumer_assign(client, e.positions, e.position_count,
		    NULL);
	if (e.what == CONSUMER_REVOKED || e.what == CONSUMER_LOST)
		(void)consumer_unassign(client, e.positions, e.position_count,
		    NULL);
	consumer_release(client, &e);
	return !f->is_fenced && f->named > 0;
}

Test(brokers, consumer_goes_on_after_an_answer_without_any, .timeout = 300)
{
	const char *topic = "t";
	struct fenced f;
	struct ps_config c = settings(&f, FEWER);
	struct consumer *client = consumer_new(&c, NULL);

	cr_assert(client != NULL);
	cr_assert(eq(int, consumer_subscribe(client, &topic, 1, NULL), 0));
	go_through(&f, turn_consumer, client);
	consumer_free(&client, 1000);
	fenced_stop(&f);
}

/* ---- member of the election -------------------------------------------- */

static bool
turn_member(void *client, struct fenced *f)
{
	struct member *m = client;

	serve_both(m, NULL);
	return !f->is_fenced && m->is_owner && f->named > 0;
}

Test(brokers, member_goes_on_after_an_answer_without_any, .timeout = 300)
{
	struct fenced f;
	struct ps_config c = settings(&f, FEWER);
	struct group_spec spec = { &c, "connect-x", "t", 6000, 200, NULL };
	struct member m = { .g = NULL };

	m.g = group_join(&spec, &group_ops, &m, NULL);
	cr_assert(m.g != NULL);
	go_through(&f, turn_member, &m);
	group_free(&m.g);
	fenced_stop(&f);
}

/* ---- reader ------------------------------------------------------------ */

static bool
turn_reader(void *client, struct fenced *f)
{
	struct consumer_record r;

	(void)reader_next(client, 50, &r, NULL);
	return !f->is_fenced && f->named > 0;
}

Test(brokers, reader_goes_on_after_an_answer_without_any, .timeout = 300)
{
	struct consumer_position from = { "t", 0, CONSUMER_BEGINNING, 0 };
	struct fenced f;
	struct ps_config c = settings(&f, FEWER);
	struct reader *client = reader_new(&c, NULL);

	cr_assert(client != NULL);
	cr_assert(eq(int, reader_start(client, &from, NULL), 0));
	go_through(&f, turn_reader, client);
	reader_free(&client);
	fenced_stop(&f);
}
