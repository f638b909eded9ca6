#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "task/sink.h"
#include "task/wait.h"

enum { KEEP = 16 << 10 };

/* ---- Partitions come ---- */

static struct ps_topic_position *
as_positions(struct ps_arena *a, const struct consumer_position *from,
    size_t count)
{
	struct ps_topic_position *tps =
	    (struct ps_topic_position *)ps_calloc(a, count + 1, sizeof *tps);

	for (size_t i = 0; i < count; i++)
		tps[i] = (struct ps_topic_position){ from[i].topic,
			from[i].partition,
			from[i].offset < 0 ? PS_NO_OFFSET : from[i].offset };
	return tps;
}

/* The partitions may be another's once the lease has ended. The group waits
 * for an answer: for us no longer than for a member that is dead. */
static int
wait_as_member(struct sink *s, struct ps_error *err)
{
	if (wait_for_lease_within(s->task, s->session_ms, err) == 0)
		return 0;
	return ps_fail_in(err, "Partitions were assigned");
}

/* Retried with a back-off while the target is down. */
static int
call_open(struct sink *s, struct ps_topic_position *tps, size_t count,
    struct ps_error *err)
{
	struct task *t = s->task;
	struct ps_error why = { 0 };
	int result = 0;

	do {
		if (wait_as_member(s, err) != 0)
			return -1;
		if (t->connector.sink.open == NULL)
			return 0;
		ps_error_clear(&why);
		gauges_enter(t->gauges, "open");
		result = t->connector.sink.open(t->connector.state, tps, count,
		    &why);
		gauges_leave(t->gauges);
		if (result == 0 || why.code != PS_E_RETRY)
			break;
		task_set_cause(t, why.text);
		if (task_status(t, "RUNNING", err) != 0 ||
		    task_serve(t, err) != 0)
			return -1;
	} while (task_sleep(t, backoff_next_ms(&s->backoff)));
	backoff_reset(&s->backoff);
	if (result != 0)
		return ps_fail(err, why.code, "open: %s", why.text);
	task_set_cause(t, NULL);
	return 0;
}

/* Known in open(). */
static void
take_mark(struct sink *s, const struct consumer_position *given)
{
	struct position *p =
	    positions_add(s->positions, given->topic, given->partition);

	p->mark = p->marked = given->mark;
}

/* From where the sink says, else from what is committed. */
static void
take_partition(struct sink *s, const struct consumer_position *given,
    const struct ps_topic_position *answer, struct consumer_position *start)
{
	struct position *p =
	    positions_add(s->positions, given->topic, given->partition);

	p->since = s->assignments;
	p->committed = given->offset < 0 ? PS_NO_OFFSET : given->offset;
	p->current = PS_NO_OFFSET;
	*start = *given;
	if (answer->offset < 0 || answer->offset == given->offset)
		return;
	log_info("task",
	    "%s-%d starts at %lld, where the target is, not at "
	    "the committed %lld",
	    given->topic, (int)given->partition, (long long)answer->offset,
	    (long long)given->offset);
	start->offset = answer->offset;
	p->current = answer->offset;
	if (answer->offset < given->offset)
		p->committed = PS_NO_OFFSET;
}

int
sink_assigned(struct sink *s, const struct consumer_event *e,
    struct ps_error *err)
{
	size_t n = e->position_count;
	struct ps_topic_position *tps;
	struct consumer_position *starts;

	arena_reset(s->scratch, KEEP);
	tps = as_positions(s->scratch, e->positions, n);
	starts = (struct consumer_position *)ps_calloc(s->scratch, n + 1,
	    sizeof *starts);
	s->assignments++;
	for (size_t i = 0; i < n; i++)
		take_mark(s, &e->positions[i]);
	if (call_open(s, tps, n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		take_partition(s, &e->positions[i], &tps[i], &starts[i]);
	return consumer_assign(s->consumer, starts, n, err);
}

/* ---- Partitions go ---- */

/* A lease that may end before the plugin does: what is not durable goes. */
static enum ps_close_reason
reason_now(const struct sink *s, enum ps_close_reason why)
{
	return gauges_should_suspend(s->task->gauges) ? PS_CLOSE_LOST : why;
}

static bool
is_gone(const struct ps_record *r, const struct consumer_position *gone,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (r->origin_partition == gone[i].partition &&
		    strcmp(r->origin_topic, gone[i].topic) == 0)
			return true;
	return false;
}

/* What is held of them is another task's now. */
static void
drop_held(struct sink *s, const struct consumer_position *gone, size_t count)
{
	struct ps_batch *b = s->batch;
	size_t kept = 0;

	if (!s->is_held)
		return;
	for (size_t i = 0; i < b->count; i++)
		if (!is_gone(&b->records[i], gone, count))
			b->records[kept++] = b->records[i];
	b->count = kept;
}

static void
call_close(struct sink *s, const struct consumer_position *gone, size_t count,
    enum ps_close_reason why)
{
	struct task *t = s->task;
	struct ps_topic_position *tps;

	if (t->connector.sink.close == NULL || count == 0)
		return;
	arena_reset(s->scratch, KEEP);
	tps = as_positions(s->scratch, gone, count);
	for (size_t i = 0; i < count; i++) {
		const struct position *p = positions_find(s->positions,
		    gone[i].topic, gone[i].partition);

		tps[i].offset = p == NULL ? PS_NO_OFFSET : p->current;
	}
	gauges_enter(t->gauges, "close");
	t->connector.sink.close(t->connector.state, tps, count, why);
	gauges_leave(t->gauges);
}

int
sink_unassigned(struct sink *s, const struct consumer_event *e,
    enum ps_close_reason why, struct ps_error *err)
{
	size_t n = e->position_count;
	struct ps_error failed = { 0 };

	/* A commit that fails here costs repeated records, no lost ones. */
	if (why == PS_CLOSE_REVOKED &&
	    sink_commit(s, e->positions, n, SINK_SYNC, &failed) != 0)
		log_warn("task", "Commit before partitions were given up: %s",
		    failed.text);
	drop_held(s, e->positions, n);
	call_close(s, e->positions, n, reason_now(s, why));
	for (size_t i = 0; i < n; i++)
		positions_remove(s->positions, e->positions[i].topic,
		    e->positions[i].partition);
	return consumer_unassign(s->consumer, e->positions, n, err);
}

int
sink_close_all(struct sink *s, struct ps_error *err)
{
	size_t n = positions_count(s->positions);
	struct ps_arena *a = arena_new(KEEP);
	struct consumer_position *all =
	    (struct consumer_position *)ps_calloc(a, n + 1, sizeof *all);
	int result;

	for (size_t i = 0; i < n; i++) {
		const struct position *p = positions_at(s->positions, i);

		all[i] = (struct consumer_position){ .topic = p->topic,
			.partition = p->partition,
			.offset = p->current };
	}
	result = sink_commit(s, NULL, 0, SINK_SYNC, err);
	call_close(s, all, n, reason_now(s, PS_CLOSE_REVOKED));
	arena_free(&a);
	return result;
}
