/* The first batches of a partition that was just made: its broker may refuse
 * one and take the next, whatever its sequence, as it knows nothing of the
 * producer yet. The first is not there then. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include <penstock/record.h>

#include "kafka/producer.h"
#include "tests/kafka/mock.h"

enum { PRODUCE = 0, BATCHES = 5, LIMIT_MS = 20000 };

static size_t done, failed;

static void
on_report(void *ctx, const struct producer_report *r)
{
	(void)ctx;
	*(r->failed == NULL ? &done : &failed) += r->count;
}

static int64_t
records_there(const struct mock *m)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	int64_t low = -1, high = -1;
	char text[256];
	rd_kafka_t *rk;

	cr_assert(eq(int,
	    rd_kafka_conf_set(conf, "bootstrap.servers", m->servers, text,
		sizeof text),
	    RD_KAFKA_CONF_OK));
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	cr_assert(rk != NULL, "%s", text);
	cr_assert(eq(int,
	    rd_kafka_query_watermark_offsets(rk, "t", 0, &low, &high, LIMIT_MS),
	    RD_KAFKA_RESP_ERR_NO_ERROR));
	rd_kafka_destroy(rk);
	return high - low;
}

/* A batch for each record. */
static void
send_all(struct producer *p)
{
	static char big[4000];
	struct producer_record r = { .value = memset(big, 'x', sizeof big),
		.value_len = sizeof big,
		.partition = PS_NO_PARTITION,
		.timestamp = PS_NO_TIMESTAMP };
	struct ps_error err = { PS_OK, "" };

	for (int i = 0; i < BATCHES; i++)
		cr_assert(eq(int,
		    producer_send(p, producer_topic(p, "t"), &r, &err), 0));
	WAIT_UNTIL(done + failed == BATCHES, producer_serve(p, 100, &err),
	    LIMIT_MS);
}

Test(first_batches, one_that_is_refused_is_not_taken_for_written, .timeout = 60)
{
	static const rd_kafka_resp_err_t codes[] = {
		RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
		RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
		RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
		RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
	};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct ps_error err = { PS_OK, "" };
		struct mock m;
		struct ps_setting s[] = { { "bootstrap.servers", NULL },
			{ "batch.size", "1000" } };
		struct ps_config c = { s, 2 };
		struct producer *p;

		done = failed = 0;
		mock_start(&m);
		mock_topic(&m, "t", 1);
		rd_kafka_mock_push_request_errors(m.cluster, PRODUCE, 1,
		    codes[i]);
		s[0].value = m.servers;
		p = producer_new(&c, on_report, NULL, &err);
		cr_assert(p != NULL, "%s", err.text);
		send_all(p);
		cr_expect(eq(sz, done, BATCHES), "%s",
		    rd_kafka_err2name(codes[i]));
		cr_expect(eq(i64, records_there(&m), (int64_t)done), "%s",
		    rd_kafka_err2name(codes[i]));
		producer_free(&p, 1000);
		mock_stop(&m);
	}
}
