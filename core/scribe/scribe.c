#include "scribe/scribe.h"

#include <stdlib.h>

#include <penstock/record.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "config/map.h"
#include "kafka/conf.h"
#include "kafka/consumer.h"
#include "scribe/heal.h"

#define AREA "scribe"

enum { SLICE_MS = 100, CLOSE_MS = 1000, CHUNK = 16 << 10 };

struct scribe {
	struct ps_arena *arena;
	struct ps_config settings; /* of an internal client */
	struct producer *producer;
	struct producer_topic *target;
	const char *topic;
	int session_ms;
	scribe_committing_fn *fn;
	void *ctx;

	/* The present transaction's. */
	struct scribe_records records;
	int64_t *offsets;
	size_t failed; /* a record that failed, SCRIBE_ALL: none */
	struct ps_error why;
	bool sent;    /* something of it may be in the log */
	bool aborted; /* and an abort hides it */
};

/* ---- records ----------------------------------------------------------- */

static size_t
size_of(const struct scribe *s, size_t record)
{
	const struct scribe_record *r = &s->records.items[record];

	return r->key_len + r->value_len;
}

/* A batch fails as one, and it is the largest record's fault; what is sent
 * behind it fails for other reasons. */
static bool
is_the_reason(const struct scribe *s, size_t record,
    const struct ps_error *failed)
{
	if (s->failed == SCRIBE_ALL)
		return true;
	if (failed->code != s->why.code)
		return failed->code == PS_E_DATA;
	return size_of(s, record) > size_of(s, s->failed);
}

/* Reports come one by one: each record has its own opaque. */
static void
on_report(void *ctx, const struct producer_report *r)
{
	struct scribe *s = ctx;
	int64_t *offset = r->opaque;
	size_t record = (size_t)(offset - s->offsets);

	if (r->failed == NULL) {
		*offset = r->offset;
	} else if (is_the_reason(s, record, r->failed)) {
		s->failed = record;
		s->why = *r->failed;
	}
}

static int
serve(struct scribe *s, struct clock_ms start, struct ps_error *err)
{
	if (producer_serve(s->producer, SLICE_MS, err) < 0)
		return -1;
	if (clock_since(start, clock_now()) > s->session_ms)
		return ps_fail(err, PS_E_RETRY,
		    "%zu records were not acknowledged within %d ms: %s",
		    producer_in_flight(s->producer), s->session_ms,
		    producer_trouble(s->producer));
	return 0;
}

static int
send_one(struct scribe *s, size_t i, struct clock_ms start,
    struct ps_error *err)
{
	const struct scribe_record *r = &s->records.items[i];
	const struct producer_record record = { .key = r->key,
		.key_len = r->key_len,
		.value = r->value,
		.value_len = r->value_len,
		.partition = 0,
		.timestamp = PS_NO_TIMESTAMP,
		.opaque = &s->offsets[i] };

	for (;;) {
		struct ps_error why = { 0 };

		if (producer_send(s->producer, s->target, &record, &why) == 0) {
			s->sent = true;
			return 0;
		}
		if (why.code != PS_E_RETRY)
			return ps_fail(err, why.code, "%s", why.text);
		if (serve(s, start, err) != 0)
			return -1;
	}
}

/* Before anything of it is sent: then there is nothing to abort. */
static int
check_sizes(struct scribe *s, size_t *failed, struct ps_error *err)
{
	size_t most = producer_record_max(s->producer);

	for (size_t i = 0; i < s->records.count; i++) {
		if (size_of(s, i) <= most)
			continue;
		*failed = i;
		return ps_fail(err, PS_E_DATA,
		    "record %s of %zu bytes, expected at most %zu "
		    "(max.request.size, and max.message.bytes of the topic)",
		    s->records.items[i].key, size_of(s, i), most);
	}
	return 0;
}

/* When one has failed those on their way are waited for, so that the broker
 * and the client agree on sequence numbers after the abort. */
