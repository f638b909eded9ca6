#include "task/commit.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "plugin/partition.h"
#include "tests/kafka/mock.h"
#include "tests/task/played.h"

enum { LIMIT_MS = 30000 };

/* What the source heard through its `committed`. */
struct heard {
	int calls;
	size_t count;
	int64_t last; /* offset of the last position */
};

static struct played w;
static struct ack *a;
static struct partition_set *set;
static struct commit *c;
static struct heard heard;
static struct ps_error err;

static void
on_committed(void *state, const struct ps_position *positions, size_t count)
{
	struct heard *h = (struct heard *)state;

	h->calls++;
	h->count = count;
	h->last = ps_map_find(&positions[count - 1].offset, "at")->i;
}

static void
setup(void)
{
	played_begin(&w);
	a = ack_new();
	set = partition_set_new("orders");
	heard = (struct heard){ 0 };
	ps_error_clear(&err);
	w.task.connector.source.committed = on_committed;
	w.task.connector.state = &heard;
}

static void
teardown(void)
{
	commit_free(&c);
	ack_free(&a);
	partition_set_free(&set);
	memset(&w.task.connector, 0, sizeof w.task.connector);
	played_end(&w);
}

TestSuite(commit, .init = setup, .fini = teardown, .timeout = 100);

static struct ps_source_partition *
part(const char *name)
{
	struct ps_pair pair = { ps_text("p"), ps_text(name) };
	struct ps_value map = ps_map(&pair, 1);

	return partition_find(set, &map);
}

/* A record of the partition at that offset is durable. */
static void
make_safe(const char *partition, int64_t at)
{
	struct flight *f = ack_take(a);
	struct ps_record *r = ps_batch_add(f->batch);
	struct ps_pair *pair =
	    (struct ps_pair *)ps_alloc(f->batch->arena, sizeof *pair);

	pair->key = ps_text("at");
	pair->value = ps_int64(at);
	r->source_partition = part(partition);
	r->source_offset = ps_map(pair, 1);
	ack_begin(a, f);
	ack_sent(f, 1);
	ack_seal(a, f);
	ack_done(a, f, 1);
}

/* ---- The worker stores them ---------------------------------------------- */

static void
begin(void)
{
	cr_assert(eq(int, commit_begin(c, &err), 0), "%s", err.text);
}

static void
answer(int64_t number, const char *error)
{
	struct msg_offsets_stored m = { .ack = number, .error = error };

	w.task.on_stored(w.task.on_stored_ctx, &m);
	cr_assert(eq(int, commit_turn(c, &err), 0), "%s", err.text);
}

/* The number of the next `offsets` message; its items into `text`. */
static int64_t
offsets_message(char *text, size_t room)
{
	struct msg m;
	char *items;
	int64_t number;

	cr_assert(eq(int, played_heard(&w, &m), 1));
	cr_assert(eq(int, m.type, MSG_TYPE_OFFSETS));
	items = json_dumps(m.offsets.items, JSON_COMPACT);
	(void)snprintf(text, room, "%s", items);
	free(items);
	number = m.offsets.ack;
	msg_fini(&m);
	return number;
}

static void
start_with_worker(void)
{
	c = commit_new(&w.task, a, NULL, &err);
	cr_assert(c != NULL);
}

Test(commit, the_source_hears_of_positions_when_the_worker_has_them)
{
	char text[256];
	int64_t number;

	start_with_worker();
	make_safe("x", 7);
	begin();
	number = offsets_message(text, sizeof text);
	cr_expect(eq(str, text,
	    "[[\"[\\\"orders\\\",{\\\"p\\\":\\\"x\\\"}]\","
	    "\"{\\\"at\\\":7}\"]]"));
	cr_expect(commit_is_busy(c));
	cr_expect(eq(int, heard.calls, 0));
	answer(number, NULL);
	cr_expect(not(commit_is_busy(c)));
	cr_expect(eq(int, heard.calls, 1));
	cr_expect(eq(i64, heard.last, 7));
	cr_expect(eq(str, part("x")->stored, "{\"at\":7}"));
}

