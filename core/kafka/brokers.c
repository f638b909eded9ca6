#include "kafka/brokers.h"

#include <unistd.h>

#include "base/log.h"

/* The limit of a question is the pause between two of them too. */
#define LIMIT_FIRST_MS 1000
#define LIMIT_MAX_MS   15000

void
brokers_init(struct brokers *b, rd_kafka_t *rk, rd_kafka_queue_t *queue)
{
	*b = (struct brokers){ .rk = rk, .queue = queue };
	backoff_init(&b->limit, LIMIT_FIRST_MS, LIMIT_MAX_MS,
	    (uint64_t)getpid());
}

/* Of any topic, be it there or not (see admin_probe). */
static void
ask(struct brokers *b)
{
	const char *any[] = { "__consumer_offsets" };
	rd_kafka_TopicCollection_t *topics =
	    rd_kafka_TopicCollection_of_topic_names(any, 1);
	rd_kafka_AdminOptions_t *o =
	    rd_kafka_AdminOptions_new(b->rk, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
	char text[256];

	(void)rd_kafka_AdminOptions_set_request_timeout(o,
	    (int)backoff_next_ms(&b->limit), text, sizeof text);
	rd_kafka_AdminOptions_set_opaque(o, b);
	b->asking = true;
	b->again = false;
	rd_kafka_DescribeTopics(b->rk, topics, o, b->queue);
	rd_kafka_TopicCollection_destroy(topics);
	rd_kafka_AdminOptions_destroy(o);
}

static void
tell(struct brokers *b)
{
	char servers[4096];
	size_t len = sizeof servers;

	if (rd_kafka_conf_get(rd_kafka_conf(b->rk), "bootstrap.servers",
		servers, &len) != RD_KAFKA_CONF_OK)
		return;
	log_debug("kafka", "%s: nobody answers, bootstrap.servers again",
	    rd_kafka_name(b->rk));
	(void)rd_kafka_brokers_add(b->rk, servers);
}

/* The answer may be of a broker that names none, itself included. */
static bool
names_none(const struct brokers *b)
{
	return rd_kafka_controllerid(b->rk, 0) < 0;
}

/* What broke meanwhile may have taken away the broker that answered. */
static void
take_answer(struct brokers *b, rd_kafka_event_t *ev)
{
	bool is_late = rd_kafka_event_error(ev) == RD_KAFKA_RESP_ERR__TIMED_OUT;

	b->asking = false;
	if (is_late)
		tell(b);
	else
		backoff_reset(&b->limit);
	if (is_late || b->again || names_none(b))
		ask(b);
}

/* What says that a connection ended or that none is left. */
static bool
is_about_brokers(rd_kafka_resp_err_t e)
{
	return e == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
	       e == RD_KAFKA_RESP_ERR__TRANSPORT;
}

static void
doubt(struct brokers *b)
{
	b->again = true;
	if (!b->asking)
		ask(b);
}

bool
brokers_take(struct brokers *b, rd_kafka_event_t *ev)
{
	switch (rd_kafka_event_type(ev)) {
	case RD_KAFKA_EVENT_ERROR:
		if (is_about_brokers(rd_kafka_event_error(ev)))
			doubt(b);
		return false;
	case RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT:
		if (rd_kafka_event_opaque(ev) == b) {
			take_answer(b, ev);
			return true;
		}
		/* The client's own question: it is not always told that all
		 * brokers are gone. */
		if (rd_kafka_event_error(ev) == RD_KAFKA_RESP_ERR__TIMED_OUT)
			doubt(b);
		return false;
	default:
		return false;
	}
}
