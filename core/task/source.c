#include "task/source.h"

#include "base/arena.h"
#include "base/log.h"
#include "convert/encode.h"
#include "record/batch.h"
#include "task/wait.h"

enum {
	IDLE_MS = 100,
	FULL_MS = 1000,
	LETTERS_MS = 50, /* a suspension leaves two seconds */
	PURGE_MS = 1000,
	TAKE_BACK_MS = 5000
};

/* ---- Suspension: nothing may be on its way when the lease ends ---- */

static void
suspend(struct source *s)
{
	struct task *t = s->task;

	if (!gauges_should_suspend(t->gauges) || atomic_load(&t->gauges->idle))
		return;
	if (producer_in_flight(s->producer) == 0 &&
	    source_letters_pending(s->letters) == 0) {
		atomic_store(&t->gauges->idle, true);
		return;
	}
	/* Most reports come in time; the lease ends a second later. */
	if (s->was_purged ||
	    clock_since(s->suspended_at, clock_now()) < PURGE_MS)
		return;
	s->was_purged = true;
	producer_purge(s->producer);
	source_letters_purge(s->letters);
}

static bool
note_suspension(struct source *s)
{
	bool suspended = gauges_should_suspend(s->task->gauges);

	if (suspended && !s->is_suspended)
		s->suspended_at = clock_now();
	s->is_suspended = suspended;
	return suspended;
}

/* What was taken back from the producer has to come again. */
static int
begin_again(struct source *s, struct ps_error *err)
{
	s->must_restart = true;
	return ps_fail(err, PS_E_RETRY,
	    "the lease ended with records on their way");
}

/* Something is waited for: the lease may end meanwhile. */
int
source_while_waiting(void *ctx, struct ps_error *err)
{
	struct source *s = (struct source *)ctx;

	if (note_suspension(s)) {
		if (producer_serve(s->producer, 0, err) < 0 ||
		    source_letters_settle(s->letters, 0, err) < 0)
			return -1;
		suspend(s);
		return 0;
	}
	return s->was_purged ? begin_again(s, err) : 0;
}

/* ---- One turn ---- */

/* For those who look at it before the record is sent. */
static void
write_times(const struct task *t, struct ps_batch *b)
{
	int64_t now = wall_now().ms;

	if (pipeline_is_empty(t->pipeline) && !t->tolerance.log_messages)
		return;
	for (size_t i = 0; i < b->count; i++)
		if (b->records[i].timestamp == PS_NOW)
			b->records[i].timestamp = now;
}

int
source_wait_for_letters(struct source *s, struct ps_error *err)
{
	int done = 0;

	while (done == 0) {
		done = source_letters_settle(s->letters, LETTERS_MS, err);
		if (done != 0 || source_while_waiting(s, err) != 0)
			break;
		if (gauges_should_stop(s->task->gauges))
			return ps_fail(err, PS_E_RETRY, "stopped");
	}
	return done == 1 ? 0 : -1;
}

/* What poll() gave goes through transforms and converters. */
static int
take_batch(struct source *s, struct flight *f, struct ps_error *err)
{
	struct task *t = s->task;
	size_t polled = source_gauges_polled(&s->numbers, t->gauges, f->batch);

	measures_value(&t->measures, MEASURE_BATCH, (double)polled);
	write_times(t, f->batch);
	source_letters_note(s->letters, f->batch);
	gauges_enter(t->gauges, "transforms");
	pipeline_apply(t->pipeline, &t->tolerance, f->batch);
	gauges_enter(t->gauges, "converters");
	encode_batch(&t->converters, &t->tolerance, f->batch);
	gauges_leave(t->gauges);
	if (tolerance_settle(&t->tolerance, f->batch, err) != 0 ||
	    source_wait_for_letters(s, err) != 0) {
		ack_discard(s->ack, f);
		return -1;
	}
	source_gauges_left(&s->numbers, polled, f->batch);
	ack_begin(s->ack, f);
	s->cursor = (struct cursor){ f, 0 };
	/* The lease may have ended while letters were waited for. */
	return s->is_suspended ? 0 : deliver_rest(s, err);
}

static int
judge_poll(struct source *s, int result, const struct ps_error *why,
    struct ps_error *err)
{
	if (result >= 0) {
		backoff_reset(&s->backoff);
		s->has_ended = result == 1;
		return 0;
	}
	if (why->code != PS_E_RETRY)
		return ps_fail(err, why->code, "%s", why->text);
	task_set_cause(s->task, why->text);
	log_warn("task", "poll: %s", why->text);
	s->poll_again = clock_after(clock_now(), backoff_next_ms(&s->backoff));
	return 0;
}

