#include "task/source.h"

#include "base/log.h"
#include "kafka/conf.h"
#include "task/encode.h"

enum {
	BATCH_BYTES = 1 << 20,
	BUDGET_BYTES = 32 << 20,
	RETRY_FIRST_MS = 100,
	RETRY_MAX_MS = 10000,
	IDLE_MS = 100,
	FULL_MS = 1000,
	CLOSE_MS = 2000,
	PURGE_MS = 1000,
	TAKE_BACK_MS = 5000
};

/* ---- One turn ---- */

/* What poll() gave goes through transforms and converters. */
static int
take_batch(struct source *s, struct flight *f, struct ps_error *err)
{
	struct task *t = s->task;

	source_gauges_polled(&s->numbers, t->gauges, f->batch);
	gauges_enter(t->gauges, "transforms");
	pipeline_apply(t->pipeline, &t->tolerance, f->batch);
	gauges_enter(t->gauges, "converters");
	encode_batch(&t->converters, &t->tolerance, f->batch);
	gauges_leave(t->gauges);
	if (tolerance_settle(&t->tolerance, f->batch, err) != 0)
		return -1;
	ack_begin(s->ack, f);
	s->cursor = (struct cursor){ f, 0 };
	return deliver_rest(s, err);
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
	struct ps_error why = { 0 };
	int result;

	f->batch->budget_bytes = s->batch_bytes;
	host_set_arena(t->host, f->batch->arena);
	gauges_enter(t->gauges, "poll");
	result = t->connector.source.poll(t->connector.state, f->batch, &why);
	gauges_leave(t->gauges);
	if (result >= 0 && (f->batch->count > 0 || s->has_outage))
		task_set_cause(t, NULL);
	s->has_outage = result < 0;
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
	return s->cursor.flight != NULL || ack_bytes(s->ack) >= s->budget_bytes;
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

static int
housekeeping(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;

	bool suspended = atomic_load(&t->gauges->suspend);

	if (task_serve(t, err) != 0 || deliver_serve(s, err) != 0)
		return -1;
	if (!suspended && deliver_rest(s, err) != 0)
		return -1;
	if (commit_turn(s->commit, err) != 0)
		return -1;
	if (!suspended && task_commit_is_due(t) && !commit_is_busy(s->commit) &&
	    commit_begin(s->commit, err) != 0)
		return -1;
	source_gauges_publish(&s->numbers, t, s->ack);
	return 0;
}

/* ---- Suspension: nothing may be on its way when the lease ends ---- */

static void
suspend(struct source *s)
{
	struct task *t = s->task;

	if (!atomic_load(&t->gauges->suspend) || atomic_load(&t->gauges->idle))
		return;
	if (producer_in_flight(s->producer) == 0) {
		atomic_store(&t->gauges->idle, true);
		return;
	}
	/* Most reports come in time; the lease ends a second later. */
	if (s->was_purged ||
	    clock_since(s->suspended_at, clock_now()) < PURGE_MS)
		return;
	s->was_purged = true;
	producer_purge(s->producer);
}

/* ---- Life ---- */

/* PAUSED or suspended: reports, commits and the worker are still served. */
static int
stay_paused(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;
	bool paused = atomic_load(&t->gauges->pause);
	bool suspended = atomic_load(&t->gauges->suspend);

	if (suspended && !s->is_suspended)
		s->suspended_at = clock_now();
	s->is_suspended = suspended;
	if (!paused && !suspended)
		return 0;
	if (paused && task_status(t, "PAUSED", err) != 0)
		return -1;
	suspend(s);
	task_wait(t, -1, IDLE_MS);
	return 1;
}

static bool
is_finished(const struct source *s)
{
	return s->has_ended && ack_flights(s->ack) == 0 &&
	       !ack_has_dirty(s->ack) && !commit_is_busy(s->commit);
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
	if (s->was_purged) {
		s->must_restart = true;
		return ps_fail(err, PS_E_RETRY,
		    "the lease ended with records on their way");
	}
	task_set_trouble(t, producer_in_flight(s->producer) > 0
				? producer_trouble(s->producer)
				: NULL);
	if (task_status(t, "RUNNING", err) != 0)
		return -1;
	if (s->has_ended) {
		if (!commit_is_busy(s->commit) && commit_begin(s->commit, err))
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

/* A last commit of what is on its way, within the flush limit. */
static int
drain(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;
	struct clock_ms start = clock_now();
	int64_t limit = t->commit_limit_ms,
		left = gauges_stop_left_ms(t->gauges);

	/* Half of what is left: stop and destroy need their time. */
	if (left >= 0 && left / 2 < limit)
		limit = left / 2;
	while (clock_since(start, clock_now()) < limit) {
		if (task_serve(t, err) != 0 || deliver_serve(s, err) != 0 ||
		    deliver_rest(s, err) != 0 ||
		    commit_turn(s->commit, err) != 0)
			return -1;
		if (commit_is_busy(s->commit) || ack_flights(s->ack) > 0) {
			task_wait(t, producer_fd(s->producer), IDLE_MS / 10);
			continue;
		}
		if (!ack_has_dirty(s->ack))
			return 0;
		if (commit_begin(s->commit, err) != 0)
			return -1;
	}
	/* What is safe by now is still worth a commit. */
	log_warn("task",
	    "%zu batches were not acknowledged within %lld ms; their records "
	    "come again",
	    ack_flights(s->ack), (long long)limit);
	return 0;
}

static int
open_producer(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;
	struct settings *own = &t->settings;
	const struct conf_owner owner = { &own->worker, &own->config,
		own->connector, own->task };
	struct ps_config c = conf_settings(own->arena, CONF_SOURCE, &owner);

	s->producer = producer_new(&c, deliver_report, s, err);
	if (s->producer == NULL)
		return -1;
	task_watch(t, producer_fd(s->producer));
	s->ack = ack_new();
	s->commit =
	    commit_new(t, s->ack, own->standalone ? NULL : s->producer, err);
	s->topics = s->commit == NULL ? NULL : topics_new(t, s->producer, err);
	return s->topics == NULL ? -1 : 0;
}

/* What is safe already need not come again. */
static void
commit_what_is_safe(struct source *s)
{
	struct task *t = s->task;
	struct clock_ms start = clock_now();
	struct ps_error err = { 0 };

	while (clock_since(start, clock_now()) < t->commit_limit_ms &&
	       !gauges_should_stop(t->gauges)) {
		if (!commit_is_busy(s->commit) && !ack_has_dirty(s->ack))
			return;
		if (commit_begin(s->commit, &err) != 0 ||
		    commit_turn(s->commit, &err) != 0 ||
		    task_serve(t, &err) != 0 ||
		    producer_serve(s->producer, IDLE_MS / 10, &err) < 0)
			return;
	}
}

/* Batches end with this run: nothing of them may be in the client then. */
static void
take_back(struct source *s)
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

static enum task_end
loop(struct source *s, struct ps_error *err)
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
			take_back(s);
		}
		return TASK_FAILED;
	}
	ps_error_clear(err);
	return drain(s, err) == 0 ? TASK_STOPPED : TASK_FAILED;
}

