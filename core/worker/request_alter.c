#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "kafka/admin.h"
#include "worker/request.h"

#define LIMIT_MS 60000

static const char *
verb(const struct request *rq)
{
	return rq->spec.op == REQUEST_ALTER_OFFSETS ? "altered" : "reset";
}

/* ---- the end ----------------------------------------------------------- */

static void
answer_changed(struct request *rq)
{
	static const char more[] =
	    " However, if this connector manages offsets externally, they will "
	    "need to be manually %s in the system that the connector uses.";
	char tail[sizeof more + 16] = "";
	char text[512];
	json_t *body;

	if (rq->changed != NULL) {
		rq->changed(rq);
		return;
	}
	if (!rq->handled)
		(void)snprintf(tail, sizeof tail, more, verb(rq));
	(void)snprintf(text, sizeof text,
	    "The %soffsets for this connector have been %s successfully%s%s",
	    rq->handled ? "" : "Connect framework-managed ", verb(rq),
	    rq->handled ? "" : ".", tail);
	body = json_pack("{s:s}", "message", text);
	request_answer(rq,
	    &(struct answer){ .kind = ANSWER_DONE, .json = body });
	json_decref(body);
}

static void
go_on(struct request *rq, const struct ps_error *err, request_step *then)
{
	if (err == NULL)
		then(rq);
	else
		request_refuse(rq, ANSWER_FAILED,
		    "Failed to modify offsets for connector %s: %s",
		    rq->spec.connector, err->text);
}

static void
on_stored(void *ctx, const struct ps_error *err)
{
	go_on(ctx, err, answer_changed);
}

/* ---- sources ----------------------------------------------------------- */

static void
add_reset(void *ctx, const struct offsets_entry *e)
{
	struct ps_error err = { 0 };
	json_t *partition =
	    js_parse(e->partition, strlen(e->partition), "partition", &err);

	if (partition != NULL)
		(void)json_array_append_new(ctx,
		    json_pack("{s:o, s:n}", "partition", partition, "offset"));
}

static int
put_one(struct request *rq, const struct offsets *in, const json_t *item,
    struct store_pair *out, struct ps_error *err)
{
	const json_t *partition = json_object_get(item, "partition");
	const json_t *offset = json_object_get(item, "offset");
	struct offsets_entry e = { .connector = rq->spec.connector };

	if (!json_is_object(partition))
		return ps_fail(err, PS_E_CONFIG,
		    "The partition of a source connector's offset must be a "
		    "JSON object");
	if (offset != NULL && !json_is_object(offset) && !json_is_null(offset))
		return ps_fail(err, PS_E_CONFIG,
		    "The offset of a source connector must be a JSON object "
		    "or null");
	e.partition = js_dump(rq->a, partition);
	if (json_is_object(offset))
		e.offset = js_dump(rq->a, offset);
	return offsets_put(in, rq->a, &e, out, err);
}

/* Which of what is to be. */
enum { RESETS = 1, VALUES = 2 };

static int
records_of(struct request *rq, const struct offsets *in, unsigned parts,
    struct store_pairs *out)
{
	size_t all = json_array_size(rq->offsets), count = 0, i;
	struct store_pair *records = ps_calloc(rq->a, all + 1, sizeof *records);
	struct ps_error err = { 0 };
	const json_t *item;

	json_array_foreach(rq->offsets, i, item)
	{
		if (put_one(rq, in, item, &records[count], &err) != 0) {
			request_refuse(rq, ANSWER_INVALID, "%s", err.text);
			return -1;
		}
		if ((parts &
			(records[count].value == NULL ? RESETS : VALUES)) != 0)
			count++;
	}
	*out = (struct store_pairs){ records, count };
	return 0;
}

/* Into the worker's topic. */
static void
append(struct request *rq, unsigned parts, journal_done_fn *fn)
{
	struct journal *j = worker_journal(rq->w);
	struct store_pairs records;

	if (records_of(rq, journal_offsets(j), parts, &records) != 0)
		return;
	if (records.count == 0)
		fn(rq, NULL);
	else
		journal_append(j, JOURNAL_OFFSET, &records, fn, rq);
}

static void
on_own_written(void *ctx, const struct ps_error *err)
{
	if (err != NULL)
		on_stored(ctx, err);
	else
		append(ctx, VALUES, on_stored);
}

