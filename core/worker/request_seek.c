#include <librdkafka/rdkafka.h>
#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "kafka/admin.h"
#include "worker/request.h"
#include "worker/seek.h"

/* Another place to go on from: to a point in time, to an offset, to one of
 * the ends, or to the offsets given. What it was before comes with the
 * answer, in the form that puts it back. A sink's places are Kafka's; a
 * source's are moved in time when its offsets hold one. */

#define LIMIT_MS       60000
#define PARTITIONS_MAX 100000

struct place {
	const char *topic;
	int32_t partition;
	int64_t from; /* -1: none is committed */
	struct seek_place there;
};

struct request_seek {
	struct seek_wish wish;
	struct place *places;
	size_t count;
	json_t *changes, *undo; /* of the answer; in rq->doc */
};

/* ---- the answer -------------------------------------------------------- */

static void
add_change(struct request *rq, json_t *partition, json_t *from, json_t *to)
{
	struct request_seek *s = rq->seek;

	(void)json_array_append_new(s->undo,
	    json_pack("{s:O, s:O}", "partition", partition, "offset", from));
	(void)json_array_append_new(s->changes,
	    json_pack("{s:o, s:o, s:o}", "partition", partition, "from", from,
		"to", to));
}

static void
answer_seek(struct request *rq)
{
	struct request_seek *s = rq->seek;
	json_t *body = json_pack("{s:s, s:b, s:O, s:{s:O}}", "name",
	    rq->spec.connector, "preview", (rq->spec.flags & SEEK_PREVIEW) != 0,
	    "changes", s->changes, "undo", "offsets", s->undo);

	request_answer(rq,
	    &(struct answer){ .kind = ANSWER_DONE, .json = body });
	json_decref(body);
}

/* What is to be is in rq->offsets. */
static void
go(struct request *rq)
{
	if ((rq->spec.flags & SEEK_PREVIEW) != 0) {
		answer_seek(rq);
		return;
	}
	rq->changed = answer_seek;
	rq->spec.op = REQUEST_ALTER_OFFSETS; /* from here on it is one */
	request_change_offsets(rq);
}

/* ---- what it is now ---------------------------------------------------- */

static json_t *
offset_json(int64_t offset)
{
	return offset < 0
		   ? json_null()
		   : json_pack("{s:I}", "kafka_offset", (json_int_t)offset);
}

static struct place *
place_of(const struct request_seek *s, const char *topic, int32_t partition)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->places[i].partition == partition &&
		    strcmp(s->places[i].topic, topic) == 0)
			return &s->places[i];
	return NULL;
}

static json_t *
sink_from(struct request *rq, const json_t *partition)
{
	const char *topic = js_opt_str(partition, "kafka_topic");
	int64_t number = js_opt_int(partition, "kafka_partition", -1);
	const struct place *p =
	    topic == NULL ? NULL : place_of(rq->seek, topic, (int32_t)number);

	return offset_json(p == NULL ? -1 : p->from);
}

/* What it is now of a partition that is given; null: none. */
static json_t *
source_from(struct request *rq, const json_t *partition)
{
	const char *from = request_find_offset(rq, js_dump(rq->a, partition));
	json_t *offset =
	    from == NULL ? NULL : js_parse(from, strlen(from), "offset", NULL);

	return offset == NULL ? json_null() : offset;
}

/* Those that are given, whatever they are: who alters them will say. */
static void
take_given(struct request *rq)
{
	const json_t *given = json_object_get(rq->doc, "offsets"), *item;
	json_t *(*from)(struct request *, const json_t *) =
	    rq->seek->places == NULL ? source_from : sink_from;
	size_t i;

	json_array_foreach(given, i, item)
	{
		json_t *partition = json_object_get(item, "partition");
		json_t *to = json_object_get(item, "offset");

		if (!json_is_object(partition)) {
			request_refuse(rq, ANSWER_INVALID,
			    "offsets: each needs a partition, an object");
			return;
		}
		(void)json_array_append(rq->offsets, (json_t *)(uintptr_t)item);
		add_change(rq, json_incref(partition), from(rq, partition),
		    to == NULL ? json_null() : json_incref(to));
	}
	go(rq);
}

/* ---- sources ----------------------------------------------------------- */

struct moving {
	struct request *rq;
	bool fails;
};

static void
move_source(void *ctx, const struct offsets_entry *e)
{
	struct moving *m = ctx;
	struct request *rq = m->rq;
	const struct request_seek *s = rq->seek;
	struct ps_error err = { 0 };
	json_t *partition =
	    js_parse(e->partition, strlen(e->partition), "partition", &err);
	json_t *from = js_parse(e->offset, strlen(e->offset), "offset", &err);
	json_t *to = seek_moved(&s->wish, from);

	if (partition == NULL || from == NULL || to == NULL) {
		m->fails = true;
		json_decref(partition);
		json_decref(from);
		json_decref(to);
		return;
	}
	(void)json_array_append_new(rq->offsets,
	    json_pack("{s:O, s:O}", "partition", partition, "offset", to));
	add_change(rq, partition, from, to);
}

