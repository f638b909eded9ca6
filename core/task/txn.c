#include "task/txn.h"

#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "kafka/conf.h"
#include "task/offset_heal.h"
#include "task/own_offsets.h"
#include "task/source.h"

enum {
	INIT_MS = 1000,
	ABORT_MS = 2000,
	TIMEOUT_MS = 60000,
	INTERVAL_MS = 60000,
	END_MS = 60000
};

/* ---- Configuration ---- */

static const struct {
	const char *name;
	enum txn_boundary boundary;
} boundaries[] = {
	{ "poll", TXN_POLL },
	{ "interval", TXN_INTERVAL },
	{ "connector", TXN_CONNECTOR },
};

static int
read_boundary(struct source *s, struct ps_error *err)
{
	const struct task *t = s->task;
	const char *name =
	    ps_config_str(&t->settings.common, "transaction.boundary");

	for (size_t i = 0; i < sizeof boundaries / sizeof *boundaries; i++)
		if (strcasecmp(boundaries[i].name, name) == 0)
			s->txn.boundary = boundaries[i].boundary;
	if (s->txn.boundary == TXN_NONE)
		return ps_fail(err, PS_E_CONFIG,
		    "Invalid value %s for configuration transaction.boundary: "
		    "String must be one of (case insensitive): POLL, INTERVAL, "
		    "CONNECTOR",
		    name);
	if (s->txn.boundary == TXN_CONNECTOR &&
	    t->connector.source.boundaries == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "transaction.boundary=connector: %s does not define any",
		    catalog_java_name(t->connector.class));
	return 0;
}

/* One that is open that long is aborted by the broker, so those that may be
 * cut anywhere are cut before. */
static int64_t
interval_of(const struct source *s)
{
	const struct settings *own = &s->task->settings;
	int64_t interval = settings_int(own, "transaction.boundary.interval.ms",
		    settings_int(own, "offset.flush.interval.ms", INTERVAL_MS)),
		most = s->txn.timeout_ms / 3 * 2;

	if (interval <= most)
		return interval;
	log_info("task",
	    "transactions end after %lld instead of %lld ms, since "
	    "transaction.timeout.ms is %lld",
	    (long long)most, (long long)interval, (long long)s->txn.timeout_ms);
	return most;
}

int
txn_configure(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;
	struct settings *own = &t->settings;

	s->txn = (struct txn){ .boundary = TXN_NONE };
	if (!settings_is_exactly_once(own))
		return 0;
	s->txn.timeout_ms = settings_int(own,
	    "producer.override.transaction.timeout.ms",
	    settings_int(own, "producer.transaction.timeout.ms", TIMEOUT_MS));
	s->txn.id = conf_transactional_id(own->arena, &own->worker,
	    own->connector, own->task);
	s->txn.offsets_topic = settings_offsets_topic(own);
	if (read_boundary(s, err) != 0)
		return -1;
	if (s->txn.boundary == TXN_INTERVAL)
		t->commit_interval_ms = interval_of(s);
	return 0;
}

/* ---- The run ---- */

/* The broker may be away for long: the worker is served meanwhile. */
static int
take_over(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;
	struct ps_error why;

	for (;;) {
		ps_error_clear(&why);
		atomic_store(&t->gauges->guarded, true);
		(void)producer_txn_init(s->producer, INIT_MS, &why);
		atomic_store(&t->gauges->guarded, false);
		if (why.code == PS_OK)
			return 0;
		if (why.code != PS_E_RETRY)
			return ps_fail(err, why.code, "%s: %s", s->txn.id,
			    why.text);
		(void)producer_serve(s->producer, 0, NULL);
		task_set_cause(t, why.text);
		if (task_status(t, "RUNNING", err) != 0 ||
		    task_serve(t, err) != 0)
			return -1;
		if (gauges_should_stop(t->gauges))
			return ps_fail(err, PS_E_RETRY, "%s", why.text);
		/* An id that is taken over late would fence its successor. */
		if (gauges_should_suspend(t->gauges)) {
			s->must_restart = true;
			return ps_fail(err, PS_E_RETRY, "the lease ended");
		}
	}
}