static void
on_gone(void *ctx, const struct ps_error *err)
{
	struct request *rq = ctx;
	struct store_pairs records;

	if (err != NULL)
		on_stored(rq, err);
	else if (records_of(rq, request_own(rq), RESETS | VALUES, &records) ==
		 0)
		request_write_own(rq, &records, on_own_written);
}

static void
on_written(void *ctx, const struct ps_error *err)
{
	struct request *rq = ctx;

	if (err != NULL)
		on_stored(rq, err);
	else
		journal_read_to_end(worker_journal(rq->w), JOURNAL_OFFSET,
		    on_stored, rq);
}

/* Into the worker's topic, as its tasks do it. */
static void
write_all(struct request *rq)
{
	struct store_pairs records;

	if (records_of(rq, journal_offsets(worker_journal(rq->w)),
		RESETS | VALUES, &records) != 0)
		return;
	if (records.count == 0)
		on_stored(rq, NULL);
	else
		request_write_own(rq, &records, on_written);
}

/* As Connect orders it. A reset comes into the worker's topic first: Connect
 * takes from there what the connector's own no longer holds. A value comes
 * into the own topic first, the one that wins. */
static void
change_source(struct request *rq)
{
	if (request_own(rq) != NULL)
		append(rq, RESETS, on_gone);
	else if (request_writes_own(rq))
		write_all(rq);
	else
		append(rq, RESETS | VALUES, on_stored);
}

/* ---- sinks ------------------------------------------------------------- */

static const char zombies[] =
    "Failed to %s consumer group offsets for connector %s either because its "
    "tasks haven't stopped completely yet or the connector was resumed before "
    "the request to %s its offsets could be successfully completed. If the "
    "connector is in a stopped state, this operation can be safely retried. "
    "If it doesn't eventually succeed, the Connect cluster may need to be "
    "restarted to get rid of the zombie sink tasks.";

static bool
is_fine(const struct admin_answer *answer)
{
	/* A group or partition without offsets is as reset as can be. */
	static const int gone[] = { RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND,
		RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART };
	bool fine = answer->error.code == PS_OK;

	for (size_t i = 0; i < answer->count && fine; i++)
		fine = answer->items[i].error.code == PS_OK ||
		       answer->items[i].code == gone[0] ||
		       answer->items[i].code == gone[1];
	return fine;
}

static void
on_group_changed(void *ctx, const struct admin_answer *answer)
{
	struct request *rq = ctx;
	const char *what =
	    rq->spec.op == REQUEST_ALTER_OFFSETS ? "alter" : "reset";

	for (size_t i = 0; i < answer->count; i++)
		rq->absent |= answer->items[i].code ==
			      RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND;
	if (is_fine(answer))
		answer_changed(rq);
	else
		request_refuse(rq, ANSWER_FAILED, zombies, what,
		    rq->spec.connector, what);
}

/* A number, or text that is one; -1: refused. */
static int
number_of(struct request *rq, const json_t *value, const char *what,
    int64_t *out)
{
	const char *text = json_string_value(value);

	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*out = json_integer_value(value);
		return 0;
	}
	if (text != NULL && text_int64(text, 0, INT64_MAX, out) == 0)
		return 0;
	request_refuse(rq, ANSWER_INVALID,
	    "Failed to parse the following Kafka %s value in the provided "
	    "offsets: '%s'. %c%s values for sink connectors need to be "
	    "integers.",
	    what, text == NULL ? js_dump(rq->a, value) : text,
	    what[0] - 'a' + 'A', what + 1);
	return -1;
}

static const char *
wrong_shape(const json_t *partition, const json_t *offset)
{
	const json_t *topic = json_object_get(partition, "kafka_topic");
	const json_t *number = json_object_get(partition, "kafka_partition");

	if (!json_is_object(partition))
		return "The partition for a sink connector offset cannot be "
		       "null or missing";
	if (topic == NULL || number == NULL)
		return "The partition for a sink connector offset must "
		       "contain the keys 'kafka_topic' and 'kafka_partition'";
	if (!json_is_string(topic))
		return "Kafka topic names must be valid strings and may not be "
		       "null";
	if (json_is_null(number))
		return "Kafka partitions must be valid numbers and may not be "
		       "null";
	if (offset != NULL && !json_is_null(offset) &&
	    json_object_get(offset, "kafka_offset") == NULL)
		return "The offset for a sink connector should either be null "
		       "or contain the key 'kafka_offset'";
	return NULL;
}