static void
seek_source(struct request *rq)
{
	const char *name = rq->spec.connector;
	const struct request_seek *s = rq->seek;
	struct moving m = { rq, false };

	if (s->wish.to == SEEK_TO_GIVEN) {
		take_given(rq);
		return;
	}
	request_each_offset(rq, move_source, &m);
	if (m.fails)
		request_refuse(rq, ANSWER_INVALID,
		    "The offsets of source connector %s cannot be moved like "
		    "that: only those with a timestamp can, to another; give "
		    "\"offsets\" as GET /connectors/%s/offsets has them, or "
		    "\"to\": \"beginning\"",
		    name, name);
	else if (json_array_size(rq->offsets) == 0)
		request_refuse(rq, ANSWER_INVALID,
		    "Source connector %s has no offsets yet", name);
	else
		go(rq);
}

static void
on_offsets_read(void *ctx, const struct ps_error *err)
{
	struct request *rq = ctx;

	if (err != NULL)
		request_refuse(rq, ANSWER_FAILED, "%s", err->text);
	else
		request_read_own(rq, seek_source);
}

static void
read_source(struct request *rq)
{
	journal_read_to_end(worker_journal(rq->w), JOURNAL_OFFSET,
	    on_offsets_read, rq);
}

/* ---- sinks, last step first -------------------------------------------- */

static void
finish_sink(struct request *rq)
{
	struct request_seek *s = rq->seek;

	for (size_t i = 0; i < s->count; i++) {
		const struct place *p = &s->places[i];
		json_t *partition = json_pack("{s:s, s:i}", "kafka_topic",
		    p->topic, "kafka_partition", (int)p->partition);
		json_t *to = offset_json(seek_target(&s->wish, &p->there));

		(void)json_array_append_new(rq->offsets,
		    json_pack("{s:O, s:O}", "partition", partition, "offset",
			to));
		add_change(rq, partition, offset_json(p->from), to);
	}
	go(rq);
}

typedef int64_t *member_fn(struct seek_place *p);

static int64_t *
high_of(struct seek_place *p)
{
	return &p->high;
}

static int64_t *
low_of(struct seek_place *p)
{
	return &p->low;
}

static int64_t *
at_of(struct seek_place *p)
{
	return &p->at;
}

/* Into that member of each place; -1: refused. */
static int
take_offsets(struct request *rq, const struct admin_answer *answer,
    member_fn *member)
{
	const struct ps_error *err = &answer->error;
	const char *topic = "";

	for (size_t i = 0; i < answer->count && err->code == PS_OK; i++) {
		const struct admin_item *item = &answer->items[i];
		struct place *p =
		    place_of(rq->seek, item->name, item->partition);

		err = &item->error;
		topic = item->name;
		if (p != NULL)
			*member(&p->there) = item->offset;
	}
	if (err->code == PS_OK)
		return 0;
	request_refuse(rq, ANSWER_FAILED, "Offsets of topic %s: %s", topic,
	    err->text);
	return -1;
}

static void
on_low(void *ctx, const struct admin_answer *answer)
{
	struct request *rq = ctx;
	bool in_time = rq->seek->wish.to == SEEK_TO_TIME;

	if (take_offsets(rq, answer, in_time ? at_of : low_of) == 0)
		finish_sink(rq);
}

static void
ask_offsets(struct request *rq, int64_t which, admin_fn *fn)
{
	struct request_seek *s = rq->seek;
	struct admin_call call = { fn, rq, LIMIT_MS };
	struct consumer_position *list =
	    ps_calloc(rq->a, s->count + 1, sizeof *list);

	for (size_t i = 0; i < s->count; i++)
		list[i] =
		    (struct consumer_position){ .topic = s->places[i].topic,
			    .partition = s->places[i].partition,
			    .offset = which };
	admin_list_offsets(journal_admin(worker_journal(rq->w)), list, s->count,
	    ADMIN_UNCOMMITTED, call);
}

static void
on_high(void *ctx, const struct admin_answer *answer)
{
	struct request *rq = ctx;
	const struct request_seek *s = rq->seek;

	if (take_offsets(rq, answer, high_of) == 0)
		ask_offsets(rq,
		    s->wish.to == SEEK_TO_TIME ? s->wish.number
					       : CONSUMER_BEGINNING,
		    on_low);
}

