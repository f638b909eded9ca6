#include "task/offset_heal.h"

#include <string.h>

#include <penstock/record.h>

#include "base/log.h"
#include "task/source.h"

enum { SLICE_MS = 100, END_MS = 60000 };

/* ---- Which ---- */

static bool
is_same(const char *stored, const char *value)
{
	if (stored == NULL || value == NULL)
		return stored == value;
	return strcmp(stored, value) == 0;
}

/* Only what this task starts from. The same partition may be there under
 * other key bytes, in another partition of the topic too: nobody knows which
 * is read last, so a key that is not its own stays as it is. So does what
 * would become null in a topic of the connector's own: it would win over what
 * the worker's topic holds. */
static bool
is_to_be_written(struct source *s, const struct hidden_record *r)
{
	const struct settings *own = &s->task->settings;
	struct ps_source_partition *p;

	if (r->value == NULL &&
	    ps_config_has(&own->config, "offsets.storage.topic"))
		return false;
	if (!partition_is_key(host_partitions(s->task->host), r->key,
		r->key_len, &p))
		return false;
	if (p == NULL)
		return r->value == NULL;
	return strcmp(p->key, r->key) == 0 && is_same(p->stored, r->value);
}

/* ---- Writing ---- */

bool
offset_heal_report(struct source *s, const struct producer_report *r)
{
	if (r->opaque != &s->unhealed)
		return false;
	if (r->failed != NULL)
		(void)ps_fail(&s->unhealed, r->failed->code, "%s",
		    r->failed->text);
	return true;
}

static int
serve(struct source *s, struct clock_ms start, struct ps_error *err)
{
	struct task *t = s->task;

	if (producer_serve(s->producer, SLICE_MS, err) < 0 ||
	    task_serve(t, err) != 0)
		return -1;
	if (s->unhealed.code != PS_OK)
		return ps_fail(err, s->unhealed.code, "%s", s->unhealed.text);
	if (gauges_should_stop(t->gauges))
		return ps_fail(err, PS_E_RETRY, "stopped");
	if (gauges_should_suspend(t->gauges))
		return ps_fail(err, PS_E_RETRY, "the lease ended");
	if (clock_since(start, clock_now()) > END_MS)
		return ps_fail(err, PS_E_RETRY, "no report within %d ms: %s",
		    (int)END_MS, producer_trouble(s->producer));
	return 0;
}

static int
send_one(struct source *s, const struct hidden_record *r, struct clock_ms start,
    struct ps_error *err)
{
	const struct producer_record record = { .key = r->key,
		.key_len = r->key_len,
		.value = r->value,
		.value_len = r->value_len,
		.partition = r->partition,
		.timestamp = PS_NO_TIMESTAMP,
		.opaque = &s->unhealed };
	struct producer_topic *topic =
	    producer_topic(s->producer, s->txn.offsets_topic);

	for (;;) {
		struct ps_error why = { 0 };

		if (producer_send(s->producer, topic, &record, &why) == 0)
			return 0;
		if (why.code != PS_E_RETRY)
			return ps_fail(err, why.code, "%s", why.text);
		if (serve(s, start, err) != 0)
			return -1;
	}
}

/* What became null is known from here on, as it is to who reads it: under
 * these key bytes. */
static void
note(struct source *s, const struct hidden_record *r)
{
	if (r->value == NULL)
		(void)partition_set_stored(host_partitions(s->task->host),
		    r->key, NULL, NULL);
}

static int
send_all(struct source *s, struct ps_error *err)
{
	struct hidden *h = s->hidden;
	struct clock_ms start = clock_now();

	for (size_t i = 0; i < hidden_count(h); i++) {
		const struct hidden_record *r = hidden_at(h, i);

		if (!is_to_be_written(s, r))
			continue;
		note(s, r);
		if (send_one(s, r, start, err) != 0)
			return -1;
	}
	while (producer_in_flight(s->producer) > 0)
		if (serve(s, start, err) != 0)
			return -1;
	if (s->unhealed.code != PS_OK)
		return ps_fail(err, s->unhealed.code, "%s", s->unhealed.text);
	return 0;
}

static int
commit(struct source *s, struct ps_error *err)
{
	struct gauges *g = s->task->gauges;
	int result;

	gauges_enter(g, "commit of a transaction");
	result = producer_txn_commit(s->producer, END_MS, err);
	gauges_leave(g);
	return result;
}

/* ---- The whole ---- */

static size_t
count(struct source *s)
{
	struct hidden *h = s->hidden;
	size_t n = 0;

	for (size_t i = 0; i < hidden_count(h); i++)
		n += is_to_be_written(s, hidden_at(h, i));
	return n;
}

static int
fail(struct source *s, struct ps_error *err)
{
	int result = txn_judge(s, err);

	source_take_back(s);
	return result;
}

/* What the broker never takes keeps no task from its work. But the producer
 * has counted it: whatever it sent there next would be out of sequence. */
static int
give_up(struct source *s, struct ps_error *err)
{
	struct ps_error why = *err;

	if (why.code != PS_E_DATA)
		return fail(s, err);
	s->stays_hidden = s->must_restart = true;
	source_take_back(s);
	ps_error_clear(err);
	return ps_fail(err, PS_E_RETRY,
	    "hidden positions are not written again: %s", why.text);
}

int
offset_heal(struct source *s, struct ps_error *err)
{
	size_t n = count(s);

	if (n == 0)
		return 0;
	if (gauges_should_suspend(s->task->gauges)) {
		s->must_restart = true;
		return ps_fail(err, PS_E_RETRY, "the lease ended");
	}
	log_info("task",
	    "%zu positions are written again: aborted transactions hide them "
	    "from readers of %s without isolation",
	    n, s->txn.offsets_topic);
	ps_error_clear(&s->unhealed);
	if (producer_txn_begin(s->producer, err) != 0 ||
	    send_all(s, err) != 0 || commit(s, err) != 0)
		return give_up(s, err);
	return 0;
}
