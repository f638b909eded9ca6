#include <librdkafka/rdkafka.h>
#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "kafka/admin.h"
#include "worker/request.h"

#define LIMIT_MS 60000
/* So long the group may still have a member, and how often it is looked: one
 * whose consumer left while it joined is the broker's for a while yet. */
#define HELD_MS 10000
#define LOOK_MS 250

/* ---- what is asked for ------------------------------------------------- */

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

struct request_positions {
	struct consumer_position *set, *unset;
	size_t set_count, unset_count;
};

static int
take_positions(struct request *rq)
{
	struct request_positions *p = ps_calloc(rq->a, 1, sizeof *p);
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
	rq->positions = p;
	return 0;
}

static void
add_item(json_t *items, const struct consumer_position *p)
{
	json_t *offset = p->offset < 0 ? json_null()
				       : json_pack("{s:I}", "kafka_offset",
					     (json_int_t)p->offset);

	(void)json_array_append_new(items,
	    json_pack("[{s:s, s:i}, o]", "kafka_topic", p->topic,
		"kafka_partition", (int)p->partition, offset));
}

json_t *
request_sink_items(struct request *rq)
{
	const struct request_positions *p;
	json_t *items;

	if (take_positions(rq) != 0)
		return NULL;
	p = rq->positions;
	items = json_array();
	for (size_t i = 0; i < p->set_count; i++)
		add_item(items, &p->set[i]);
	for (size_t i = 0; i < p->unset_count; i++)
		add_item(items, &p->unset[i]);
	return items;
}

/* ---- the group is changed ---------------------------------------------- */

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

static bool
tells_of_a_member(int code)
{
	return code == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP ||
	       code == RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC ||
	       code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
}

static bool
has_a_member(const struct admin_answer *answer)
{
	bool has = tells_of_a_member(answer->code);

	for (size_t i = 0; i < answer->count && !has; i++)
		has = tells_of_a_member(answer->items[i].code);
	return has;
}

static void
change_again(struct request *rq)
{
	const struct configs_connector *cfg = request_connector(rq);

	if (cfg != NULL && request_require_stopped(rq, cfg) == 0)
		request_change_sink(rq, cfg);
}

static void
on_group_changed(void *ctx, const struct admin_answer *answer)
{
	struct request *rq = ctx;
	const char *what =
	    rq->spec.op == REQUEST_ALTER_OFFSETS ? "alter" : "reset";

	if (has_a_member(answer) && request_waited_ms(rq) < HELD_MS) {
		request_wait(rq, LOOK_MS, change_again);
		return;
	}
	for (size_t i = 0; i < answer->count; i++)
		rq->absent |= answer->items[i].code ==
			      RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND;
	if (is_fine(answer))
		request_offsets_changed(rq);
	else
		request_refuse(rq, ANSWER_FAILED, zombies, what,
		    rq->spec.connector, what);
}

/* Those to be forgotten come second. */
static void
on_group_set(void *ctx, const struct admin_answer *answer)
{
	struct request *rq = ctx;
	const struct request_positions *p = rq->positions;
	struct admin_call call = { on_group_changed, rq, LIMIT_MS };
	const struct configs_connector *cfg;

	if (!is_fine(answer) || p->unset_count == 0)
		on_group_changed(rq, answer);
	else if ((cfg = request_connector(rq)) != NULL)
		admin_delete_group_offsets(journal_admin(worker_journal(rq->w)),
		    request_group(rq, cfg), p->unset, p->unset_count, call);
}

void
request_change_sink(struct request *rq, const struct configs_connector *cfg)
{
	struct admin *admin = journal_admin(worker_journal(rq->w));
	struct admin_call call = { on_group_changed, rq, LIMIT_MS };
	const struct request_positions *p = rq->positions;
	const char *group = request_group(rq, cfg);

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
	if (p->set_count == 0) {
		admin_delete_group_offsets(admin, group, p->unset,
		    p->unset_count, call);
		return;
	}
	if (p->unset_count > 0)
		call.fn = on_group_set;
	admin_alter_group_offsets(admin, group, p->set, p->set_count, call);
}
