#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "kafka/consumer_impl.h"
#include "kafka/kerror.h"

/* Asked now and then: a client says nothing of a topic that was deleted and
 * created again, nor when brokers are back. */
#define ASK_MS          10000
#define ASK_TROUBLED_MS 2000
#define ANSWER_MS       10000

size_t
consumer_topic_names(const struct consumer *c, const char **out)
{
	size_t n = 0;

	if (c->wanted_count > 0) {
		memcpy(out, c->wanted, c->wanted_count * sizeof *out);
		return c->wanted_count;
	}
	for (size_t i = 0; i < c->part_count; i++)
		if (i == 0 || c->parts[i].position.topic !=
				  c->parts[i - 1].position.topic)
			out[n++] = c->parts[i].position.topic;
	return n;
}

void
consumer_ask_topics(struct consumer *c)
{
	struct clock_ms now = clock_now();
	const char **names;
	size_t n;

	if (c->asked || c->closing || clock_since(c->next_ask, now) < 0)
		return;
	c->next_ask = clock_after(now, ASK_TROUBLED_MS);
	names = xcalloc(c->wanted_count + c->part_count + 1, sizeof *names);
	n = consumer_topic_names(c, names);
	if (n > 0)
		consumer_describe(c, names, n, c->events, ANSWER_MS);
	c->asked = n > 0;
	free(names);
}

static struct consumer_topic *
find(const struct consumer *c, const char *name)
{
	for (size_t i = 0; i < c->seen_count; i++)
		if (strcmp(c->seen[i].name, name) == 0)
			return &c->seen[i];
	return NULL;
}

static struct consumer_topic *
topic_of(struct consumer *c, const char *name)
{
	struct consumer_topic *t = find(c, name);

	if (t != NULL)
		return t;
	c->seen = xrealloc(c->seen, (c->seen_count + 1) * sizeof *c->seen);
	c->seen[c->seen_count] =
	    (struct consumer_topic){ .name = consumer_intern(c, name) };
	return &c->seen[c->seen_count++];
}

const char *
consumer_topic_id(const struct consumer *c, const char *topic)
{
	const struct consumer_topic *t = find(c, topic);

	return t == NULL || t->id[0] == '\0' ? NULL : t->id;
}

void
consumer_set_id(struct consumer *c, const char *topic, const char *id)
{
	struct consumer_topic *t = topic_of(c, topic);

	(void)snprintf(t->id, sizeof t->id, "%s", id);
	c->next_ask = clock_now();
}

/* Our positions of the topic, in memory of malloc. */
static size_t
positions_of(const struct consumer *c, const char *topic,
    struct consumer_position **out)
{
	size_t n = 0;

	*out = xcalloc(c->part_count + 1, sizeof **out);
	for (size_t i = 0; i < c->part_count; i++)
		if (c->parts[i].position.topic == topic)
			(*out)[n++] = c->parts[i].position;
	return n;
}

/* Nothing of another topic of that name is read by mistake. */
static void
note_missing(struct consumer *c, struct consumer_topic *t)
{
	if (!t->is_missing)
		consumer_hold(c, t->name);
	t->is_missing = true;
	t->newest = t->count = 0;
}

/* It was told to be missing. When the group forgot its offsets with it, the
 * new one is read from its beginning, by a consumer that knows nothing. */
static int
note_back(struct consumer *c, struct consumer_topic *t, bool same,
    struct ps_error *err)
{
	struct consumer_position *positions;
	size_t n, held = 0;
	int result;

	t->is_missing = false;
	if (same)
		return consumer_let_go(c, t->name, err);
	n = positions_of(c, t->name, &positions);
	result = consumer_committed(c, positions, n, ANSWER_MS, err);
	for (size_t i = 0; i < n; i++)
		held += positions[i].offset >= 0;
	free(positions);
	if (result != 0)
		return -1;
	if (n == 0 || held > 0)
		return 0;
	return ps_fail(err, PS_E_RETRY,
	    "topic %s was deleted and created again: it is read from its "
	    "beginning",
	    t->name);
}

/* "": the brokers are too old to have ids. */
static void
text_of_id(char text[CONSUMER_ID_ROOM], const rd_kafka_Uuid_t *id)
{
	bool is_none = rd_kafka_Uuid_most_significant_bits(id) == 0 &&
		       rd_kafka_Uuid_least_significant_bits(id) == 0;

	(void)snprintf(text, CONSUMER_ID_ROOM, "%s",
	    is_none ? "" : rd_kafka_Uuid_base64str(id));
}

