#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "worker/request.h"

#define LIMIT_MS 60000

static const char *
verb(const struct request *rq)
{
	return rq->spec.op == REQUEST_ALTER_OFFSETS ? "altered" : "reset";
}

/* ---- the end ----------------------------------------------------------- */

void
request_offsets_changed(struct request *rq)
{
	static const char more[] =
	    " However, if this connector manages offsets externally, they will "
	    "need to be manually %s in the system that the connector uses.";
	char tail[sizeof more + 16] = "";
	char text[512];
	json_t *body;

	if (rq->changed != NULL) {
		rq->changed(rq);
		return;
	}
	if (!rq->handled)
		(void)snprintf(tail, sizeof tail, more, verb(rq));
	(void)snprintf(text, sizeof text,
	    "The %soffsets for this connector have been %s successfully%s%s",
	    rq->handled ? "" : "Connect framework-managed ", verb(rq),
	    rq->handled ? "" : ".", tail);
	body = json_pack("{s:s}", "message", text);
	request_answer(rq,
	    &(struct answer){ .kind = ANSWER_DONE, .json = body });
	json_decref(body);
}

static void
go_on(struct request *rq, const struct ps_error *err, request_step *then)
{
	if (err == NULL)
		then(rq);
	else
		request_refuse(rq, ANSWER_FAILED,
		    "Failed to modify offsets for connector %s: %s",
		    rq->spec.connector, err->text);
}

static void
on_stored(void *ctx, const struct ps_error *err)
{
	go_on(ctx, err, request_offsets_changed);
}

/* ---- sources ----------------------------------------------------------- */

static void
add_reset(void *ctx, const struct offsets_entry *e)
{
	struct ps_error err = { 0 };
	json_t *partition =
	    js_parse(e->partition, strlen(e->partition), "partition", &err);

	if (partition != NULL)
		(void)json_array_append_new(ctx,
		    json_pack("{s:o, s:n}", "partition", partition, "offset"));
}

static int
put_one(struct request *rq, const struct offsets *in, const json_t *item,
    struct store_pair *out, struct ps_error *err)
{
	const json_t *partition = json_object_get(item, "partition");
	const json_t *offset = json_object_get(item, "offset");
	struct offsets_entry e = { .connector = rq->spec.connector };

	if (!json_is_object(partition))
		return ps_fail(err, PS_E_CONFIG,
		    "The partition of a source connector's offset must be a "
		    "JSON object");
	if (offset != NULL && !json_is_object(offset) && !json_is_null(offset))
		return ps_fail(err, PS_E_CONFIG,
		    "The offset of a source connector must be a JSON object "
		    "or null");
	e.partition = js_dump(rq->a, partition);
	if (json_is_object(offset))
		e.offset = js_dump(rq->a, offset);
	return offsets_put(in, rq->a, &e, out, err);
}

/* Which of what is to be. */
enum { RESETS = 1, VALUES = 2 };

static int
records_of(struct request *rq, const struct offsets *in, unsigned parts,
    struct store_pairs *out)
{
	size_t all = json_array_size(rq->offsets), count = 0, i;
	struct store_pair *records = ps_calloc(rq->a, all + 1, sizeof *records);
	struct ps_error err = { 0 };
	const json_t *item;

	json_array_foreach(rq->offsets, i, item)
	{
		if (put_one(rq, in, item, &records[count], &err) != 0) {
			request_refuse(rq, ANSWER_INVALID, "%s", err.text);
			return -1;
		}
		if ((parts &
			(records[count].value == NULL ? RESETS : VALUES)) != 0)
			count++;
	}
	*out = (struct store_pairs){ records, count };
	return 0;
}

/* Into the worker's topic. */
static void
append(struct request *rq, unsigned parts, journal_done_fn *fn)
{
	struct journal *j = worker_journal(rq->w);
	struct store_pairs records;

	if (records_of(rq, journal_offsets(j), parts, &records) != 0)
		return;
	if (records.count == 0)
		fn(rq, NULL);
	else
		journal_append(j, JOURNAL_OFFSET, &records, fn, rq);
}

/* Into the topic that its tasks write. */
static void
write_own(struct request *rq, journal_done_fn *fn)
{
	if (rq->pairs.count == 0)
		fn(rq, NULL);
	else
		request_write_own(rq, &rq->pairs, fn);
}

static void
on_own_written(void *ctx, const struct ps_error *err)
{
	if (err != NULL)
		on_stored(ctx, err);
	else
		append(ctx, VALUES, on_stored);
}

static void
on_gone(void *ctx, const struct ps_error *err)
{
	if (err != NULL)
		on_stored(ctx, err);
	else
		write_own(ctx, on_own_written);
}

static void
on_written(void *ctx, const struct ps_error *err)
{
	struct request *rq = ctx;

	if (err != NULL)
		on_stored(rq, err);
	else
		journal_read_to_end(worker_journal(rq->w), JOURNAL_OFFSET,
		    on_stored, rq);
}

/* As Connect orders it. A reset comes into the worker's topic first: Connect
 * takes from there what the connector's own no longer holds. A value comes
 * into the own topic first, the one that wins. */
