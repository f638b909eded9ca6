#include "task/source.h"

#include "base/arena.h"
#include "base/log.h"
#include "kafka/conf.h"
#include "task/wait.h"

enum {
	BATCH_BYTES = 1 << 20,
	BUDGET_BYTES = 32 << 20,
	HEADERS_CHUNK = 16 << 10,
	RETRY_FIRST_MS = 100,
	CLOSE_MS = 2000,
	AGAIN_FIRST_MS = 200
};

static int
open_producer(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;
	struct settings *own = &t->settings;
	const struct conf_owner owner = { &own->worker, &own->config,
		own->connector, own->task };
	struct ps_config c;

	if (txn_configure(s, err) != 0)
		return -1;
	c = conf_settings(own->arena,
	    s->txn.boundary == TXN_NONE ? CONF_SOURCE : CONF_SOURCE_EOS,
	    &owner);
	clients_begin(&t->clients, own->arena, host_labels(t->host),
	    ps_config_str(&c, "client.id"));
	s->producer = producer_new(&c, deliver_report, s, err);
	if (s->producer == NULL || txn_begin_run(s, err) != 0)
		return -1;
	task_watch(t, producer_fd(s->producer));
	t->on_wait = source_while_waiting;
	t->on_wait_ctx = s;
	s->ack = ack_new();
	s->headers = arena_new(HEADERS_CHUNK);
	s->commit =
	    commit_new(t, s->ack, own->standalone ? NULL : s->producer, err);
	s->topics = s->commit == NULL ? NULL : topics_new(t, s->producer, err);
	if (s->topics == NULL)
		return -1;
	return source_letters_new(t, &s->letters, err);
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
	t->on_wait = NULL;
	t->next_try = NULL;
	topics_free(&s->topics);
	source_letters_free(&s->letters);
	s->numbers.next = (struct clock_ms){ 0 };
	if (s->ack != NULL)
		source_gauges_publish(&s->numbers, t, s->ack);
	/* Late reports find their batches, but count no more. */
	s->was_purged = true;
	txn_end_run(s);
	if (s->producer != NULL)
		producer_free(&s->producer, CLOSE_MS);
	hidden_free(&s->hidden);
	arena_free(&s->headers);
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

/* Where nothing is in flight: a stop breaks waits with an error of its own. */
static enum task_end
end_of_wait(struct task *t, struct ps_error *err)
{
	if (!gauges_should_stop(t->gauges) ||
	    (err->code != PS_OK && err->code != PS_E_RETRY))
		return TASK_FAILED;
	ps_error_clear(err);
	return TASK_STOPPED;
}

/* From create to destroy, once. */
static enum task_end
run_once(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;
	enum task_end end;

	s->budget_bytes = (size_t)settings_int(&t->settings,
	    "task.buffer.bytes", BUDGET_BYTES);
	s->batch_bytes =
	    (size_t)settings_int(&t->settings, "batch.bytes", BATCH_BYTES);
	if (s->batch_bytes > s->budget_bytes / 4)
		s->batch_bytes = s->budget_bytes / 4;
	s->poll_again = clock_now();
	t->next_try = &s->poll_again;
	backoff_init(&s->backoff, RETRY_FIRST_MS, PS_RETRY_MAX_MS,
	    (uint64_t)clock_now().ms);
	if (open_producer(s, err) == 0 &&
	    task_start_connector(t, t->connector.source.start, err) == 0)
		end = source_loop(s, err);
	else
		end = end_of_wait(t, err);
	close_source(s);
	forget_flights(t);
	return end;
}

/* A transaction that was lost was lost for a reason that may still be there.
 * False: the task is to end. */
static bool
wait_after_loss(struct source *s, struct backoff *again, struct ps_error *err)
{
	struct task *t = s->task;
	bool waited;

	if (s->txn.boundary == TXN_NONE || s->was_refused)
		return true;
	log_warn("task", "%s: starting again from what is committed",
	    err->text);
	task_set_cause(t, err->text);
	ps_error_clear(err);
	if (s->txn.commits > 0)
		backoff_reset(again);
	atomic_store(&t->gauges->guarded, true); /* nothing is on its way */
	waited = task_sleep(t, backoff_next_ms(again));
	atomic_store(&t->gauges->guarded, false);
	return waited && wait_for_lease(t, err) == 0 &&
	       task_serve(t, err) == 0 && task_status(t, "RUNNING", err) == 0;
}

/* What was on its way comes again. */
static struct source
successor(const struct source *s)
{
	struct source next = { .task = s->task,
		.numbers = s->numbers,
		.refusals = s->refusals,
		.stays_hidden = s->stays_hidden,
		.care_left = s->was_refused ? CARE_RECORDS : 0 };

	next.numbers.gone = s->numbers.polled - s->numbers.written;
	return next;
}

enum task_end
source_run(struct task *t, struct ps_error *err)
{
	struct source s = { .task = t };
	enum task_end end = run_once(&s, err);
	struct backoff again;

	backoff_init(&again, AGAIN_FIRST_MS, PS_RETRY_MAX_MS,
	    (uint64_t)clock_now().ms);
	while (end == TASK_FAILED && s.must_restart && s.failed.code == PS_OK &&
	       !gauges_should_stop(t->gauges)) {
		if (!wait_after_loss(&s, &again, err)) {
			end = end_of_wait(t, err);
			break;
		}
		ps_error_clear(err);
		s = successor(&s);
		end = run_once(&s, err);
	}
	refusals_fini(&s.refusals);
	return end;
}