Test(commit, with_nothing_new_there_is_no_round)
{
	struct msg m;

	start_with_worker();
	begin();
	cr_expect(not(commit_is_busy(c)));
	cr_expect(eq(int, played_heard(&w, &m), 0));
}

Test(commit, what_could_not_be_stored_is_given_again)
{
	char first[256], second[256];

	start_with_worker();
	make_safe("x", 7);
	begin();
	answer(offsets_message(first, sizeof first), "disk full");
	cr_expect(not(commit_is_busy(c)));
	cr_expect(eq(int, heard.calls, 0));
	cr_expect(part("x")->stored == NULL);
	begin();
	answer(offsets_message(second, sizeof second), NULL);
	cr_expect(eq(str, second, first));
	cr_expect(eq(int, heard.calls, 1));
}

Test(commit, what_becomes_safe_meanwhile_waits_for_the_next_round)
{
	char text[256];
	struct msg m;

	start_with_worker();
	make_safe("x", 7);
	begin();
	make_safe("x", 8);
	begin();
	answer(offsets_message(text, sizeof text), NULL);
	cr_expect(eq(i64, heard.last, 7));
	cr_expect(eq(int, played_heard(&w, &m), 0));
	begin();
	answer(offsets_message(text, sizeof text), NULL);
	cr_expect(eq(i64, heard.last, 8));
}

/* 600 keys of a kilobyte do not fit into one message of 256 KB. */
Test(commit, a_large_round_goes_in_parts_and_ends_with_the_last_answer)
{
	static char text[1 << 20];
	char name[1040];
	int64_t numbers[3];

	start_with_worker();
	memset(name, 'n', 1024);
	for (int i = 0; i < 600; i++) {
		(void)snprintf(name + 1024, 16, "%05d", i);
		make_safe(name, i + 1);
	}
	begin();
	for (int i = 0; i < 3; i++)
		numbers[i] = offsets_message(text, sizeof text);
	cr_expect(strstr(text, "00599") != NULL);
	answer(numbers[0], NULL);
	answer(numbers[1], NULL);
	cr_expect(eq(int, heard.calls, 0));
	answer(numbers[2], NULL);
	cr_expect(eq(int, heard.calls, 1));
	cr_expect(eq(sz, heard.count, 600));
}

Test(commit, one_part_that_failed_fails_the_round)
{
	static char text[1 << 20];
	char name[1040];
	int64_t numbers[2];

	start_with_worker();
	memset(name, 'n', 1024);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(name + 1024, 16, "%05d", i);
		make_safe(name, i + 1);
	}
	begin();
	numbers[0] = offsets_message(text, sizeof text);
	numbers[1] = offsets_message(text, sizeof text);
	answer(numbers[0], "no room");
	cr_expect(commit_is_busy(c), "the other part is on its way");
	answer(numbers[1], NULL);
	cr_expect(eq(int, heard.calls, 0));
	cr_expect(ack_has_dirty(a));
}

/* ---- Kafka stores them --------------------------------------------------- */

struct served {
	struct mock m;
	struct producer *p;
};

static void
on_report(void *ctx, const struct producer_report *r)
{
	(void)ctx;
	cr_assert(commit_report(c, r));
}

static void
start_with_kafka(struct served *s, const char *own, const char *of_worker)
{
	static struct ps_setting worker[1], config[1];
	struct ps_setting client[] = { { "bootstrap.servers", NULL } };
	struct ps_config settings = { client, 1 };

	mock_start(&s->m);
	client[0].value = s->m.servers;
	mock_topic(&s->m, "own", 1);
	mock_topic(&s->m, "all", 1);
	worker[0] = (struct ps_setting){ "offset.storage.topic", of_worker };
	config[0] = (struct ps_setting){ "offsets.storage.topic", own };
	w.task.settings.worker = (struct ps_config){ worker, 1 };
	w.task.settings.config = (struct ps_config){ config, 1 };
	s->p = producer_new(&settings, on_report, NULL, &err);
	cr_assert(s->p != NULL, "%s", err.text);
	c = commit_new(&w.task, a, s->p, &err);
}