static void
close_source(struct source *s)
{
	struct task *t = s->task;

	gauges_enter(t->gauges, "stop");
	if (t->connector.source.stop != NULL && t->connector.state != NULL)
		t->connector.source.stop(t->connector.state);
	gauges_enter(t->gauges, "destroy");
	instance_fini(&t->connector);
	gauges_leave(t->gauges);
	topics_free(&s->topics);
	s->numbers.next = (struct clock_ms){ 0 };
	if (s->ack != NULL)
		source_gauges_publish(&s->numbers, t, s->ack);
	/* Late reports find their batches, but count no more. */
	s->was_purged = true;
	if (s->producer != NULL)
		producer_free(&s->producer, CLOSE_MS);
	if (s->commit != NULL)
		commit_free(&s->commit);
	ack_free(&s->ack);
}

/* Nothing that was in flight counts: it comes again. */
static void
forget_flights(struct task *t)
{
	struct ps_source_partition *p;

	for (p = partition_first(host_partitions(t->host)); p != NULL;
	     p = partition_next(p))
		ack_forget(p);
}

/* From create to destroy, once. */
static enum task_end
run_once(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;
	enum task_end end = TASK_FAILED;

	s->budget_bytes = (size_t)settings_int(&t->settings,
	    "task.buffer.bytes", BUDGET_BYTES);
	s->batch_bytes =
	    (size_t)settings_int(&t->settings, "batch.bytes", BATCH_BYTES);
	if (s->batch_bytes > s->budget_bytes / 4)
		s->batch_bytes = s->budget_bytes / 4;
	s->poll_again = clock_now();
	backoff_init(&s->backoff, RETRY_FIRST_MS, RETRY_MAX_MS,
	    (uint64_t)clock_now().ms);
	if (open_producer(s, err) == 0 &&
	    task_start_connector(t, t->connector.source.start, err) == 0)
		end = loop(s, err);
	close_source(s);
	forget_flights(t);
	return end;
}

enum task_end
source_run(struct task *t, struct ps_error *err)
{
	struct source s = { .task = t };
	enum task_end end = run_once(&s, err);

	while (end == TASK_FAILED && s.must_restart && s.failed.code == PS_OK &&
	       !gauges_should_stop(t->gauges)) {
		struct source_gauges numbers = s.numbers;
		size_t care = s.was_refused ? CARE_RECORDS : 0;

		ps_error_clear(err);
		s = (struct source){ .task = t,
			.numbers = numbers,
			.care_left = care };
		end = run_once(&s, err);
	}
	return end;
}
