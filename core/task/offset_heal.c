#include "task/offset_heal.h"

#include <stdlib.h>
#include <string.h>

#include <penstock/record.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "task/source.h"

enum { END_MS = 60000 };

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

/* What became null is known from here on, as it is to who reads it: under
 * these key bytes. */
static void
note(struct source *s, const struct hidden_record *r)
{
	if (r->value == NULL)
		(void)partition_set_stored(host_partitions(s->task->host),
		    r->key, NULL, NULL);
}

/* Those of what is hidden, in its order. */
struct healing {
	const struct hidden_record **records;
	size_t count;
};

static void
select_all(struct source *s, struct healing *h)
{
	size_t count = hidden_count(s->hidden);

	h->records = xcalloc(count + 1, sizeof *h->records);
	for (size_t i = 0; i < count; i++) {
		const struct hidden_record *r = hidden_at(s->hidden, i);

		if (!is_to_be_written(s, r))
			continue;
		note(s, r);
		h->records[h->count++] = r;
	}
}

/* ---- Writing ---- */

static int
send_all(struct source *s, const struct healing *h, struct ps_error *err)
{
	sending_begin(&s->unhealed, s->task, s->producer, s->txn.offsets_topic,
	    END_MS);
	for (size_t i = 0; i < h->count; i++) {
		const struct hidden_record *r = h->records[i];
		const struct producer_record record = { .key = r->key,
			.key_len = r->key_len,
			.value = r->value,
			.value_len = r->value_len,
			.partition = r->partition,
			.timestamp = PS_NO_TIMESTAMP };

		if (sending_put(&s->unhealed, &record, err) != 0)
			return -1;
	}
	return sending_end(&s->unhealed, err);
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

/* ---- The whole ---- */

static int
write_again(struct source *s, const struct healing *h, struct ps_error *err)
{
	if (gauges_should_suspend(s->task->gauges)) {
		s->must_restart = true;
		return ps_fail(err, PS_E_RETRY, "the lease ended");
	}
	log_info("task",
	    "%zu positions are written again: aborted transactions hide them "
	    "from readers of %s without isolation",
	    h->count, s->txn.offsets_topic);
	if (producer_txn_begin(s->producer, err) != 0 ||
	    send_all(s, h, err) != 0 || commit(s, err) != 0)
		return give_up(s, err);
	return 0;
}

int
offset_heal(struct source *s, struct ps_error *err)
{
	struct healing h = { .count = 0 };
	int result = 0;

	select_all(s, &h);
	if (h.count > 0)
		result = write_again(s, &h, err);
	free(h.records);
	return result;
}