static int
read_offsets(struct source *s, struct ps_error *err)
{
	struct task *t = s->task;

	if (t->settings.tasks == 1 && !s->stays_hidden)
		s->hidden = own_offsets_hidden(t);
	if (own_offsets_read(t, s->txn.offsets_topic, s->hidden, err) != 0)
		return -1;
	if (s->hidden == NULL)
		return 0;
	if (offset_heal(s, err) != 0)
		return -1;
	hidden_free(&s->hidden);
	return 0;
}

int
txn_begin_run(struct source *s, struct ps_error *err)
{
	int done;

	if (s->txn.boundary == TXN_NONE)
		return 0;
	if (take_over(s, err) != 0)
		return -1;
	task_set_cause(s->task, NULL);
	/* Nothing is written meanwhile but what a successor of ours makes
	 * void. */
	atomic_store(&s->task->gauges->guarded, true);
	done = read_offsets(s, err);
	atomic_store(&s->task->gauges->guarded, false);
	s->must_restart = done != 0 && err->code == PS_E_RETRY;
	return done;
}

void
txn_end_run(struct source *s)
{
	struct gauges *g = s->task->gauges;
	struct ps_error err = { 0 };

	if (s->txn.boundary == TXN_NONE || s->producer == NULL)
		return;
	s->was_purged = true;
	atomic_store(&g->guarded, true);
	if (producer_txn_is_open(s->producer) &&
	    producer_txn_abort(s->producer, ABORT_MS, &err) != 0)
		log_warn("task", "%s: %s", s->txn.id, err.text);
	atomic_store(&g->guarded, false);
	s->txn.is_open = false;
}

/* ---- What goes wrong ---- */

static int64_t
age_of(const struct txn *x)
{
	return x->is_open ? clock_since(x->began, clock_now()) : 0;
}

int
txn_judge(struct source *s, struct ps_error *err)
{
	struct txn *x = &s->txn;
	enum producer_txn state = producer_txn_state(s->producer);
	struct ps_error why = *err;

	if (x->boundary == TXN_NONE ||
	    (s->failed.code != PS_OK && state != PRODUCER_TXN_FENCED))
		return -1;
	ps_error_clear(err);
	if (state == PRODUCER_TXN_FENCED && age_of(x) < x->timeout_ms)
		return ps_fail(err, PS_E_FATAL,
		    "fenced: another process has taken over the transactional "
		    "id %s (%s)",
		    x->id, why.text);
	if (state == PRODUCER_TXN_FENCED)
		(void)ps_fail(err, PS_E_RETRY,
		    "the transaction was open for %lld ms and "
		    "transaction.timeout.ms is %lld: raise "
		    "producer.override.transaction.timeout.ms or end "
		    "transactions sooner",
		    (long long)age_of(x), (long long)x->timeout_ms);
	else if (state == PRODUCER_TXN_MUST_ABORT ||
		 state == PRODUCER_TXN_UNKNOWN || why.code == PS_E_RETRY)
		(void)ps_fail(err, PS_E_RETRY, "%s", why.text);
	else
		return ps_fail(err, why.code, "%s", why.text);
	s->must_restart = true;
	return -1;
}

/* ---- A transaction ---- */

static int
begin(struct source *s, struct ps_error *err)
{
	struct txn *x = &s->txn;

	if (x->is_open)
		return 0;
	if (producer_txn_begin(s->producer, err) != 0)
		return txn_judge(s, err);
	x->is_open = true;
	x->records = 0;
	x->began = clock_now();
	if (x->boundary == TXN_INTERVAL)
		task_commit_was_begun(s->task);
	return 0;
}

int
txn_send(struct source *s, const char *topic, struct ps_error *err)
{
	struct txn *x = &s->txn;

	if (x->boundary == TXN_NONE)
		return 0;
	if (strcmp(topic, x->offsets_topic) == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "Source tasks may not produce to their own offsets topics "
		    "when exactly-once support is enabled");
	return begin(s, err);
}

