#include "store/topics_watch.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#include "base/xalloc.h"

#define LIMIT_MS   10000
#define HARM_BYTES 1024
/* So many looks in a row: a broker that starts may not know all topics. */
#define SURE 2

struct seen {
	char id[40];     /* "" while not known */
	int missing;     /* looks that did not find it */
	int partitions;  /* whose begins are known */
	int64_t *begins; /* as they were found first */
	bool harmed;
};

struct topics_watch {
	struct admin *ad;
	const struct topics_spec *specs;
	size_t count;
	const struct topics_watch_ops *ops;
	void *ctx;
	bool asking;
	struct seen *seen;
	char harm[HARM_BYTES];
};

/* ---- what helps -------------------------------------------------------- */

static const char *const remedies[] = {
	[TOPICS_CONFIG] =
	    "What runs goes on and this worker still has what was in it (GET "
	    "/connectors?expand=info), but nothing can be changed. Save that, "
	    "stop all workers, make the topic (kafka-topics.sh --create "
	    "--partitions 1 --config cleanup.policy=compact), start them and "
	    "create the connectors again",
	[TOPICS_OFFSET] =
	    "What runs goes on, but sources cannot commit their positions. "
	    "This worker still has them (GET /connectors/NAME/offsets): save "
	    "them, stop all workers, make the topic (kafka-topics.sh --create "
	    "--config cleanup.policy=compact), start them and set the offsets "
	    "again",
	[TOPICS_STATUS] =
	    "What runs goes on, but its states are not kept. Start the "
	    "workers again one by one: the first makes it",
	[TOPICS_LEASE] =
	    "No worker can prove that it is alive, so all work stops. Start "
	    "the workers again: the first makes it",
};

static void
harm(struct topics_watch *w, size_t i, const char *what)
{
	const struct topics_spec *spec = &w->specs[i];

	if (w->seen[i].harmed)
		return;
	w->seen[i].harmed = true;
	(void)snprintf(w->harm, sizeof w->harm, "Topic '%s' (%s) %s. %s",
	    spec->topic.name, spec->property, what, remedies[spec->which]);
	w->ops->harmed(w->ctx, w->harm);
}

/* ---- where they begin -------------------------------------------------- */

static size_t
spec_of(const struct topics_watch *w, const char *topic)
{
	size_t i = 0;

	while (i < w->count && strcmp(w->specs[i].topic.name, topic) != 0)
		i++;
	return i;
}

static void
take_begin(struct topics_watch *w, const struct admin_item *it)
{
	size_t i = spec_of(w, it->name);
	struct seen *s = &w->seen[i];
	char what[128];

	if (i == w->count || it->code != 0 || it->partition < 0 ||
	    it->partition >= s->partitions)
		return;
	if (s->begins[it->partition] < 0 && it->offset == 0)
		s->begins[it->partition] = 0;
	if (it->offset <= 0 || it->offset == s->begins[it->partition])
		return;
	s->begins[it->partition] = it->offset;
	(void)snprintf(what, sizeof what,
	    "has lost records: its partition %" PRId32 " begins at offset "
	    "%" PRId64 ", and compaction alone leaves it at 0",
	    it->partition, it->offset);
	harm(w, i, what);
}

static void
on_begins(void *ctx, const struct admin_answer *answer)
{
	struct topics_watch *w = ctx;

	w->asking = false;
	for (size_t i = 0; i < answer->count; i++)
		take_begin(w, &answer->items[i]);
}

static void
note_partitions(struct seen *s, int partitions)
{
	if (partitions <= s->partitions)
		return;
	s->begins = xrealloc(s->begins, (size_t)partitions * sizeof *s->begins);
	while (s->partitions < partitions)
		s->begins[s->partitions++] = -1;
}

/* Leases are deleted by age. */
static bool
is_compacted(const struct topics_watch *w, size_t i)
{
	return w->specs[i].which != TOPICS_LEASE && w->seen[i].missing == 0;
}