static int
take_position(struct request *rq, const json_t *item,
    struct consumer_position *out)
{
	const json_t *partition = json_object_get(item, "partition");
	const json_t *offset = json_object_get(item, "offset");
	const char *wrong = wrong_shape(partition, offset);
	int64_t number = 0, to = -1;

	if (wrong != NULL) {
		request_refuse(rq, ANSWER_INVALID, "%s", wrong);
		return -1;
	}
	if (number_of(rq, json_object_get(partition, "kafka_partition"),
		"partition", &number) != 0)
		return -1;
	if (json_is_object(offset) &&
	    number_of(rq, json_object_get(offset, "kafka_offset"), "offset",
		&to) != 0)
		return -1;
	*out = (struct consumer_position){
		.topic = json_string_value(
		    json_object_get(partition, "kafka_topic")),
		.partition = (int32_t)number,
		.offset = to,
	};
	return 0;
}

struct positions {
	struct consumer_position *set, *unset;
	size_t set_count, unset_count;
};

static int
take_positions(struct request *rq, struct positions *p)
{
	size_t count = json_array_size(rq->offsets), i;
	struct consumer_position one;
	const json_t *item;

	p->set = ps_calloc(rq->a, count + 1, sizeof *p->set);
	p->unset = ps_calloc(rq->a, count + 1, sizeof *p->unset);
	json_array_foreach(rq->offsets, i, item)
	{
		if (take_position(rq, item, &one) != 0)
			return -1;
		if (one.offset < 0)
			p->unset[p->unset_count++] = one;
		else
			p->set[p->set_count++] = one;
	}
	return 0;
}

/* Those to be forgotten come second. */
static void
on_group_set(void *ctx, const struct admin_answer *answer)
{
	struct request *rq = ctx;
	struct admin_call call = { on_group_changed, rq, LIMIT_MS };
	struct positions p = { 0 };

	if (!is_fine(answer)) {
		on_group_changed(rq, answer);
		return;
	}
	if (take_positions(rq, &p) != 0)
		return;
	if (p.unset_count == 0)
		on_group_changed(rq, answer);
	else
		admin_delete_group_offsets(journal_admin(worker_journal(rq->w)),
		    request_group(rq, request_connector(rq)), p.unset,
		    p.unset_count, call);
}

static void
change_sink(struct request *rq, const struct configs_connector *cfg)
{
	struct admin *admin = journal_admin(worker_journal(rq->w));
	struct admin_call call = { on_group_changed, rq, LIMIT_MS };
	const char *group = request_group(rq, cfg);
	struct positions p = { 0 };

	if (admin == NULL) {
		request_refuse(rq, ANSWER_FAILED,
		    "A standalone worker changes no consumer groups: "
		    "kafka-consumer-groups.sh does, for group %s",
		    group);
		return;
	}
	if (rq->spec.op == REQUEST_RESET_OFFSETS) {
		admin_delete_groups(admin, &group, 1, call);
		return;
	}
	if (take_positions(rq, &p) != 0)
		return;
	if (p.set_count == 0) {
		admin_delete_group_offsets(admin, group, p.unset, p.unset_count,
		    call);
		return;
	}
	if (p.unset_count > 0)
		call.fn = on_group_set;
	admin_alter_group_offsets(admin, group, p.set, p.set_count, call);
}

/* ---- what the connector says ------------------------------------------- */

static void
on_asked(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct request *rq = ctx;
	const struct configs_connector *cfg;

	if (result == NULL) {
		request_refuse(rq, ANSWER_FAILED, "%s", err->text);
		return;
	}
	rq->handled = json_is_true(json_object_get(result, "handled"));
	cfg = request_connector(rq);
	if (cfg == NULL)
		return;
	if (request_is_sink(rq, cfg))
		change_sink(rq, cfg);
	else
		change_source(rq);
}

static json_t *
source_items(const struct request *rq)
{
	json_t *items = json_array();
	const json_t *item, *offset;
	size_t i;

	json_array_foreach(rq->offsets, i, item)
	{
		offset = json_object_get(item, "offset");
		(void)json_array_append_new(items,
		    json_pack("[O?, O?]", json_object_get(item, "partition"),
			offset));
	}
	return items;
}

static void
add_sink_item(json_t *items, const struct consumer_position *p)
{
	json_t *offset = p->offset < 0 ? json_null()
				       : json_pack("{s:I}", "kafka_offset",
					     (json_int_t)p->offset);

	(void)json_array_append_new(items,
	    json_pack("[{s:s, s:i}, o]", "kafka_topic", p->topic,
		"kafka_partition", (int)p->partition, offset));
}

