/* What becomes of a transaction that the broker refuses. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include <penstock/record.h>

#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "tests/kafka/mock.h"

enum { LIMIT_MS = 20000, ADD_PARTITIONS = 24, END_TXN = 26, OFFSETS = 28 };

static struct mock m;
static struct producer *p;
static struct ps_error err;

static void
on_report(void *ctx, const struct producer_report *r)
{
	(void)ctx;
	(void)r;
}

static void
setup(void)
{
	struct ps_setting s[] = { { "bootstrap.servers", NULL },
		{ "transactional.id", "me" } };
	struct ps_config c = { s, 2 };

	mock_start(&m);
	mock_topic(&m, "t", 1);
	s[0].value = m.servers;
	ps_error_clear(&err);
	p = producer_new(&c, on_report, NULL, &err);
	cr_assert(p != NULL, "%s", err.text);
	cr_assert(eq(int, producer_txn_init(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
	cr_assert(eq(int, producer_txn_state(p), PRODUCER_TXN_READY));
	cr_assert(eq(int, producer_txn_begin(p, &err), 0), "%s", err.text);
}

static void
teardown(void)
{
	producer_free(&p, 2000);
	mock_stop(&m);
}

TestSuite(producer_txn, .init = setup, .fini = teardown, .timeout = 90);

static void
send_one(void)
{
	struct producer_record r = { .key = "k",
		.key_len = 1,
		.value = "v",
		.value_len = 1,
		.partition = PS_NO_PARTITION,
		.timestamp = PS_NO_TIMESTAMP };

	cr_assert(
	    eq(int, producer_send(p, producer_topic(p, "t"), &r, &err), 0));
}

/* The next so many requests of that kind are answered by the error. */
static void
refuse(int api, size_t count, rd_kafka_resp_err_t code)
{
	for (size_t i = 0; i < count; i++)
		rd_kafka_mock_push_request_errors(m.cluster, (int16_t)api, 1,
		    code);
}

Test(producer_txn, another_with_the_same_id_fences)
{
	static const rd_kafka_resp_err_t codes[] = {
		RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
		RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
	};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		if (i > 0) {
			teardown();
			setup();
		}
		send_one();
		refuse(END_TXN, 1, codes[i]);
		cr_expect(eq(int, producer_txn_commit(p, LIMIT_MS, &err), -1));
		cr_expect(eq(int, err.code, PS_E_FATAL));
		cr_expect(eq(int, producer_txn_state(p), PRODUCER_TXN_FENCED),
		    "%s: %s", rd_kafka_err2name(codes[i]), err.text);
		ps_error_clear(&err);
		cr_expect(eq(int, producer_txn_begin(p, &err), -1));
	}
}

Test(producer_txn, a_refused_topic_means_abort_and_the_next_one_works)
{
	send_one();
	refuse(ADD_PARTITIONS, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	cr_expect(eq(int, producer_txn_commit(p, LIMIT_MS, &err), -1));
	cr_expect(eq(int, producer_txn_state(p), PRODUCER_TXN_MUST_ABORT), "%s",
	    err.text);
	ps_error_clear(&err);
	cr_assert(eq(int, producer_txn_abort(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
	cr_expect(eq(sz, producer_in_flight(p), 0));
	cr_assert(eq(int, producer_txn_begin(p, &err), 0), "%s", err.text);
	send_one();
	cr_assert(eq(int, producer_txn_commit(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
	cr_expect(eq(int, producer_txn_state(p), PRODUCER_TXN_READY));
}

Test(producer_txn, a_moment_of_trouble_is_waited_out)
{
	send_one();
	refuse(END_TXN, 2, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
	cr_assert(eq(int, producer_txn_commit(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
}

Test(producer_txn, records_without_a_report_in_time_mean_abort)
{
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	send_one();
	cr_expect(eq(int, producer_txn_commit(p, 300, &err), -1));
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(strstr(err.text, "1 records of the transaction have no "
				   "report after 300 ms") != NULL,
	    "%s", err.text);
	cr_expect(eq(int, producer_txn_state(p), PRODUCER_TXN_MUST_ABORT));
}

Test(producer_txn, an_abort_that_cannot_end_leaves_the_state_unknown)
{
	send_one();
	WAIT_UNTIL(producer_in_flight(p) == 0, producer_serve(p, 100, &err),
	    LIMIT_MS);
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	cr_expect(eq(int, producer_txn_abort(p, 500, &err), -1));
	cr_expect(eq(int, producer_txn_state(p), PRODUCER_TXN_UNKNOWN));
	ps_error_clear(&err);
	cr_expect(eq(int, producer_txn_begin(p, &err), -1));
}

/* ---- With the offsets of a group --------------------------------------------
 */

static int
send_offsets(void)
{
	const struct consumer_position at = { "t", 0, 42, 0 };
	const struct consumer_group group = { "g", "member-1", 7 };

	return producer_txn_offsets(p, &at, 1, &group, &err);
}

Test(producer_txn, offsets_of_a_group_are_part_of_it)
{
	send_one();
	cr_assert(eq(int, send_offsets(), 0), "%s", err.text);
	cr_assert(eq(int, producer_txn_commit(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
}

Test(producer_txn, a_member_of_the_past_has_to_abort)
{
	refuse(OFFSETS, 1, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
	cr_expect(eq(int, send_offsets(), -1));
	cr_expect(eq(int, producer_txn_state(p), PRODUCER_TXN_MUST_ABORT), "%s",
	    err.text);
	ps_error_clear(&err);
	cr_expect(eq(int, producer_txn_abort(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
}
