#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "task/sink.h"

enum { KEEP = 16 << 10 };

struct request {
	struct ps_topic_position *asked;
	struct consumer_position *answer;
	size_t count;
};

static bool
is_among(const struct position *p, const struct consumer_position *only,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (only[i].partition == p->partition &&
		    strcmp(only[i].topic, p->topic) == 0)
			return true;
	return only == NULL;
}

/* Partitions that came further than what is committed, or want a mark. */
static struct request
collect(struct sink *s, const struct consumer_position *only, size_t count)
{
	size_t all = positions_count(s->positions);
	struct request q = { 0 };

	arena_reset(s->scratch, KEEP);
	q.asked = (struct ps_topic_position *)ps_calloc(s->scratch, all + 1,
	    sizeof *q.asked);
	q.answer = (struct consumer_position *)ps_calloc(s->scratch, all + 1,
	    sizeof *q.answer);
	for (size_t i = 0; i < all; i++) {
		const struct position *p = positions_at(s->positions, i);

		if (p->current <= p->committed && p->mark == p->marked)
			continue;
		if (!is_among(p, only, count))
			continue;
		q.asked[q.count++] = (struct ps_topic_position){ p->topic,
			p->partition,
			p->current < p->committed ? p->committed : p->current };
	}
	return q;
}

static int
ask_plugin(struct sink *s, struct request *q, struct ps_error *err)
{
	struct task *t = s->task;
	int result;

	if (t->connector.sink.pre_commit == NULL)
		return 0;
	gauges_enter(t->gauges, "pre_commit");
	result = t->connector.sink.pre_commit(t->connector.state, q->asked,
	    q->count, err);
	gauges_leave(t->gauges);
	return result;
}

/* After the last record that put() has seen: of a batch that it refused for
 * now the plugin may have settled some. */
static int64_t
seen_to(const struct sink *s, const struct position *p)
{
	const struct consumer_event *e = &s->event;

	for (size_t i = s->is_held ? e->record_count : 0; i-- > 0;)
		if (e->records[i].partition == p->partition &&
		    strcmp(e->records[i].topic, p->topic) == 0)
			return e->records[i].offset + 1;
	return p->current < p->committed ? p->committed : p->current;
}

/* What the answer allows: of assigned partitions, not beyond what was put,
 * and not past a dead letter that is on its way. */
static size_t
allowed(struct sink *s, struct request *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->count; i++) {
		const struct ps_topic_position *tp = &q->asked[i];
		struct position *p =
		    positions_find(s->positions, tp->topic, tp->partition);
		int64_t offset = tp->offset;

		int64_t mark;

		if (p == NULL || offset < 0)
			continue;
		if (offset > p->current && offset > seen_to(s, p)) {
			log_warn("task",
			    "pre_commit answered offset %lld of %s-%d, "
			    "beyond %lld, the last put: ignored",
			    (long long)offset, tp->topic, (int)tp->partition,
			    (long long)p->current);
			continue;
		}
		offset = dlq_floor(s->dlq, tp->topic, tp->partition, offset);
		/* A mark belongs to the offset that was answered with it. */
		mark = offset == tp->offset ? p->mark : p->marked;
		if (offset < p->committed ||
		    (offset == p->committed && mark == p->marked))
			continue;
		p->asked = offset;
		q->answer[n++] = (struct consumer_position){ p->topic,
			p->partition, offset, mark };
	}
	return n;
}

/* The plugin waits for its mark. */
static void
plan_put(struct sink *s)
{
	s->wants_put = true;
	s->put_again = clock_now();
}

static void
note_committed(struct sink *s, const struct consumer_position *positions,
    size_t count)
{
	s->commits++;
	for (size_t i = 0; i < count; i++) {
		struct position *p = positions_find(s->positions,
		    positions[i].topic, positions[i].partition);

		if (p == NULL)
			continue;
		if (positions[i].offset > p->committed)
			p->committed = positions[i].offset;
		if (positions[i].mark != p->marked)
			plan_put(s);
		p->marked = positions[i].mark;
	}
}

static int
commit_now(struct sink *s, const struct consumer_position *positions,
    size_t count, struct ps_error *err)
{
	struct task *t = s->task;
	struct clock_ms start = clock_now();
	int64_t left = gauges_stop_left_ms(t->gauges);
	int64_t limit = t->commit_limit_ms;
	int result;

	if (left >= 0 && left / 2 < limit)
		limit = left / 2;
	result = consumer_commit_sync(s->consumer, positions, count, (int)limit,
	    err);
	measures_commit(&t->measures, start, result != 0);
	if (result != 0)
		return -1;
	note_committed(s, positions, count);
	return 0;
}

int
sink_commit(struct sink *s, const struct consumer_position *only,
    size_t only_count, enum sink_wait wait, struct ps_error *err)
{
	struct request q;
	size_t n;

	/* The lease may have ended: what is not committed is another's. */
	if (gauges_should_suspend(s->task->gauges))
		return 0;
	q = collect(s, only, only_count);
	if (q.count == 0)
		return 0;
	if (wait == SINK_SYNC &&
	    dlq_serve(s->dlq, (int)s->task->commit_limit_ms, err) != 0)
		return -1;
	if (ask_plugin(s, &q, err) != 0)
		return ps_fail_in(err, "pre_commit");
	n = allowed(s, &q);
	if (n == 0)
		return 0;
	if (wait == SINK_SYNC)
		return commit_now(s, q.answer, n, err);
	if (consumer_commit(s->consumer, q.answer, n, err) != 0)
		return -1;
	s->is_committing = true;
	s->commit_began = clock_now();
	return 0;
}

void
sink_committed(struct sink *s, const struct consumer_event *e)
{
	s->is_committing = false;
	measures_commit(&s->task->measures, s->commit_began,
	    e->error.code != PS_OK);
	if (e->error.code == PS_OK)
		note_committed(s, e->positions, e->position_count);
	else
		log_warn("task", "Commit of offsets failed: %s", e->error.text);
}