/* NULL: refused. None when all are reset. */
static json_t *
sink_items(struct request *rq)
{
	struct positions p = { 0 };
	json_t *items;

	if (take_positions(rq, &p) != 0)
		return NULL;
	items = json_array();
	for (size_t i = 0; i < p.set_count; i++)
		add_sink_item(items, &p.set[i]);
	for (size_t i = 0; i < p.unset_count; i++)
		add_sink_item(items, &p.unset[i]);
	return items;
}

bool
request_is_stopped(const struct request *rq,
    const struct configs_connector *cfg)
{
	return cfg->target == TARGET_STOPPED && cfg->task_count == 0 &&
	       reconcile_is_idle(worker_reconcile(rq->w), cfg->name) &&
	       cluster_is_idle(worker_cluster(rq->w), cfg->name);
}

bool
request_is_stopped_or_refused(struct request *rq,
    const struct configs_connector *cfg)
{
	if (request_is_stopped(rq, cfg))
		return true;
	request_refuse(rq, ANSWER_INVALID,
	    "Connectors must be in the STOPPED state before their offsets can "
	    "be modified. This can be done for the specified connector by "
	    "issuing a 'PUT' request to the '/connectors/%s/stop' endpoint",
	    rq->spec.connector);
	return false;
}

/* ---- the connector is asked -------------------------------------------- */

/* Before anything is changed, here or by the connector; -1: refused. */
static int
check_source(struct request *rq)
{
	const struct offsets *in = request_own(rq);
	struct store_pairs records;

	if (!request_writes_own(rq))
		return 0;
	if (in == NULL)
		in = journal_offsets(worker_journal(rq->w));
	if (records_of(rq, in, RESETS | VALUES, &records) != 0)
		return -1;
	return request_check_own(rq, &records);
}

static void
ask(struct request *rq)
{
	const char *name = rq->spec.connector;
	struct errand_spec spec = { MSG_CONNECTOR, name, NULL };
	const struct configs_connector *cfg = request_connector(rq);
	json_t *items;

	/* It may have been resumed meanwhile. */
	if (cfg == NULL || !request_is_stopped_or_refused(rq, cfg))
		return;
	if (!request_is_sink(rq, cfg) && check_source(rq) != 0)
		return;
	items = request_is_sink(rq, cfg) ? sink_items(rq) : source_items(rq);
	if (items == NULL)
		return;
	spec.config = &cfg->config;
	if (rq->errand == NULL)
		rq->errand = errand_new(worker_errands(rq->w), &spec);
	errand_ask(rq->errand, "alter_offsets",
	    json_pack("{s:o}", "items", items), LIMIT_MS, on_asked, rq);
}

/* What only the worker's topic holds, though the other says that it is gone,
 * goes as well. */
static void
add_other(void *ctx, const struct offsets_entry *e)
{
	struct request *rq = ctx;

	if (offsets_find(request_own(rq), e->connector, e->partition) == NULL)
		add_reset(rq->offsets, e);
}

static void
reset_all(struct request *rq)
{
	const struct offsets *all = journal_offsets(worker_journal(rq->w)),
			     *own = request_own(rq);
	const char *name = rq->spec.connector;

	rq->offsets = json_array();
	if (own == NULL) {
		offsets_each(all, name, add_reset, rq->offsets);
	} else {
		offsets_each(all, name, add_other, rq);
		offsets_each(own, name, add_reset, rq->offsets);
	}
	ask(rq);
}

static void
read_own(struct request *rq)
{
	request_read_own(rq, reset_all);
}

static void
on_read(void *ctx, const struct ps_error *err)
{
	go_on(ctx, err, read_own);
}

/* All that there are, whoever was the last to commit one. */
static void
gather(struct request *rq)
{
	const struct configs_connector *cfg = request_connector(rq);

	if (cfg == NULL)
		return;
	if (rq->offsets != NULL || request_is_sink(rq, cfg))
		request_read_own(rq, ask);
	else
		journal_read_to_end(worker_journal(rq->w), JOURNAL_OFFSET,
		    on_read, rq);
}

void
request_change_offsets(struct request *rq)
{
	const struct configs_connector *cfg = request_connector(rq);

	if (cfg != NULL && request_is_stopped_or_refused(rq, cfg))
		request_fence(rq, gather);
}
