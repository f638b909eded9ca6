#include "task/own_answers.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "tests/kafka/mock.h"
#include "tests/task/played.h"

enum { LIMIT_MS = 2000, SPARE_MS = 5000, END_TXN = 26, MANY = 1000 };

static struct played w;
static struct mock m;
static struct own_answers o;
static struct ps_error err;

static void
setup(void)
{
	struct ps_setting worker[] = { { "bootstrap.servers", NULL },
		{ "exactly.once.source.support", "enabled" },
		{ "offset.storage.topic", "offsets" }, { NULL, NULL } };
	static const struct ps_setting connector[] = {
		{ "connector.class", "NumbersSource" }, { "topic", "t" },
		{ "offsets.storage.topic", "own" }, { NULL, NULL }
	};

	mock_start(&m);
	mock_topic(&m, "own", 1);
	worker[0].value = m.servers;
	played_begin(&w);
	cr_assert(eq(int, played_configure(&w, worker, connector, &err), 0),
	    "%s", err.text);
}

static void
teardown(void)
{
	own_answers_fini(&o);
	played_end(&w);
	mock_stop(&m);
}

TestSuite(own_answers, .init = setup, .fini = teardown, .timeout = 60);

static json_t *
write_one(void)
{
	json_t *args = json_pack("{s:[[s, s]], s:b, s:i}", "items", "key", "{}",
		   "last", true, "limit_ms", LIMIT_MS),
	       *answer = own_answers_write(&o, &w.task, args, &err);

	json_decref(args);
	return answer;
}

Test(own_answers, what_is_written_is_committed)
{
	json_t *answer = write_one();

	cr_assert(answer != NULL, "%s", err.text);
	cr_expect(json_integer_value(json_object_get(answer, "written")) == 1);
	cr_expect(not(producer_txn_is_open(o.producer)));
	json_decref(answer);
}

Test(own_answers, a_commit_takes_no_longer_than_the_asker_waits)
{
	struct clock_ms start = clock_now();

	for (int i = 0; i < MANY; i++)
		rd_kafka_mock_push_request_errors(m.cluster, END_TXN, 1,
		    RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
	cr_expect(write_one() == NULL);
	cr_expect(
	    lt(i64, clock_since(start, clock_now()), LIMIT_MS + SPARE_MS));
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(strstr(err.text, "own: commit of a transaction") != NULL,
	    "%s", err.text);
	cr_expect(o.producer == NULL, "the next one begins anew");
}