/* Another topic of that name: offsets of the old one say nothing of it. */
static int
compare(struct consumer *c, const char *name, const rd_kafka_Uuid_t *id,
    struct ps_error *err)
{
	struct consumer_topic *t = topic_of(c, name);
	char now[CONSUMER_ID_ROOM];
	bool known = t->id[0] != '\0', same;

	text_of_id(now, id);
	same = strcmp(now, t->id) == 0;
	memcpy(t->id, now, sizeof now);
	if (t->is_missing && note_back(c, t, same, err) != 0)
		return -1;
	if (!known || same)
		return 0;
	for (size_t i = 0; i < c->part_count; i++) {
		if (c->parts[i].position.topic != t->name ||
		    c->parts[i].position.offset < 0)
			continue;
		c->gap = c->parts[i];
		c->gap_why = GAP_CREATED_AGAIN;
		return 0;
	}
	return 0;
}

bool
consumer_is_added(const struct consumer *c, const char *topic,
    int32_t partition)
{
	const struct consumer_topic *t = find(c, topic);

	return t != NULL && t->first_count > 0 &&
	       (size_t)partition >= t->first_count;
}

/* The group gives out what is new when its leader has looked again; what was
 * there at the start it looked at when we joined. */
static void
note_count(struct consumer *c, const rd_kafka_TopicDescription_t *description)
{
	struct consumer_topic *t =
	    topic_of(c, rd_kafka_TopicDescription_name(description));
	struct clock_ms now = clock_now();
	bool is_first = t->first_count == 0 && !t->is_missing;
	size_t n = 0;

	(void)rd_kafka_TopicDescription_partitions(description, &n);
	if (n != t->newest)
		t->changed = now;
	t->newest = n;
	if (is_first || n <= t->count ||
	    clock_since(t->changed, now) >= c->metadata_age_ms)
		t->count = n;
	if (t->first_count == 0)
		t->first_count = n;
}

/* 1: it is there; 0: no, `out` says why. */
static int
take_topic(struct consumer *c, const rd_kafka_TopicDescription_t *t,
    struct consumer_event *out, struct ps_error *err)
{
	const char *name = rd_kafka_TopicDescription_name(t);
	const rd_kafka_error_t *e = rd_kafka_TopicDescription_error(t);
	rd_kafka_resp_err_t code =
	    e == NULL ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(e);

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
		note_count(c, t);
		if (compare(c, name, rd_kafka_TopicDescription_topic_id(t),
			err) != 0)
			return -1;
		return 1;
	}
	if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		note_missing(c, topic_of(c, name));
	if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		(void)ps_fail(&out->error, PS_E_RETRY,
		    "topic %s does not exist, or no longer", name);
	else
		(void)kerror_fail(&out->error, code, "topic %s", name);
	return 0;
}

int
consumer_take_ids(struct consumer *c, rd_kafka_event_t *ev,
    struct consumer_event *out, struct ps_error *err)
{
	rd_kafka_resp_err_t code = rd_kafka_event_error(ev);
	const rd_kafka_TopicDescription_t **list;
	size_t n = 0;
	int there, all = 1;

	if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
		(void)kerror_fail(&out->error, code, "topics of group %s",
		    c->group_id);
		return 0;
	}
	list = rd_kafka_DescribeTopics_result_topics(
	    rd_kafka_event_DescribeTopics_result(ev), &n);
	for (size_t i = 0; i < n; i++) {
		there = take_topic(c, list[i], out, err);
		if (there < 0)
			return -1;
		all &= there;
	}
	return all;
}

int
consumer_take_topics(struct consumer *c, rd_kafka_event_t *ev,
    struct consumer_event *out, struct ps_error *err)
{
	int fine = consumer_take_ids(c, ev, out, err);

	c->asked = false;
	if (fine < 0)
		return -1;
	c->next_ask = clock_after(clock_now(), fine ? ASK_MS : ASK_TROUBLED_MS);
	if (!fine)
		c->unproved_told = false;
	if (fine && (!c->troubled || c->unproved_told))
		return 0;
	c->troubled = !fine;
	out->what = fine ? CONSUMER_WELL : CONSUMER_TROUBLE;
	return 1;
}
