#include "task/clients.h"

#include <string.h>

#include "base/arena.h"

enum {
	PLACES_MAX = 1000,
	LABELS_BYTES = 128 << 10 /* Kafka takes ids of up to 32 KiB */
};

/* A topic of a producer's (partition -1), or a consumer's partition. */
struct clients_place {
	const char *topic, *labels;
	int32_t partition;
	size_t sent, failed;
	int64_t lag;
};

void
clients_begin(struct clients *c, struct ps_arena *a, const char *labels,
    const char *client_id)
{
	struct buf b;

	if (c->labels != NULL)
		return;
	c->a = a;
	buf_init(&b, LABELS_BYTES);
	(void)buf_printf(&b, "%s,", labels);
	metric_put_label(&b, "clientId", client_id);
	c->labels = ps_strdup(a, buf_str(&b));
	buf_fini(&b);
}

static void
grow(struct clients *c)
{
	size_t room = c->room == 0 ? 8 : 2 * c->room;
	struct clients_place *grown =
	    (struct clients_place *)ps_calloc(c->a, room, sizeof *grown);

	if (c->count > 0)
		memcpy(grown, c->places, c->count * sizeof *grown);
	c->places = grown;
	c->room = room;
}

static int
order(const struct clients_place *p, const char *topic, int32_t partition)
{
	int by_topic = strcmp(p->topic, topic);

	if (by_topic != 0)
		return by_topic;
	return (p->partition > partition) - (p->partition < partition);
}

/* Where it stands or would stand. */
static size_t
index_of(const struct clients *c, const char *topic, int32_t partition)
{
	size_t lo = 0, hi = c->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (order(&c->places[mid], topic, partition) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Names of topics need no escapes. */
static struct clients_place *
add(struct clients *c, size_t at, const char *topic, int32_t partition)
{
	struct clients_place *p;

	if (c->count == c->room)
		grow(c);
	p = &c->places[at];
	memmove(p + 1, p, (c->count - at) * sizeof *p);
	c->count++;
	*p = (struct clients_place){ .topic = ps_strdup(c->a, topic),
		.partition = partition };
	p->labels = partition < 0
			? ps_printf(c->a, "%s,topic=\"%s\"", c->labels, topic)
			: ps_printf(c->a, "%s,topic=\"%s\",partition=\"%d\"",
			      c->labels, topic, (int)partition);
	return p;
}

/* NULL: there are too many. */
static struct clients_place *
place_of(struct clients *c, const char *topic, int32_t partition)
{
	size_t at = index_of(c, topic, partition);

	if (at < c->count && order(&c->places[at], topic, partition) == 0)
		return &c->places[at];
	if (c->labels == NULL || c->count == PLACES_MAX)
		return NULL;
	return add(c, at, topic, partition);
}

void
clients_sent(struct clients *c, const char *topic, size_t count)
{
	struct clients_place *p = place_of(c, topic, -1);

	if (p != NULL)
		p->sent += count;
}

void
clients_failed(struct clients *c, const char *topic, size_t count)
{
	struct clients_place *p = place_of(c, topic, -1);

	if (p != NULL)
		p->failed += count;
}

int64_t
clients_lags(struct clients *c, const struct consumer *from)
{
	const struct consumer_position *all;
	int64_t largest = 0;
	size_t count;

	all = consumer_assignment(from, &count);
	for (size_t i = 0; i < c->count; i++)
		c->places[i].lag = 0;
	for (size_t i = 0; i < count; i++) {
		struct clients_place *p =
		    place_of(c, all[i].topic, all[i].partition);
		int64_t lag = consumer_lag(from, &all[i]);

		if (p != NULL)
			p->lag = lag;
		largest = lag > largest ? lag : largest;
	}
	return largest;
}

void
clients_publish(const struct clients *c, struct metric_registry *to)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct clients_place *p = &c->places[i];

		if (p->partition >= 0) {
			metric_set(to, METRIC_GAUGE,
			    "kafka_consumer_fetch_manager_records_lag",
			    p->labels, (double)p->lag);
			continue;
		}
		metric_set(to, METRIC_COUNTER,
		    "kafka_producer_topic_record_send_total", p->labels,
		    (double)p->sent);
		metric_set(to, METRIC_COUNTER,
		    "kafka_producer_topic_record_error_total", p->labels,
		    (double)p->failed);
	}
}