static void
end_with_kafka(struct served *s)
{
	producer_free(&s->p, 1000);
	mock_stop(&s->m);
}

static void
turn(struct served *s)
{
	cr_assert(producer_serve(s->p, 100, &err) >= 0, "%s", err.text);
	cr_assert(eq(int, commit_turn(c, &err), 0), "%s", err.text);
}

/* How many records the topic holds, "key=value" of the last in `text`. */
static int64_t
last_of(const struct served *s, const char *topic, char *text, size_t room)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *rk;
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new(1);
	int64_t low = 0, high = 0;
	rd_kafka_message_t *m;

	(void)rd_kafka_conf_set(conf, "bootstrap.servers", s->m.servers, NULL,
	    0);
	(void)rd_kafka_conf_set(conf, "group.id", "test", NULL, 0);
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
	cr_assert(rk != NULL);
	(void)rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high,
	    LIMIT_MS);
	if (high > 0) {
		rd_kafka_topic_partition_list_add(l, topic, 0)->offset =
		    high - 1;
		(void)rd_kafka_assign(rk, l);
		m = rd_kafka_consumer_poll(rk, LIMIT_MS);
		cr_assert(m != NULL && m->err == 0);
		(void)snprintf(text, room, "%.*s=%.*s", (int)m->key_len,
		    (char *)m->key, (int)m->len, (char *)m->payload);
		rd_kafka_message_destroy(m);
	}
	rd_kafka_topic_partition_list_destroy(l);
	rd_kafka_destroy(rk);
	return high;
}

#define PRODUCE 0 /* the protocol's number of the request */

#define RECORD "[\"orders\",{\"p\":\"x\"}]={\"at\":7}"

Test(commit, offsets_go_to_the_topics_of_the_connector_and_the_worker)
{
	struct served s;
	char text[128] = "";

	start_with_kafka(&s, "own", "all");
	make_safe("x", 7);
	begin();
	WAIT_UNTIL(!commit_is_busy(c), turn(&s), LIMIT_MS);
	cr_expect(eq(int, heard.calls, 1));
	cr_expect(eq(i64, last_of(&s, "own", text, sizeof text), 1));
	cr_expect(eq(str, text, RECORD));
	cr_expect(eq(i64, last_of(&s, "all", text, sizeof text), 1));
	cr_expect(eq(str, text, RECORD));
	end_with_kafka(&s);
}

Test(commit, a_topic_that_is_both_is_written_once)
{
	struct served s;
	char text[128] = "";

	start_with_kafka(&s, "all", "all");
	make_safe("x", 7);
	begin();
	WAIT_UNTIL(!commit_is_busy(c), turn(&s), LIMIT_MS);
	cr_expect(eq(int, heard.calls, 1));
	cr_expect(eq(i64, last_of(&s, "all", text, sizeof text), 1));
	cr_expect(eq(i64, last_of(&s, "own", text, sizeof text), 0));
	end_with_kafka(&s);
}

Test(commit, what_the_broker_refuses_is_given_again)
{
	struct served s;

	start_with_kafka(&s, NULL, "all");
	rd_kafka_mock_push_request_errors(s.m.cluster, PRODUCE, 1,
	    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	make_safe("x", 7);
	begin();
	WAIT_UNTIL(!commit_is_busy(c), turn(&s), LIMIT_MS);
	cr_assert(not(commit_is_busy(c)));
	cr_expect(eq(int, heard.calls, 0));
	cr_expect(ack_has_dirty(a));
	end_with_kafka(&s);
}

Test(commit, without_a_topic_there_is_nowhere_to_store)
{
	struct served s;

	start_with_kafka(&s, NULL, NULL);
	cr_expect(c == NULL);
	cr_expect(eq(int, err.code, PS_E_CONFIG));
	cr_expect(strstr(err.text, "offset.storage.topic") != NULL);
	end_with_kafka(&s);
}

Test(commit, a_report_of_a_record_is_not_one_of_offsets)
{
	struct producer_report r = { .opaque = &heard, .count = 1 };

	start_with_worker();
	cr_expect(not(commit_report(c, &r)));
}
