#include "task/own_answers.h"

#include <string.h>

#include <penstock/record.h>

#include "base/js.h"
#include "kafka/conf.h"
#include "kafka/producer.h"
#include "plugin/partition.h"
#include "task/own_offsets.h"

enum { CLOSE_MS = 2000, ABORT_MS = 1000 };

/* ---- Reading ---- */

struct reading {
	struct task *task;
	json_t *last; /* key: value */
};

/* Of a partition under two keys the later one holds: it goes to the end. */
static void
take(void *ctx, const char *key, const char *value)
{
	struct reading *r = (struct reading *)ctx;
	struct ps_source_partition *p;

	if (!partition_is_key(host_partitions(r->task->host), key, strlen(key),
		&p))
		return;
	(void)json_object_del(r->last, key);
	(void)json_object_set_new(r->last, key, js_str(value));
}

static size_t
bytes_of(const json_t *pair)
{
	return json_string_length(json_array_get(pair, 0)) +
	       json_string_length(json_array_get(pair, 1));
}

static int
add_pairs(json_t *pairs, const json_t *last, struct ps_error *err)
{
	const char *key;
	json_t *value;

	JS_EACH(last, key, value)
	{
		json_t *pair = json_pack("[s, O]", key, value);

		(void)json_array_append_new(pairs, pair);
		if (bytes_of(pair) > MSG_PAIR_BYTES)
			return ps_fail(err, PS_E_DATA,
			    "the offset of %.200s has more than %zu bytes", key,
			    MSG_PAIR_BYTES);
	}
	return 0;
}

static int
read_topic(struct own_answers *o, struct task *t, int64_t limit_ms,
    struct ps_error *err)
{
	const char *topic = settings_offsets_topic(&t->settings);
	struct reading r = { .task = t, .last = json_object() };
	int result = own_offsets_each(t, topic, limit_ms, take, &r, err);

	json_decref(o->pairs);
	o->pairs = json_array();
	if (result == 0 && add_pairs(o->pairs, r.last, err) != 0)
		result = ps_fail_in(err, "%s", topic);
	json_decref(r.last);
	return result;
}

json_t *
own_answers_read(struct own_answers *o, struct task *t, const json_t *args,
    struct ps_error *err)
{
	size_t at = (size_t)js_opt_int(args, "from", 0), bytes = 0;
	int64_t limit_ms;
	json_t *items;

	if (js_get_int(args, "limit_ms", &limit_ms, err) != 0 ||
	    (at == 0 && read_topic(o, t, limit_ms, err) != 0))
		return NULL;
	items = json_array();
	for (; at < json_array_size(o->pairs) && bytes < MSG_ITEMS_BYTES;
	     at++) {
		json_t *pair = json_array_get(o->pairs, at);

		bytes += bytes_of(pair);
		(void)json_array_append(items, pair);
	}
	return json_pack("{s:o, s:b}", "items", items, "last",
	    at >= json_array_size(o->pairs));
}

/* ---- Writing ---- */

static void
on_report(void *ctx, const struct producer_report *r)
{
	(void)sending_report(&((struct own_answers *)ctx)->sending, r);
}

/* What is open is aborted: it would keep readers from what comes behind. */
static void
drop_producer(struct own_answers *o)
{
	if (o->producer != NULL && producer_txn_is_open(o->producer))
		(void)producer_txn_abort(o->producer, ABORT_MS, NULL);
	producer_free(&o->producer, CLOSE_MS);
}

/* One write: a part of what is changed. */
struct part {
	struct own_answers *answers;
	struct task *task;
	const json_t *items;
	bool is_last;
	struct clock_ms began;
	int64_t limit_ms;
};

static int
read_part(struct part *p, const json_t *args, struct ps_error *err)
{
	p->items = json_object_get(args, "items");
	p->is_last = json_is_true(json_object_get(args, "last"));
	p->began = clock_now();
	return js_get_int(args, "limit_ms", &p->limit_ms, err);
}

static int
left_ms(const struct part *p)
{
	int64_t left = p->limit_ms - clock_since(p->began, clock_now());

	return left < 1 ? 1 : (int)left;
}

/* With the first task's id, when it is exactly once, as Connect does it: who
 * starts that task takes over what this leaves open. */
static int
open_producer(const struct part *p, struct ps_error *err)
{
	struct own_answers *o = p->answers;
	struct settings *s = &p->task->settings;
	const struct conf_owner owner = { &s->worker, &s->config, s->connector,
		0 };
	bool is_once = settings_is_exactly_once(s);
	struct ps_config client;

	if (o->producer != NULL)
		return 0;
	client = conf_settings(s->arena,
	    is_once ? CONF_SOURCE_EOS : CONF_SOURCE, &owner);
	o->producer = producer_new(&client, on_report, o, err);
	if (o->producer == NULL)
		return -1;
	return is_once ? producer_txn_init(o->producer, left_ms(p), err) : 0;
}

static int
begin(const struct part *p, struct ps_error *err)
{
	if (open_producer(p, err) != 0)
		return -1;
	if (producer_txn_state(p->answers->producer) == PRODUCER_TXN_READY)
		return producer_txn_begin(p->answers->producer, err);
	return 0;
}

static int
end(const struct part *p, struct ps_error *err)
{
	struct producer *producer = p->answers->producer;

	if (!p->is_last || producer_txn_state(producer) == PRODUCER_TXN_NONE)
		return 0;
	return producer_txn_commit_within(producer, left_ms(p), err);
}

static int
send_one(struct own_answers *o, const json_t *pair, struct ps_error *err)
{
	const json_t *key = json_array_get(pair, 0),
		     *value = json_array_get(pair, 1);
	const struct producer_record r = { .key = json_string_value(key),
		.key_len = json_string_length(key),
		.value = json_string_value(value),
		.value_len = json_string_length(value),
		.partition = PS_NO_PARTITION,
		.timestamp = PS_NO_TIMESTAMP };

	if (!json_is_string(key))
		return ps_fail(err, PS_E_DATA, "an offset without a key");
	return sending_put(&o->sending, &r, err);
}

static int
send_all(const struct part *p, const char *topic, struct ps_error *err)
{
	struct own_answers *o = p->answers;
	const json_t *pair;
	size_t i;

	sending_begin(&o->sending, p->task, o->producer, topic, left_ms(p));
	json_array_foreach(p->items, i,
	    pair) if (send_one(o, pair, err) != 0) return -1;
	return sending_end(&o->sending, err);
}

json_t *
own_answers_write(struct own_answers *o, struct task *t, const json_t *args,
    struct ps_error *err)
{
	const char *topic = settings_offsets_topic(&t->settings);
	struct part p = { .answers = o, .task = t };

	if (read_part(&p, args, err) != 0)
		return NULL;
	if (begin(&p, err) != 0 || send_all(&p, topic, err) != 0 ||
	    end(&p, err) != 0) {
		drop_producer(o);
		(void)ps_fail_in(err, "%s", topic);
		return NULL;
	}
	return json_pack("{s:I}", "written",
	    (json_int_t)json_array_size(p.items));
}

/* ---- The end ---- */

void
own_answers_fini(struct own_answers *o)
{
	json_decref(o->pairs);
	o->pairs = NULL;
	drop_producer(o);
}
