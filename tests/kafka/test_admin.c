#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <librdkafka/rdkafka.h>

#include "kafka/admin.h"
#include "tests/kafka/mock.h"

#define OFFSET_FETCH 9

struct got {
	int answers, code;
	int late, cut; /* how many of them: by the limit, by the connection */
};

static void
on_answer(void *ctx, const struct admin_answer *a)
{
	struct got *g = ctx;

	g->answers++;
	g->code = a->code;
	g->late += a->code == RD_KAFKA_RESP_ERR__TIMED_OUT;
	g->cut += a->code == RD_KAFKA_RESP_ERR__TRANSPORT;
}

Test(admin, silence_is_answered_within_the_limit, .timeout = 30)
{
	struct ps_setting s[] = { { "bootstrap.servers", "127.0.0.1:1" } };
	struct ps_config c = { s, 1 };
	struct ps_error err = { PS_OK, "" };
	struct admin *ad = admin_new(&c, &err);
	struct got g = { 0 };

	cr_assert(ad != NULL, "%s", err.text);
	admin_probe(ad, (struct admin_call){ on_answer, &g, 1000 });
	for (int i = 0; i < 100 && g.answers == 0; i++)
		(void)admin_serve(ad, 100);
	cr_expect(eq(int, g.answers, 1));
	cr_expect(eq(int, g.code, RD_KAFKA_RESP_ERR__TIMED_OUT));
	admin_free(&ad, 100);
}

Test(admin, what_waits_is_answered_when_it_ends, .timeout = 30)
{
	struct ps_setting s[] = { { "bootstrap.servers", "127.0.0.1:1" } };
	struct ps_config c = { s, 1 };
	struct admin *ad = admin_new(&c, NULL);
	struct got g = { 0 };

	admin_probe(ad, (struct admin_call){ on_answer, &g, 9000 });
	cr_expect(eq(sz, admin_waiting(ad), 1));
	admin_free(&ad, 100);
	cr_expect(eq(int, g.answers, 1));
	cr_expect(ne(int, g.code, 0));
}

/* librdkafka looks for the coordinator anew as a member would, which an admin
 * client is not: it would crash. */
Test(admin, coordinator_that_moved_is_found_again, .timeout = 30)
{
	static const rd_kafka_resp_err_t errors[] = {
		RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
		RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
		RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
	};
	struct mock m;
	struct ps_setting s[1];
	struct ps_config c = { s, 1 };
	struct admin *ad;
	struct got g;

	mock_start(&m);
	s[0] = (struct ps_setting){ "bootstrap.servers", m.servers };
	ad = admin_new(&c, NULL);
	cr_assert(ad != NULL);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		g = (struct got){ 0 };
		rd_kafka_mock_push_request_errors(m.cluster, OFFSET_FETCH, 1,
		    errors[i]);
		admin_group_offsets(ad, "connect-x",
		    (struct admin_call){ on_answer, &g, 10000 });
		for (int k = 0; k < 200 && g.answers == 0; k++)
			(void)admin_serve(ad, 100);
		cr_expect(eq(int, g.answers, 1));
	}
	admin_free(&ad, 100);
	mock_stop(&m);
}

/* A question to a coordinator that was away for longer than the limit: once
 * its broker is back librdkafka comes to it again, and must not touch it. */
Test(admin, what_was_given_up_is_forgotten_when_the_broker_is_back,
    .timeout = 60)
{
	struct mock m;
	struct ps_setting s[1];
	struct ps_config c = { s, 1 };
	struct admin *ad;
	struct got g = { 0 };
	int proofs = 0;

	mock_start(&m);
	s[0] = (struct ps_setting){ "bootstrap.servers", m.servers };
	ad = admin_new(&c, NULL);
	cr_assert(ad != NULL);
	/* Those on their way fail with the connection: with all of them, an
	 * outage gives nothing up and proves nothing. */
	for (int i = 0; i < 12 && proofs < 3; i++) {
		rd_kafka_mock_broker_set_down(m.cluster, 1);
		for (int k = 0; k < 8; k++)
			admin_group_offsets(ad, "connect-x",
			    (struct admin_call){ on_answer, &g, 1000 });
		for (int k = 0; k < 100 && g.answers < 8; k++)
			(void)admin_serve(ad, 100);
		cr_assert(eq(int, g.answers, 8));
		cr_expect(eq(int, g.late + g.cut, 8));
		proofs += g.late > 0;
		rd_kafka_mock_broker_set_up(m.cluster, 1);
		g = (struct got){ 0 };
		admin_group_offsets(ad, "connect-x",
		    (struct admin_call){ on_answer, &g, 10000 });
		for (int k = 0; k < 200 && g.answers == 0; k++)
			(void)admin_serve(ad, 100);
		cr_expect(eq(int, g.answers, 1));
		cr_expect(eq(int, g.code, 0));
		g = (struct got){ 0 };
	}
	cr_expect(eq(int, proofs, 3));
	admin_free(&ad, 100);
	mock_stop(&m);
}