static void
ask_begins(struct topics_watch *w)
{
	size_t all = 0, n = 0;
	struct consumer_position *list;

	for (size_t i = 0; i < w->count; i++)
		if (is_compacted(w, i))
			all += (size_t)w->seen[i].partitions;
	list = xcalloc(all + 1, sizeof *list);
	for (size_t i = 0; i < w->count; i++)
		for (int p = 0; is_compacted(w, i) && p < w->seen[i].partitions;
		     p++)
			list[n++] =
			    (struct consumer_position){ w->specs[i].topic.name,
				    p, CONSUMER_BEGINNING, 0 };
	w->asking = n > 0;
	if (n > 0)
		admin_list_offsets(w->ad, list, n, ADMIN_UNCOMMITTED,
		    (struct admin_call){ on_begins, w, LIMIT_MS });
	free(list);
}

/* ---- which they are ---------------------------------------------------- */

static bool
is_missing(const struct admin_item *it)
{
	return it->code == (int)RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	       (it->code == 0 && it->partitions == 0);
}

static void
replace(struct topics_watch *w, size_t i)
{
	const struct topics_spec *spec = &w->specs[i];
	struct ps_error err = { 0 };

	(void)ps_fail(&err, PS_E_FATAL,
	    "Topic '%s' (%s) was deleted and made anew: what this worker has "
	    "read is not in it. It ends, so that nothing is mixed; put back "
	    "what is needed before it starts again",
	    spec->topic.name, spec->property);
	w->ops->replaced(w->ctx, &err);
}

/* false: it is another one. */
static bool
take_topic(struct topics_watch *w, size_t i, const struct admin_item *it)
{
	struct seen *s = &w->seen[i];

	if (is_missing(it)) {
		if (++s->missing == SURE)
			harm(w, i, "is not there any more");
		return true;
	}
	if (it->code != 0)
		return true;
	if (s->missing >= SURE) { /* it was a broker's error */
		s->harmed = false;
		w->harm[0] = '\0';
	}
	s->missing = 0;
	if (s->id[0] != '\0' && it->topic_id[0] != '\0' &&
	    strcmp(s->id, it->topic_id) != 0) {
		replace(w, i);
		return false;
	}
	(void)snprintf(s->id, sizeof s->id, "%s", it->topic_id);
	note_partitions(s, it->partitions);
	return true;
}

static void
on_topics(void *ctx, const struct admin_answer *answer)
{
	struct topics_watch *w = ctx;

	w->asking = false;
	if (answer->code != 0)
		return;
	for (size_t i = 0; i < answer->count; i++) {
		size_t at = spec_of(w, answer->items[i].name);

		if (at < w->count && !take_topic(w, at, &answer->items[i]))
			return;
	}
	ask_begins(w);
}

void
topics_watch_look(struct topics_watch *w)
{
	const char **names;

	if (w->asking)
		return;
	names = xcalloc(w->count, sizeof *names);
	for (size_t i = 0; i < w->count; i++)
		names[i] = w->specs[i].topic.name;
	w->asking = true;
	admin_describe_topics(w->ad, names, w->count,
	    (struct admin_call){ on_topics, w, LIMIT_MS });
	free(names);
}

const char *
topics_watch_harm(const struct topics_watch *w)
{
	return w->harm;
}

/* ---- life -------------------------------------------------------------- */

struct topics_watch *
topics_watch_new(struct admin *ad, const struct topics_spec *specs,
    size_t count, const struct topics_watch_ops *ops, void *ctx)
{
	struct topics_watch *w = xcalloc(1, sizeof *w);

	*w = (struct topics_watch){ .ad = ad,
		.specs = specs,
		.count = count,
		.ops = ops,
		.ctx = ctx,
		.seen = xcalloc(count, sizeof *w->seen) };
	return w;
}

void
topics_watch_free(struct topics_watch **wp)
{
	struct topics_watch *w = *wp;

	*wp = NULL;
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->count; i++)
		free(w->seen[i].begins);
	free(w->seen);
	free(w);
}
