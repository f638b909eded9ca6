#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/consumer.h"
#include "tests/live/live.h"

#define LIMIT_MS 20000

/* A topic with four records in its partition, and a group of that name. */
struct fixture {
	struct live live;
	char topic[64];
};

static rd_kafka_t *
client(const struct fixture *f, rd_kafka_type_t type)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256];

	rd_kafka_conf_set(conf, "bootstrap.servers", f->live.servers, text,
	    sizeof text);
	if (type == RD_KAFKA_CONSUMER)
		rd_kafka_conf_set(conf, "group.id", f->topic, text,
		    sizeof text);
	return rd_kafka_new(type, conf, text, sizeof text);
}

static void
start(struct fixture *f)
{
	rd_kafka_t *rk;

	live_start(&f->live);
	(void)live_topic(&f->live, f->topic, sizeof f->topic, 1);
	rk = client(f, RD_KAFKA_PRODUCER);
	for (int i = 0; i < 4; i++)
		cr_assert(eq(int,
		    rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(f->topic),
			RD_KAFKA_V_KEY("k", 1), RD_KAFKA_V_VALUE("v", 1),
			RD_KAFKA_V_END),
		    0));
	cr_assert(eq(int, rd_kafka_flush(rk, LIMIT_MS), 0));
	rd_kafka_destroy(rk);
}

static rd_kafka_topic_partition_list_t *
partition_of(const struct fixture *f)
{
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(l, f->topic, 0)->offset = 2;
	return l;
}

/* As another consumer of the group would have committed it. */
static void
commit_with(const struct fixture *f, const char *metadata)
{
	rd_kafka_topic_partition_list_t *l = partition_of(f);
	rd_kafka_t *rk = client(f, RD_KAFKA_CONSUMER);

	l->elems->metadata = strdup(metadata);
	l->elems->metadata_size = strlen(metadata);
	cr_assert(eq(int, rd_kafka_commit(rk, l, 0), 0));
	rd_kafka_topic_partition_list_destroy(l);
	rd_kafka_destroy(rk);
}

static struct consumer *
join(const struct fixture *f)
{
	struct ps_setting s[] = { { "bootstrap.servers", f->live.servers },
		{ "group.id", f->topic } };
	struct ps_config c = { s, 2 };
	const char *topic = f->topic;
	struct ps_error err = { PS_OK, "" };
	struct consumer *con = consumer_new(&c, &err);

	cr_assert(con != NULL, "%s", err.text);
	cr_assert(eq(int, consumer_subscribe(con, &topic, 1, &err), 0));
	return con;
}

/* The first event that says where it starts, or that it cannot. */
static struct consumer_event
beginning(struct consumer *c)
{
	struct consumer_limits limits = { LIMIT_MS, 0, 0 };
	struct ps_error err = { PS_OK, "" };
	struct consumer_event e = { .what = CONSUMER_NOTHING };

	while (e.what != CONSUMER_ASSIGNED && e.what != CONSUMER_GAP)
		cr_assert(eq(int, consumer_poll(c, &limits, &e, &err), 0), "%s",
		    err.text);
	return e;
}

Test(consumer_ids, offset_of_a_topic_that_was_there_before_is_a_gap,
    .timeout = 60)
{
	struct fixture f;
	struct consumer *c;
	struct consumer_event e;

	start(&f);
	commit_with(&f, "topic.id=XmzfVrtPTnOvd2zGQvX0mA");
	c = join(&f);
	e = beginning(c);
	cr_assert(eq(int, e.what, CONSUMER_GAP));
	cr_expect(eq(i64, e.positions->offset, 2));
	cr_expect(eq(int, e.error.code, PS_E_GAP));
	cr_expect(strstr(e.error.text, "was deleted and created again") != NULL,
	    "%s", e.error.text);
	consumer_free(&c, 5000);
	live_stop(&f.live);
}

Test(consumer_ids, what_others_write_beside_an_offset_is_theirs, .timeout = 60)
{
	struct fixture f;
	struct consumer *c;
	struct consumer_event e;

	start(&f);
	commit_with(&f, "by hand");
	c = join(&f);
	e = beginning(c);
	cr_assert(eq(int, e.what, CONSUMER_ASSIGNED));
	cr_expect(eq(i64, e.positions->offset, 2));
	consumer_free(&c, 5000);
	live_stop(&f.live);
}

Test(consumer_ids, a_commit_says_of_which_topic_it_is, .timeout = 60)
{
	struct fixture f;
	struct consumer *c;
	struct consumer_event e;
	struct consumer_position p = { NULL, 0, 3, 0 };
	rd_kafka_topic_partition_list_t *l;
	rd_kafka_t *rk;
	char mark[64], found[64];

	start(&f);
	c = join(&f);
	e = beginning(c);
	p.topic = e.positions->topic;
	cr_assert(consumer_topic_id(c, f.topic) != NULL);
	cr_expect(consumer_topic_id(c, "other") == NULL);
	(void)snprintf(mark, sizeof mark, "topic.id=%s",
	    consumer_topic_id(c, f.topic));
	cr_assert(eq(int, consumer_assign(c, e.positions, 1, NULL), 0));
	cr_assert(eq(int, consumer_commit_sync(c, &p, 1, LIMIT_MS, NULL), 0));
	consumer_free(&c, 5000);
	rk = client(&f, RD_KAFKA_CONSUMER);
	l = partition_of(&f);
	cr_assert(eq(int, rd_kafka_committed(rk, l, LIMIT_MS), 0));
	(void)snprintf(found, sizeof found, "%.*s",
	    (int)l->elems->metadata_size, (char *)l->elems->metadata);
	cr_expect(eq(str, found, mark));
	cr_expect(eq(i64, l->elems->offset, 3));
	rd_kafka_topic_partition_list_destroy(l);
	rd_kafka_destroy(rk);
	/* It is that topic still. */
	c = join(&f);
	cr_expect(eq(int, beginning(c).what, CONSUMER_ASSIGNED));
	consumer_free(&c, 5000);
	live_stop(&f.live);
}