static void
change_source(struct request *rq)
{
	if (request_own(rq) != NULL)
		append(rq, RESETS, on_gone);
	else if (request_writes_own(rq))
		write_own(rq, on_written); /* which is the worker's */
	else
		append(rq, RESETS | VALUES, on_stored);
}

/* ---- what the connector says ------------------------------------------- */

static void
on_asked(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct request *rq = ctx;
	const struct configs_connector *cfg;

	if (result == NULL) {
		request_refuse(rq, ANSWER_FAILED, "%s", err->text);
		return;
	}
	rq->handled = json_is_true(json_object_get(result, "handled"));
	cfg = request_connector(rq);
	if (cfg == NULL)
		return;
	if (request_is_sink(rq, cfg))
		request_change_sink(rq, cfg);
	else
		change_source(rq);
}

static json_t *
source_items(const struct request *rq)
{
	json_t *items = json_array();
	const json_t *item, *offset;
	size_t i;

	json_array_foreach(rq->offsets, i, item)
	{
		offset = json_object_get(item, "offset");
		(void)json_array_append_new(items,
		    json_pack("[O?, O?]", json_object_get(item, "partition"),
			offset));
	}
	return items;
}

bool
request_is_stopped(const struct request *rq,
    const struct configs_connector *cfg)
{
	return cfg->target == TARGET_STOPPED && cfg->task_count == 0 &&
	       reconcile_is_idle(worker_reconcile(rq->w), cfg->name) &&
	       cluster_is_idle(worker_cluster(rq->w), cfg->name);
}

int
request_require_stopped(struct request *rq, const struct configs_connector *cfg)
{
	if (request_is_stopped(rq, cfg))
		return 0;
	request_refuse(rq, ANSWER_INVALID,
	    "Connectors must be in the STOPPED state before their offsets can "
	    "be modified. This can be done for the specified connector by "
	    "issuing a 'PUT' request to the '/connectors/%s/stop' endpoint",
	    rq->spec.connector);
	return -1;
}

/* ---- the connector is asked -------------------------------------------- */

/* Before anything is changed, here or by the connector; -1: refused. */
static int
check_source(struct request *rq)
{
	const struct offsets *in = request_own(rq);

	if (!request_writes_own(rq))
		return 0;
	if (in == NULL)
		in = journal_offsets(worker_journal(rq->w));
	if (records_of(rq, in, RESETS | VALUES, &rq->pairs) != 0)
		return -1;
	return request_check_own(rq, &rq->pairs);
}

static void
ask(struct request *rq)
{
	const char *name = rq->spec.connector;
	struct errand_spec spec = { MSG_CONNECTOR, name, NULL };
	const struct configs_connector *cfg = request_connector(rq);
	json_t *items;

	/* It may have been resumed meanwhile. */
	if (cfg == NULL || request_require_stopped(rq, cfg) != 0)
		return;
	if (!request_is_sink(rq, cfg) && check_source(rq) != 0)
		return;
	items = request_is_sink(rq, cfg) ? request_sink_items(rq)
					 : source_items(rq);
	if (items == NULL)
		return;
	spec.config = &cfg->config;
	if (rq->errand == NULL)
		rq->errand = errand_new(worker_errands(rq->w), &spec);
	errand_ask(rq->errand, "alter_offsets",
	    json_pack("{s:o}", "items", items), LIMIT_MS, on_asked, rq);
}

/* What only the worker's topic holds, though the other says that it is gone,
 * goes as well. */
static void
add_other(void *ctx, const struct offsets_entry *e)
{
	struct request *rq = ctx;

	if (offsets_find(request_own(rq), e->connector, e->partition) == NULL)
		add_reset(rq->offsets, e);
}

static void
reset_all(struct request *rq)
{
	const struct offsets *all = journal_offsets(worker_journal(rq->w)),
			     *own = request_own(rq);
	const char *name = rq->spec.connector;

	rq->offsets = json_array();
	if (own == NULL) {
		offsets_each(all, name, add_reset, rq->offsets);
	} else {
		offsets_each(all, name, add_other, rq);
		offsets_each(own, name, add_reset, rq->offsets);
	}
	ask(rq);
}

static void
read_own(struct request *rq)
{
	request_read_own(rq, reset_all);
}

static void
on_read(void *ctx, const struct ps_error *err)
{
	go_on(ctx, err, read_own);
}

/* All that there are, whoever was the last to commit one. */
static void
gather(struct request *rq)
{
	const struct configs_connector *cfg = request_connector(rq);

	if (cfg == NULL)
		return;
	if (rq->offsets != NULL || request_is_sink(rq, cfg))
		request_read_own(rq, ask);
	else
		journal_read_to_end(worker_journal(rq->w), JOURNAL_OFFSET,
		    on_read, rq);
}

void
request_change_offsets(struct request *rq)
{
	const struct configs_connector *cfg = request_connector(rq);

	if (cfg != NULL && request_require_stopped(rq, cfg) == 0)
		request_fence(rq, gather);
}