static int
send_all(struct scribe *s, size_t *failed, struct ps_error *err)
{
	struct clock_ms start = clock_now();

	for (size_t i = 0; i < s->records.count; i++)
		if (send_one(s, i, start, err) != 0)
			return -1;
	while (producer_in_flight(s->producer) > 0) {
		if (s->failed != SCRIBE_ALL)
			producer_purge_unsent(s->producer);
		if (serve(s, start, err) != 0)
			return -1;
	}
	if (s->failed == SCRIBE_ALL)
		return 0;
	if (s->why.code == PS_E_DATA)
		*failed = s->failed;
	return ps_fail(err, s->why.code, "record %s of %zu bytes: %s%s",
	    s->records.items[s->failed].key, size_of(s, s->failed), s->why.text,
	    s->why.code == PS_E_DATA ? " (max.message.bytes of the topic)"
				     : "");
}

/* ---- a transaction ----------------------------------------------------- */

/* The broker takes a membership only with an offset; nobody reads this one. */
static int
send_membership(struct scribe *s, const void *group, size_t len,
    struct ps_error *err)
{
	const struct consumer_position none = { .topic = s->topic };

	if (group == NULL)
		return 0;
	if (producer_txn_offsets_of(s->producer, &none, 1, group, len, err) ==
	    0)
		return 0;
	return ps_fail_in(err, "the claim of a candidate of the past");
}

static int
fill(struct scribe *s, const void *group, size_t len,
    struct scribe_outcome *out)
{
	if (check_sizes(s, &out->record, &out->err) != 0 ||
	    producer_txn_begin(s->producer, &out->err) != 0 ||
	    send_membership(s, group, len, &out->err) != 0 ||
	    send_all(s, &out->record, &out->err) != 0)
		return -1;
	return s->fn(s->ctx, s->offsets, s->records.count, &out->err);
}

/* What the state of the producer makes of a transaction that failed: nothing
 * of it is in the log unless its commit has begun. */
static void
end_failed(struct scribe *s, enum scribe_end otherwise,
    struct scribe_outcome *out)
{
	struct ps_error err = { 0 };

	out->end = otherwise;
	if (producer_txn_is_open(s->producer)) {
		s->aborted = s->aborted || s->sent;
		if (producer_txn_abort(s->producer, s->session_ms, &err) == 0)
			out->end = SCRIBE_REFUSED;
		else
			log_warn(AREA, "%s", err.text);
	}
	if (producer_txn_state(s->producer) == PRODUCER_TXN_FENCED)
		out->end = SCRIBE_FENCED;
}

static struct scribe_outcome
transact(struct scribe *s, const void *group, size_t len,
    struct scribe_records records)
{
	struct scribe_outcome out = { .record = SCRIBE_ALL };

	free(s->offsets);
	s->offsets = xcalloc(records.count + 1, sizeof *s->offsets);
	s->records = records;
	s->failed = SCRIBE_ALL;
	s->why = (struct ps_error){ 0 };
	s->sent = false;
	if (fill(s, group, len, &out) != 0)
		end_failed(s, SCRIBE_REFUSED, &out);
	else if (producer_txn_commit(s->producer, s->session_ms, &out.err) != 0)
		end_failed(s, SCRIBE_UNKNOWN, &out);
	return out;
}

/* ---- the three kinds --------------------------------------------------- */

struct scribe_outcome
scribe_claim(struct scribe *s, const void *group, size_t group_len,
    struct scribe_records records)
{
	struct scribe_outcome out = { .record = SCRIBE_ALL,
		.end = SCRIBE_REFUSED };

	if (producer_txn_init(s->producer, s->session_ms, &out.err) == 0)
		return transact(s, group, group_len, records);
	if (producer_txn_state(s->producer) == PRODUCER_TXN_FENCED)
		out.end = SCRIBE_FENCED;
	return out;
}

struct scribe_outcome
scribe_write(struct scribe *s, struct scribe_records records)
{
	return transact(s, NULL, 0, records);
}

