#include "kafka/kerror.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(kerror, each_code_says_what_can_be_done_about_it)
{
	static const struct {
		rd_kafka_resp_err_t code;
		enum ps_code class;
	} cases[] = {
		{ RD_KAFKA_RESP_ERR_NO_ERROR, PS_OK },
		/* the record */
		{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, PS_E_DATA },
		{ RD_KAFKA_RESP_ERR_INVALID_RECORD, PS_E_DATA },
		{ RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD, PS_E_DATA },
		{ RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, PS_E_DATA },
		/* the settings */
		{ RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, PS_E_CONFIG },
		{ RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, PS_E_CONFIG },
		{ RD_KAFKA_RESP_ERR__INVALID_ARG, PS_E_CONFIG },
		/* this client */
		{ RD_KAFKA_RESP_ERR__FATAL, PS_E_FATAL },
		{ RD_KAFKA_RESP_ERR_PRODUCER_FENCED, PS_E_FATAL },
		{ RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, PS_E_FATAL },
		/* time or people may mend these */
		{ RD_KAFKA_RESP_ERR__TRANSPORT, PS_E_RETRY },
		{ RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, PS_E_RETRY },
		{ RD_KAFKA_RESP_ERR__TIMED_OUT, PS_E_RETRY },
		{ RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, PS_E_RETRY },
		{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, PS_E_RETRY },
		{ RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, PS_E_RETRY },
		{ RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, PS_E_RETRY },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect(eq(int, kerror_class(cases[i].code), cases[i].class),
		    "%s", rd_kafka_err2name(cases[i].code));
}

Test(kerror, the_text_says_what_failed_why_and_the_name_to_look_up)
{
	struct ps_error err = { 0 };

	cr_assert(eq(int,
	    kerror_fail(&err, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
		"record %d of %s", 7, "t"),
	    -1));
	cr_expect(eq(int, err.code, PS_E_DATA));
	cr_expect(eq(str, err.text,
	    "record 7 of t: Broker: Message size too large "
	    "(MSG_SIZE_TOO_LARGE)"));
}

Test(kerror, the_first_failure_stays)
{
	struct ps_error err = { 0 };

	(void)kerror_fail(&err, RD_KAFKA_RESP_ERR__TRANSPORT, "first");
	(void)kerror_fail(&err, RD_KAFKA_RESP_ERR__FATAL, "second");
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(eq(int, memcmp(err.text, "first: ", 7), 0));
}

/* librdkafka gives error objects from calls of transactions: this one from
 * a client without any. */
Test(kerror, an_error_object_is_taken)
{
	rd_kafka_t *rk =
	    rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), NULL, 0);
	struct ps_error err = { 0 };

	cr_assert(rk != NULL);
	cr_assert(eq(int,
	    kerror_take(&err, rd_kafka_begin_transaction(rk), "begin of %s",
		"x"),
	    -1));
	rd_kafka_destroy(rk);
	cr_expect(ne(int, err.code, PS_OK));
	cr_expect(eq(int, memcmp(err.text, "begin of x: ", 12), 0), "%s",
	    err.text);
	cr_expect(strstr(err.text, "transactional.id") != NULL, "%s", err.text);
}
