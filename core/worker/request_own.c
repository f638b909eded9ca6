#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "reconcile/fencing.h"
#include "worker/request.h"

/* The connector's process is asked, in parts that a message holds: only its
 * client settings are sure to reach the topic. */

/* So long the process may take: transactions of others time out before. */
#define READ_MS  90000
#define WRITE_MS 60000
/* Its start, and its end when that was too short: it says why. */
#define SPARE_MS 10000

struct request_own {
	struct offsets *offsets; /* NULL: it has no topic of its own */
	json_int_t came;         /* pairs */
	request_step *then;
	/* What is written. */
	struct store_pairs records;
	size_t asked;
	journal_done_fn *fn;
};

void
request_own_end(struct request *rq)
{
	if (rq->own == NULL)
		return;
	offsets_free(&rq->own->offsets);
	free(rq->own);
	rq->own = NULL;
}

const struct offsets *
request_own(const struct request *rq)
{
	return rq->own == NULL ? NULL : rq->own->offsets;
}

static bool
has_own(const struct request *rq, const struct configs_connector *cfg)
{
	return worker_options(rq->w)->kind == WORKER_DISTRIBUTED &&
	       ps_config_has(&cfg->config, "offsets.storage.topic") &&
	       !request_is_sink(rq, cfg);
}

/* ---- reading ----------------------------------------------------------- */

static void
take_pair(struct request *rq, const json_t *pair)
{
	const json_t *key = json_array_get(pair, 0),
		     *value = json_array_get(pair, 1);
	const struct store_pair record = { .key = json_string_value(key),
		.key_len = json_string_length(key),
		.value = json_string_value(value),
		.value_len = json_string_length(value) };
	struct ps_error err = { PS_OK, "" };

	if (record.key != NULL &&
	    offsets_apply(rq->own->offsets, &record, &err) != 0)
		log_warn("requests", "own offset topic of %s: %s",
		    rq->spec.connector, err.text);
}

static void
ask(struct request *rq, errand_fn *fn)
{
	errand_ask(rq->errand, "read_offsets",
	    json_pack("{s:I, s:i}", "from", rq->own->came, "limit_ms", READ_MS),
	    READ_MS + SPARE_MS, fn, rq);
}

static void
on_read(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct request *rq = ctx;
	const json_t *items = json_object_get(result, "items"), *pair;
	size_t i;

	if (result == NULL) {
		request_refuse(rq, ANSWER_FAILED,
		    "Failed to read the offsets.storage.topic of connector "
		    "%s: %s",
		    rq->spec.connector, err->text);
		return;
	}
	json_array_foreach(items, i, pair) take_pair(rq, pair);
	rq->own->came += (json_int_t)json_array_size(items);
	if (json_array_size(items) > 0 &&
	    !json_is_true(json_object_get(result, "last")))
		ask(rq, on_read);
	else
		rq->own->then(rq);
}

void
request_read_own(struct request *rq, request_step *then)
{
	const struct configs_connector *cfg = request_connector(rq);
	struct errand_spec spec = { MSG_CONNECTOR, rq->spec.connector, NULL };

	if (cfg == NULL)
		return;
	if (rq->own != NULL || !has_own(rq, cfg)) {
		then(rq);
		return;
	}
	rq->own = xcalloc(1, sizeof *rq->own);
	rq->own->offsets = offsets_new();
	rq->own->then = then;
	spec.config = &cfg->config;
	if (rq->errand == NULL)
		rq->errand = errand_new(worker_errands(rq->w), &spec);
	ask(rq, on_read);
}

/* ---- both -------------------------------------------------------------- */

struct each {
	const struct request *rq;
	offsets_fn *fn;
	void *ctx;
};

static void
add_if_ours_has_none(void *ctx, const struct offsets_entry *e)
{
	const struct each *each = ctx;

	if (offsets_known(each->rq->own->offsets, e->connector, e->partition) ==
	    NULL)
		each->fn(each->ctx, e);
}

void
request_each_offset(const struct request *rq, offsets_fn *fn, void *ctx)
{
	const struct offsets *all = journal_offsets(worker_journal(rq->w));
	const char *name = rq->spec.connector;
	struct each each = { rq, fn, ctx };

	if (request_own(rq) == NULL) {
		offsets_each(all, name, fn, ctx);
		return;
	}
	offsets_each(all, name, add_if_ours_has_none, &each);
	offsets_each(rq->own->offsets, name, fn, ctx);
}

const char *
request_find_offset(const struct request *rq, const char *partition)
{
	const char *name = rq->spec.connector;
	const struct offsets *own = request_own(rq);
	const struct offsets_entry *e =
	    own == NULL ? NULL : offsets_known(own, name, partition);

	if (e != NULL)
		return e->offset;
	return offsets_find(journal_offsets(worker_journal(rq->w)), name,
	    partition);
}

/* ---- writing ----------------------------------------------------------- */

static json_t *
next_items(struct request_own *own)
{
	json_t *items = json_array();
	size_t bytes = 0;

	for (; own->asked < own->records.count && bytes < MSG_ITEMS_BYTES;
	     own->asked++) {
		const struct store_pair *r = &own->records.items[own->asked];
		json_t *value = r->value == NULL
				    ? json_null()
				    : json_stringn(r->value, r->value_len);

		(void)json_array_append_new(items,
		    json_pack("[s%, o]", r->key, r->key_len, value));
		bytes += r->key_len + r->value_len;
	}
	return items;
}

static void
write_next(struct request *rq, errand_fn *fn)
{
	json_t *items = next_items(rq->own);

	errand_ask(rq->errand, "write_offsets",
	    json_pack("{s:o, s:b, s:i}", "items", items, "last",
		rq->own->asked == rq->own->records.count, "limit_ms", WRITE_MS),
	    WRITE_MS + SPARE_MS, fn, rq);
}

static void
on_written(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct request *rq = ctx;
	struct request_own *own = rq->own;

	if (result == NULL)
		own->fn(rq, err);
	else if (own->asked == own->records.count)
		own->fn(rq, NULL);
	else
		write_next(rq, on_written);
}

bool
request_writes_own(const struct request *rq)
{
	return request_own(rq) != NULL || fencing_is_on(worker_options(rq->w));
}

int
request_check_own(struct request *rq, const struct store_pairs *records)
{
	for (size_t i = 0; i < records->count; i++) {
		const struct store_pair *r = &records->items[i];

		if (r->key_len + r->value_len <= MSG_PAIR_BYTES)
			continue;
		request_refuse(rq, ANSWER_INVALID,
		    "The offset of %.200s has more than %zu bytes", r->key,
		    MSG_PAIR_BYTES);
		return -1;
	}
	return 0;
}

void
request_write_own(struct request *rq, const struct store_pairs *records,
    journal_done_fn *fn)
{
	if (rq->own == NULL)
		rq->own = xcalloc(1, sizeof *rq->own);
	rq->own->records = *records;
	rq->own->asked = 0;
	rq->own->fn = fn;
	write_next(rq, on_written);
}