static struct scribe_outcome
write_again(struct scribe *s, struct hidden *h)
{
	size_t hidden = hidden_count(h), n = 0;
	struct scribe_record *items = xcalloc(hidden + 1, sizeof *items);
	struct scribe_outcome out = { .record = SCRIBE_ALL, .end = SCRIBE_OK };

	for (size_t i = 0; i < hidden; i++) {
		const struct hidden_record *r = hidden_at(h, i);
		bool holds = heal_holds(h, r);

		if (!heal_is_due(h, r))
			continue;
		items[n++] = (struct scribe_record){ r->key, r->key_len,
			holds ? r->value : NULL, holds ? r->value_len : 0 };
		log_info(AREA,
		    "%s is written again: what an aborted transaction wrote "
		    "of it at offset %lld hides it from readers without "
		    "isolation",
		    r->key, (long long)r->aborted);
	}
	if (n > 0)
		out = transact(s, NULL, 0, (struct scribe_records){ items, n });
	free(items);
	return out;
}

struct scribe_outcome
scribe_heal(struct scribe *s)
{
	struct scribe_outcome out = { .record = SCRIBE_ALL,
		.end = SCRIBE_REFUSED };
	struct hidden *h =
	    heal_read(&s->settings, s->topic, s->session_ms, &out.err);

	if (h == NULL)
		return out;
	s->aborted = false;
	out = write_again(s, h);
	hidden_free(&h);
	return out;
}

bool
scribe_has_aborted(const struct scribe *s)
{
	return s->aborted;
}

int
scribe_serve(struct scribe *s, struct ps_error *err)
{
	return producer_serve(s->producer, 0, err) < 0 ? -1 : 0;
}

int
scribe_fd(const struct scribe *s)
{
	return producer_fd(s->producer);
}

/* ---- life -------------------------------------------------------------- */

static const char *
client_id(struct ps_arena *a, const struct scribe_spec *spec)
{
	const char *own = ps_config_get(spec->worker, "client.id");

	if (own == NULL || own[0] == '\0')
		return ps_printf(a, "%s-configs-leader", spec->group);
	return ps_printf(a, "%s-%s-configs-leader", spec->group, own);
}

static struct producer *
open_producer(struct scribe *s, const struct scribe_spec *spec,
    struct ps_error *err)
{
	struct ps_arena *a = s->arena;
	struct ps_setting own[] = {
		{ "batch.size", "16384" }, /* a topic takes that in any case */
		{ "client.id", client_id(a, spec) },
		{ "compression.type", "none" },
		{ "enable.idempotence", "true" },
		{ "linger.ms", "0" },
		{ "transaction.timeout.ms",
		    ps_printf(a, "%d", spec->session_ms) },
		{ "transactional.id",
		    ps_printf(a, "connect-cluster-%s", spec->group) },
	};
	struct ps_config over = { own, sizeof own / sizeof *own },
			 all = config_merge(a, &s->settings, &over);

	return producer_new(&all, on_report, s, err);
}

struct scribe *
scribe_new(const struct scribe_spec *spec, scribe_committing_fn *fn, void *ctx,
    struct ps_error *err)
{
	struct conf_owner owner = { .worker = spec->worker, .task = -1 };
	struct scribe *s = xcalloc(1, sizeof *s);

	s->arena = arena_new(CHUNK);
	s->settings = conf_settings(s->arena, CONF_INTERNAL, &owner);
	s->topic = ps_strdup(s->arena, spec->topic);
	s->session_ms = spec->session_ms;
	s->fn = fn;
	s->ctx = ctx;
	s->producer = open_producer(s, spec, err);
	if (s->producer == NULL) {
		scribe_free(&s);
		return NULL;
	}
	s->target = producer_topic(s->producer, s->topic);
	return s;
}

void
scribe_free(struct scribe **sp)
{
	struct scribe *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	producer_free(&s->producer, CLOSE_MS);
	free(s->offsets);
	arena_free(&s->arena);
	free(s);
}
