#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "kafka/consumer_impl.h"
#include "kafka/kerror.h"

/* What a commit carries beside an offset: of which topic it is one, and what
 * the caller wants to find there again. */
#define ID          "topic.id="
#define MARK        "mark="
#define BESIDE_ROOM 128
#define NUMBER_ROOM 24
/* What is not answered in that time comes later, by itself. */
#define ASK_MS   1000
#define SPARE_MS 100

/* ---- asking ------------------------------------------------------------ */

void
consumer_describe(struct consumer *c, const char **names, size_t count,
    rd_kafka_queue_t *answers, int limit_ms)
{
	rd_kafka_TopicCollection_t *topics =
	    rd_kafka_TopicCollection_of_topic_names(names, count);
	rd_kafka_AdminOptions_t *o =
	    rd_kafka_AdminOptions_new(c->rk, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
	char text[256];

	/* In the range there is: it does not fail. */
	(void)rd_kafka_AdminOptions_set_request_timeout(o, limit_ms, text,
	    sizeof text);
	rd_kafka_DescribeTopics(c->rk, topics, o, answers);
	rd_kafka_AdminOptions_destroy(o);
	rd_kafka_TopicCollection_destroy(topics);
}

static size_t
names_in(const rd_kafka_topic_partition_list_t *l, const char **out)
{
	size_t n = 0, k;

	for (int i = 0; i < l->cnt; i++) {
		for (k = 0; k < n; k++)
			if (strcmp(out[k], l->elems[i].topic) == 0)
				break;
		if (k == n)
			out[n++] = l->elems[i].topic;
	}
	return n;
}

/* 1: the ids are known of all that are there; 0: nobody answers; -1. */
static int
ask_ids(struct consumer *c, const rd_kafka_topic_partition_list_t *l,
    struct ps_error *err)
{
	const char **names = xcalloc((size_t)l->cnt + 1, sizeof *names);
	rd_kafka_queue_t *q = rd_kafka_queue_new(c->rk);
	struct consumer_event ignored = { .what = CONSUMER_NOTHING };
	rd_kafka_event_t *ev;
	int result = 0;

	consumer_describe(c, names, names_in(l, names), q, ASK_MS);
	ev = rd_kafka_queue_poll(q, ASK_MS + SPARE_MS);
	if (ev != NULL && rd_kafka_event_error(ev) == 0)
		result = consumer_take_ids(c, ev, &ignored, err) < 0 ? -1 : 1;
	if (ev != NULL)
		rd_kafka_event_destroy(ev);
	rd_kafka_queue_destroy(q);
	free(names);
	return result;
}

/* ---- marks ------------------------------------------------------------- */

void
consumer_put_beside(struct consumer *c, rd_kafka_topic_partition_t *p,
    int64_t mark)
{
	const char *id = consumer_topic_id(c, p->topic);
	char text[BESIDE_ROOM];
	int n = 0;

	if (id != NULL)
		n = snprintf(text, sizeof text, "%s%s", ID, id);
	if (mark != 0)
		n += snprintf(text + n, sizeof text - (size_t)n, "%s%s%" PRId64,
		    n > 0 ? " " : "", MARK, mark);
	if (n == 0)
		return;
	p->metadata_size = (size_t)n;
	p->metadata = xstrndup(text, (size_t)n); /* librdkafka frees it */
}

/* The word that begins with `name` of what stands beside the offset, without
 * it; "" when there is none that fits. */
static void
read_beside(const rd_kafka_topic_partition_t *p, const char *name, char *out,
    size_t room)
{
	size_t len = p->metadata_size, n;
	char text[BESIDE_ROOM];

	out[0] = '\0';
	if (p->offset < 0 || p->metadata == NULL || len >= sizeof text)
		return;
	memcpy(text, p->metadata, len);
	text[len] = '\0';
	for (const char *w = text; *w != '\0'; w += n + (w[n] == ' ')) {
		n = strcspn(w, " ");
		if (strncmp(w, name, strlen(name)) == 0 &&
		    n - strlen(name) < room)
			(void)snprintf(out, room, "%.*s",
			    (int)(n - strlen(name)), w + strlen(name));
	}
}

/* The id that we committed beside the offset, "" when there is none. */
static void
read_id(const rd_kafka_topic_partition_t *p, char id[CONSUMER_ID_ROOM])
{
	read_beside(p, ID, id, CONSUMER_ID_ROOM);
}

int64_t
consumer_mark_of(const rd_kafka_topic_partition_t *p)
{
	char text[NUMBER_ROOM];
	int64_t mark;

	read_beside(p, MARK, text, sizeof text);
	return text_int64(text, 1, INT64_MAX, &mark) == 0 ? mark : 0;
}

/* Has it an offset that was committed of another topic of that name? */
static bool
is_of_another(struct consumer *c, const rd_kafka_topic_partition_t *p)
{
	const char *id = consumer_topic_id(c, p->topic);
	char mark[CONSUMER_ID_ROOM];

	read_id(p, mark);
	return id != NULL && mark[0] != '\0' && strcmp(id, mark) != 0;
}

/* The brokers' next answer is compared with what was committed. */
static void
trust_marks(struct consumer *c, const rd_kafka_topic_partition_list_t *l)
{
	char mark[CONSUMER_ID_ROOM];

	for (int i = 0; i < l->cnt; i++)
		consumer_set_id(c, l->elems[i].topic, "");
	for (int i = 0; i < l->cnt; i++) {
		read_id(&l->elems[i], mark);
		if (mark[0] != '\0')
			consumer_set_id(c, l->elems[i].topic, mark);
	}
}

int
consumer_check_ids(struct consumer *c, const rd_kafka_topic_partition_list_t *l,
    struct ps_error *err)
{
	int known = ask_ids(c, l, err);

	if (known < 0)
		return -1;
	if (known == 0)
		trust_marks(c, l);
	for (int i = 0; i < l->cnt && known; i++) {
		const rd_kafka_topic_partition_t *p = &l->elems[i];

		if (!is_of_another(c, p))
			continue;
		c->gap = (struct consumer_part){
			.position = { consumer_intern(c, p->topic),
			    p->partition, p->offset, 0 }
		};
		c->gap_why = GAP_CREATED_AGAIN;
		break;
	}
	return c->gap.position.topic != NULL;
}