void
txn_polled(struct source *s, size_t count, enum ps_mark mark)
{
	struct txn *x = &s->txn;

	switch (x->boundary) {
	case TXN_NONE:
	case TXN_INTERVAL:
		break;
	case TXN_POLL:
		x->is_due = count > 0;
		break;
	case TXN_CONNECTOR:
		x->is_due = mark != PS_MARK_NONE;
		x->must_abort = mark == PS_MARK_ABORT;
		break;
	}
}

bool
txn_finish(struct source *s)
{
	struct txn *x = &s->txn;

	if (x->boundary == TXN_CONNECTOR && !x->is_due && !s->has_ended)
		return false;
	x->is_due = true;
	return true;
}

int
txn_pause(struct source *s, struct ps_error *err)
{
	struct txn *x = &s->txn;

	if (!x->is_open || x->is_due)
		return 0;
	if (x->boundary != TXN_CONNECTOR) {
		x->is_due = true;
		return 0;
	}
	s->must_restart = true;
	return ps_fail(err, PS_E_RETRY,
	    "paused within a transaction of the connector's: its records come "
	    "again");
}

/* ---- Its end ---- */

typedef int end_fn(struct producer *p, int limit_ms, struct ps_error *err);

/* Waits for the broker's word; a successor of ours makes it a no. */
static int
call(struct source *s, const char *name, end_fn *fn, struct ps_error *err)
{
	struct gauges *g = s->task->gauges;
	int result;

	gauges_enter(g, name);
	atomic_store(&g->guarded, true);
	result = fn(s->producer, END_MS, err);
	atomic_store(&g->guarded, false);
	gauges_leave(g);
	return result == 0 ? 0 : txn_judge(s, err);
}

/* Its records are gone, their positions are kept: they are not read again. */
static int
abort_records(struct source *s, struct ps_error *err)
{
	struct txn *x = &s->txn;

	x->must_abort = false;
	if (!x->is_open) {
		log_warn("task", "an abort of a transaction without records");
		return 0;
	}
	log_info("task", "transaction of %zu records aborted, as asked for",
	    x->records);
	if (call(s, "abort of a transaction", producer_txn_abort, err) != 0)
		return -1;
	s->numbers.aborted++;
	x->is_open = false;
	return 0;
}

static int
begin_end(struct source *s, struct ps_error *err)
{
	if (s->txn.must_abort && abort_records(s, err) != 0)
		return -1;
	if (ack_has_dirty(s->ack) && begin(s, err) != 0)
		return -1;
	return commit_begin(s->commit, err);
}

static int
commit(struct source *s, struct ps_error *err)
{
	struct txn *x = &s->txn;
	const struct ps_error *failed =
	    commit_is_busy(s->commit) ? commit_failure(s->commit) : NULL;

	if (failed != NULL) {
		(void)ps_fail(err, failed->code, "source offsets: %s",
		    failed->text);
		return txn_judge(s, err);
	}
	if (x->is_open &&
	    call(s, "commit of a transaction", producer_txn_commit, err) != 0)
		return -1;
	s->numbers.transactions++;
	measures_value(&s->task->measures, MEASURE_TRANSACTION,
	    (double)x->records);
	x->is_open = x->is_due = false;
	x->commits++;
	if (commit_is_busy(s->commit))
		commit_end(s->commit);
	return 0;
}

/* transaction.boundary=interval, and host->request_commit(). */
static void
look_at_clock(struct source *s)
{
	struct task *t = s->task;

	if (!task_commit_is_due(t))
		return;
	task_commit_was_begun(t);
	if (s->txn.boundary != TXN_CONNECTOR && s->txn.is_open)
		s->txn.is_due = true;
}

int
txn_turn(struct source *s, struct ps_error *err)
{
	struct txn *x = &s->txn;
	int sent = 1;

	look_at_clock(s);
	if (!x->is_due || s->cursor.flight != NULL || ack_flights(s->ack) > 0)
		return 0;
	if (!commit_is_busy(s->commit) && begin_end(s, err) != 0)
		return -1;
	if (commit_is_busy(s->commit))
		sent = commit_send(s->commit, err);
	if (sent != 1)
		return sent;
	return commit(s, err);
}