static int
poll_source(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;
	struct flight *f = ack_take(s->ack);
	struct clock_ms start = clock_now();
	struct ps_error why = { 0 };
	int result;

	f->batch->budget_bytes = s->batch_bytes;
	batch_reserve(f->batch, s->last_count);
	host_set_arena(t->host, f->batch->arena);
	gauges_enter(t->gauges, "poll");
	result = t->connector.source.poll(t->connector.state, f->batch, &why);
	gauges_leave(t->gauges);
	if (f->batch->count > 0)
		measures_value(&t->measures, MEASURE_CALL,
		    (double)clock_since(start, clock_now()));
	if (result >= 0 && (f->batch->count > 0 || s->has_outage))
		task_set_cause(t, NULL);
	s->has_outage = result < 0;
	txn_polled(s, f->batch->count, f->batch->mark);
	s->last_count = f->batch->count;
	if (f->batch->count == 0)
		ack_discard(s->ack, f);
	else if (take_batch(s, f, err) != 0)
		return -1;
	host_set_arena(t->host, NULL);
	return judge_poll(s, result, &why, err);
}

static bool
is_full(const struct source *s)
{
	return s->cursor.flight != NULL || s->txn.is_due ||
	       ack_bytes(s->ack) >= s->budget_bytes;
}

/* Nothing to poll for now: waits for what may change that. */
static void
wait_a_moment(struct source *s)
{
	int64_t ms = clock_since(clock_now(), s->poll_again);

	if (ms <= 0 || ms > FULL_MS)
		ms = FULL_MS;
	task_wait(s->task, -1, ms);
}

/* What is safe goes to the offset topic when it is time. */
static int
commit_what_is_due(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;

	if (gauges_should_suspend(t->gauges))
		return 0;
	if (s->txn.boundary != TXN_NONE)
		return txn_turn(s, err);
	if (commit_turn(s->commit, err) != 0)
		return -1;
	if (!task_commit_is_due(t) || commit_is_busy(s->commit))
		return 0;
	return commit_begin(s->commit, err);
}

/* All that was polled, as soon as it may be. */
static int
commit_all(struct source *s, struct ps_error *err)
{
	if (s->txn.boundary != TXN_NONE) {
		(void)txn_finish(s);
		return 0;
	}
	return commit_is_busy(s->commit) ? 0 : commit_begin(s->commit, err);
}

static int
housekeeping(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;

	bool suspended = gauges_should_suspend(t->gauges);

	source_gauges_publish(&s->numbers, t, s->ack);
	if (task_serve(t, err) != 0 || deliver_serve(s, err) != 0)
		return -1;
	if (!suspended && deliver_rest(s, err) != 0)
		return -1;
	return commit_what_is_due(s, err);
}

/* ---- Life ---- */

/* PAUSED or suspended: reports, commits and the worker are still served. */
static int
stay_paused(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;
	bool paused = atomic_load(&t->gauges->pause);
	bool suspended = note_suspension(s);

	if (!paused && !suspended)
		return 0;
	if (paused && (task_status(t, "PAUSED", err) != 0 ||
			  (!suspended && txn_pause(s, err) != 0)))
		return -1;
	suspend(s);
	task_wait(t, -1, IDLE_MS);
	return 1;
}

static bool
is_finished(const struct source *s)
{
	return s->has_ended && ack_flights(s->ack) == 0 &&
	       !ack_has_dirty(s->ack) && !commit_is_busy(s->commit) &&
	       !s->txn.is_open;
}

static int
turn(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;
	int paused;

	if (housekeeping(s, err) != 0)
		return -1;
	paused = stay_paused(s, err);
	if (paused != 0)
		return paused < 0 ? -1 : 0;
	if (s->was_purged)
		return begin_again(s, err);
	producer_look(s->producer);
	task_set_trouble(t, producer_in_flight(s->producer) > 0
				? producer_trouble(s->producer)
				: NULL);
	if (task_status(t, "RUNNING", err) != 0)
		return -1;
	if (s->has_ended) {
		if (commit_all(s, err) != 0)
			return -1;
		task_wait(t, -1, is_finished(s) ? 0 : IDLE_MS);
		return 0;
	}
	if (is_full(s) || clock_since(clock_now(), s->poll_again) > 0) {
		wait_a_moment(s);
		return 0;
	}
	return poll_source(s, err);
}