/* All partitions of the topics, in place of those that the group has. */
static void
on_topics(void *ctx, const struct admin_answer *answer)
{
	struct request *rq = ctx;
	struct request_seek *s = rq->seek;
	struct place *all;
	size_t room = 0, count = 0;

	for (size_t i = 0; i < answer->count; i++)
		room += answer->items[i].partitions > 0
			    ? (size_t)answer->items[i].partitions
			    : 0;
	if (room == 0 || room > PARTITIONS_MAX) {
		request_refuse(rq, ANSWER_INVALID,
		    "The topics of sink connector %s have %zu partitions, "
		    "there is nothing to seek in",
		    rq->spec.connector, room);
		return;
	}
	all = ps_calloc(rq->a, room, sizeof *all);
	for (size_t i = 0; i < answer->count; i++) {
		const struct admin_item *item = &answer->items[i];
		const char *topic = ps_strdup(rq->a, item->name);

		for (int n = 0; n < item->partitions; n++) {
			const struct place *had = place_of(s, topic, n);

			all[count++] = (struct place){ topic, n,
				had == NULL ? -1 : had->from, { -1, -1, -1 } };
		}
	}
	s->places = all;
	s->count = count;
	ask_offsets(rq, CONSUMER_END, on_high);
}

static bool
has_name(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Those that it names, and those that it has read. */
static void
ask_topics(struct request *rq, const struct configs_connector *cfg)
{
	const struct request_seek *s = rq->seek;
	struct admin_call call = { on_topics, rq, LIMIT_MS };
	const char *topics = ps_config_get(&cfg->config, "topics");
	const char **names;
	size_t named, count = 0;
	char **items = text_list(rq->a, topics == NULL ? "" : topics, &named);

	names = ps_calloc(rq->a, named + s->count + 1, sizeof *names);
	for (size_t i = 0; i < named; i++)
		if (!has_name(names, count, items[i]))
			names[count++] = items[i];
	for (size_t i = 0; i < s->count; i++)
		if (!has_name(names, count, s->places[i].topic))
			names[count++] = s->places[i].topic;
	if (count == 0)
		request_refuse(rq, ANSWER_INVALID,
		    "Sink connector %s has read no topic yet",
		    rq->spec.connector);
	else
		admin_describe_topics(journal_admin(worker_journal(rq->w)),
		    names, count, call);
}

static void
on_group(void *ctx, const struct admin_answer *answer)
{
	struct request *rq = ctx;
	struct request_seek *s = rq->seek;
	const struct configs_connector *cfg = request_connector(rq);

	if (cfg == NULL)
		return;
	if (answer->error.code != PS_OK &&
	    answer->code != RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) {
		request_refuse(rq, ANSWER_FAILED,
		    "Failed to retrieve consumer group offsets for connector "
		    "%s: %s",
		    rq->spec.connector, answer->error.text);
		return;
	}
	s->places = ps_calloc(rq->a, answer->count + 1, sizeof *s->places);
	for (size_t i = 0; i < answer->count; i++)
		if (answer->items[i].offset >= 0)
			s->places[s->count++] =
			    (struct place){ ps_strdup(rq->a,
						answer->items[i].name),
				    answer->items[i].partition,
				    answer->items[i].offset, { -1, -1, -1 } };
	if (s->wish.to == SEEK_TO_GIVEN)
		take_given(rq);
	else
		ask_topics(rq, cfg);
}

/* ---- the beginning ----------------------------------------------------- */

static void
begin(struct request *rq, struct request_seek *s)
{
	rq->seek = s;
	rq->offsets = json_array();
	s->changes = json_array();
	s->undo = json_array();
	(void)json_object_set_new(rq->doc, "changes", s->changes);
	(void)json_object_set_new(rq->doc, "undo", s->undo);
}

/* What a zombie commits while it is looked at would be in no answer. */
static void
begin_source(struct request *rq)
{
	if ((rq->spec.flags & SEEK_PREVIEW) != 0)
		read_source(rq);
	else
		request_fence(rq, read_source);
}

static void
begin_sink(struct request *rq, const struct configs_connector *cfg)
{
	struct admin *admin = journal_admin(worker_journal(rq->w));
	struct admin_call call = { on_group, rq, LIMIT_MS };

	if (admin == NULL)
		request_refuse(rq, ANSWER_INVALID,
		    "A standalone worker moves no consumer groups");
	else
		admin_group_offsets(admin, request_group(rq, cfg), call);
}

/* Nor would what tasks that still end commit after it was read: what is
 * changed is first looked at when none is left. */
static bool
may_begin(struct request *rq, const struct configs_connector *cfg)
{
	return (rq->spec.flags & SEEK_PREVIEW) != 0 ||
	       request_require_stopped(rq, cfg) == 0;
}

void
request_seek(struct request *rq)
{
	struct request_seek *s = ps_calloc(rq->a, 1, sizeof *s);
	const struct configs_connector *cfg = request_connector(rq);
	struct ps_error err = { 0 };

	if (cfg == NULL)
		return;
	if (seek_parse(rq->doc, &s->wish, &err) != 0) {
		request_refuse(rq, ANSWER_INVALID, "%s", err.text);
		return;
	}
	if (!may_begin(rq, cfg))
		return;
	begin(rq, s);
	if (request_is_sink(rq, cfg))
		begin_sink(rq, cfg);
	else
		begin_source(rq);
}