/* 1: all that was polled is committed; 0: not yet. */
static int
drain_some(struct source *s, struct ps_error *err)
{
	if (s->was_purged)
		return begin_again(s, err);
	if (task_serve(s->task, err) != 0 || deliver_serve(s, err) != 0 ||
	    deliver_rest(s, err) != 0)
		return -1;
	if (s->txn.boundary != TXN_NONE)
		return txn_turn(s, err) != 0 ? -1 : !s->txn.is_due;
	if (commit_turn(s->commit, err) != 0)
		return -1;
	if (commit_is_busy(s->commit) || ack_flights(s->ack) > 0)
		return 0;
	return ack_has_dirty(s->ack) ? commit_begin(s->commit, err) : 1;
}

/* As drain_some, when the lease may end before it would: nothing is sent and
 * no position counts any more. */
static int
leave(struct source *s, struct ps_error *err)
{
	return producer_in_flight(s->producer) > 0 || s->txn.is_open
		   ? begin_again(s, err)
		   : 1;
}

/* Half of what a stop leaves: stop and destroy need their time. */
static int64_t
flush_limit_ms(const struct task *t)
{
	int64_t left = gauges_stop_left_ms(t->gauges);

	return left >= 0 && left / 2 < t->commit_limit_ms ? left / 2
							  : t->commit_limit_ms;
}

/* A last commit of what is on its way, within the flush limit. */
static int
drain(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;
	struct clock_ms start = clock_now();
	int64_t limit = flush_limit_ms(t);

	if (s->txn.boundary != TXN_NONE && !gauges_should_suspend(t->gauges) &&
	    !txn_finish(s))
		return 0; /* aborted, its records come again */
	while (clock_since(start, clock_now()) < limit) {
		int done = gauges_should_suspend(t->gauges)
			       ? leave(s, err)
			       : drain_some(s, err);

		if (done != 0)
			return done < 0 ? -1 : 0;
		task_wait(t, producer_fd(s->producer), IDLE_MS / 10);
	}
	/* What is safe by now is still worth a commit. */
	log_warn("task",
	    "%zu batches were not acknowledged within %lld ms; their records "
	    "come again",
	    ack_flights(s->ack), (long long)limit);
	return 0;
}

/* What is safe already need not come again. A transaction's is lost with it. */
static void
commit_what_is_safe(struct source *s)
{
	struct task *t = s->task;
	struct clock_ms start = clock_now();
	struct ps_error err = { 0 };

	while (s->txn.boundary == TXN_NONE &&
	       !gauges_should_suspend(t->gauges) &&
	       clock_since(start, clock_now()) < flush_limit_ms(t)) {
		if (!commit_is_busy(s->commit) && !ack_has_dirty(s->ack))
			return;
		if (commit_begin(s->commit, &err) != 0 ||
		    commit_turn(s->commit, &err) != 0 ||
		    task_serve(t, &err) != 0 ||
		    producer_serve(s->producer, IDLE_MS / 10, &err) < 0)
			return;
	}
}

void
source_take_back(struct source *s)
{
	struct clock_ms start = clock_now();

	s->was_purged = true;
	producer_purge(s->producer);
	while (producer_in_flight(s->producer) > 0 &&
	       clock_since(start, clock_now()) < TAKE_BACK_MS)
		if (producer_serve(s->producer, IDLE_MS, NULL) < 0)
			break;
	if (producer_in_flight(s->producer) > 0)
		(void)ps_fail(&s->failed, PS_E_RETRY,
		    "%zu records cannot be taken back from the producer",
		    producer_in_flight(s->producer));
}

/* What is lost at a stop is lost for this process only. */
static enum task_end
stop(struct source *s, struct ps_error *err)
{
	ps_error_clear(err);
	if (drain(s, err) == 0)
		return TASK_STOPPED;
	if (!s->must_restart || s->failed.code != PS_OK)
		return TASK_FAILED;
	log_warn("task", "%s", err->text);
	ps_error_clear(err);
	commit_what_is_safe(s);
	source_take_back(s);
	return TASK_STOPPED;
}

enum task_end
source_loop(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;

	while (!gauges_should_stop(t->gauges)) {
		if (is_finished(s))
			return TASK_COMPLETED;
		if (turn(s, err) == 0)
			continue;
		/* A stop breaks waits with an error of its own. */
		if (gauges_should_stop(t->gauges))
			break;
		if (s->must_restart && s->failed.code == PS_OK) {
			commit_what_is_safe(s);
			source_take_back(s);
		}
		return TASK_FAILED;
	}
	return stop(s, err);
}
