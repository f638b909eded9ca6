#include "worker/requests.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "config/map.h"
#include "worker/match.h"
#include "worker/request.h"

#define ARENA_BYTES 4096

struct requests {
	struct worker *w;
	struct request *first;
	uv_async_t soon;
	bool read, begun, closing;
};

/* ---- the end of one ---------------------------------------------------- */

static void
wake(struct requests *all)
{
	if (!all->closing)
		(void)uv_async_send(&all->soon);
}

static void
request_free(struct request *rq)
{
	struct requests *all = rq->all;
	struct ps_arena *a = rq->a;

	errand_free(&rq->errand);
	request_wait_end(rq);
	request_own_end(rq);
	journal_forget(worker_journal(rq->w), rq);
	inventory_forget(worker_inventory(rq->w), rq);
	json_decref(rq->offsets);
	json_decref(rq->doc);
	if (rq->prev != NULL)
		rq->prev->next = rq->next;
	else
		all->first = rq->next;
	if (rq->next != NULL)
		rq->next->prev = rq->prev;
	arena_free(&a);
	wake(all);
}

void
request_answer(struct request *rq, const struct answer *answer)
{
	request_fn *fn = rq->fn;

	rq->fn = NULL;
	if (fn != NULL)
		fn(rq->ctx, answer);
	request_free(rq);
}

void
request_refuse(struct request *rq, enum answer_kind kind, const char *fmt, ...)
{
	struct answer answer = { .kind = kind };
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	answer.text = n < 0 ? "out of memory" : text;
	request_answer(rq, &answer);
	if (n >= 0)
		free(text);
}

void
request_done(struct request *rq)
{
	request_answer(rq, &(struct answer){ .kind = ANSWER_DONE });
}

/* ---- writing ----------------------------------------------------------- */

static void
finish_write(struct request *rq, enum answer_kind kind,
    const struct ps_error *err)
{
	const char *trouble = journal_trouble(worker_journal(rq->w));

	if (err == NULL) {
		request_answer(rq, &(struct answer){ .kind = kind });
		return;
	}
	log_error("requests", "writing to an internal topic: %s", err->text);
	if (err->code == PS_E_DATA)
		request_refuse(rq, ANSWER_FAILED,
		    "Failed to write to config topic: %s", err->text);
	else
		request_refuse(rq, ANSWER_FAILED,
		    "Failed to write to config topic; this may be due to a "
		    "transient error and the request can be safely retried%s%s",
		    trouble[0] == '\0' ? "" : ". ", trouble);
}

static void
on_done(void *ctx, const struct ps_error *err)
{
	finish_write(ctx, ANSWER_DONE, err);
}

static void
on_created(void *ctx, const struct ps_error *err)
{
	finish_write(ctx, ANSWER_CREATED, err);
}

void
request_append(struct request *rq, enum journal_log log,
    const struct store_pairs *records, enum answer_kind kind)
{
	journal_append(worker_journal(rq->w), log, records,
	    kind == ANSWER_CREATED ? on_created : on_done, rq);
}

static void
append_one(struct request *rq, struct store_pair record)
{
	request_append(rq, JOURNAL_CONFIG, &(struct store_pairs){ &record, 1 },
	    ANSWER_DONE);
}

/* ---- kinds ------------------------------------------------------------- */

struct store_pairs
request_removal(struct request *rq)
{
	const char *name = rq->spec.connector;
	struct store_pairs gone = configs_delete(rq->a, name);
	struct store_pair *records =
	    ps_calloc(rq->a, gone.count + REVISIONS_KEPT, sizeof *records);
	size_t n = gone.count;

	memcpy(records, gone.items, n * sizeof *records);
	n +=
	    revisions_forget(worker_revisions(rq->w), rq->a, name, records + n);
	return (struct store_pairs){ records, n };
}

/* No tasks from here on, then the state: as Connect orders it. */
struct store_pairs
request_stop(struct request *rq)
{
	const char *name = rq->spec.connector;
	struct store_pair *records = ps_calloc(rq->a, 2, sizeof *records);

	records[0] = configs_put_commit(rq->a, name, 0);
	records[1] = configs_put_target(rq->a, name, TARGET_STOPPED);
	return (struct store_pairs){ records, 2 };
}

static const struct configs_connector *
known(const struct request *rq)
{
	return configs_find(journal_configs(worker_journal(rq->w)),
	    rq->spec.connector);
}

struct revision_note
request_note(const struct request *rq, const char *how)
{
	return (struct revision_note){ rq->spec.by,
		rq->spec.how == NULL ? how : rq->spec.how, wall_now().ms };
}

bool
request_matches(struct request *rq)
{
	const struct configs_connector *cfg = known(rq);
	int64_t at = cfg == NULL ? -1 : cfg->config_offset;

	if (match_holds(rq->spec.if_match, at))
		return true;
	if (cfg == NULL)
		request_refuse(rq, ANSWER_STALE,
		    "If-Match: %s is sent, but there is no connector %s",
		    rq->spec.if_match, rq->spec.connector);
	else
		request_refuse(rq, ANSWER_STALE,
		    "The configuration of connector %s is not the one that "
		    "was seen: it is %s now, If-Match says %s",
		    rq->spec.connector, match_tag(rq->a, at),
		    rq->spec.if_match);
	return false;
}

static void
set_target(struct request *rq, enum target_state to)
{
	if (known(rq) == NULL)
		request_refuse(rq, ANSWER_UNKNOWN, "Unknown connector %s",
		    rq->spec.connector);
	else
		append_one(rq,
		    configs_put_target(rq->a, rq->spec.connector, to));
}

static void
run_pause(struct request *rq)
{
	set_target(rq, TARGET_PAUSED);
}

static void
run_resume(struct request *rq)
{
	set_target(rq, TARGET_STARTED);
}

static void
run_stop(struct request *rq)
{
	struct store_pairs records;

	if (known(rq) == NULL) {
		request_refuse(rq, ANSWER_UNKNOWN, "Unknown connector %s",
		    rq->spec.connector);
		return;
	}
	records = request_stop(rq);
	request_append(rq, JOURNAL_CONFIG, &records, ANSWER_DONE);
}

static void
run_delete(struct request *rq)
{
	struct store_pairs records;

	if (known(rq) == NULL) {
		request_refuse(rq, ANSWER_UNKNOWN, "Connector %s not found",
		    rq->spec.connector);
	} else if (request_matches(rq)) {
		records = request_removal(rq);
		request_append(rq, JOURNAL_CONFIG, &records, ANSWER_DONE);
	}
}

static void
run_restart(struct request *rq)
{
	if (known(rq) == NULL)
		request_refuse(rq, ANSWER_UNKNOWN, "Unknown connector: %s",
		    rq->spec.connector);
	else if (reconcile_restart_connector(worker_reconcile(rq->w),
		     rq->spec.connector) == 0)
		request_done(rq);
	else /* it runs elsewhere: there the record is obeyed */
		append_one(rq,
		    configs_put_restart(rq->a, rq->spec.connector, 0));
}

static void
run_restart_many(struct request *rq)
{
	if (known(rq) == NULL)
		request_refuse(rq, ANSWER_UNKNOWN, "Unknown connector: %s",
		    rq->spec.connector);
	else
		append_one(rq, configs_put_restart(rq->a, rq->spec.connector,
				   rq->spec.flags));
}

static void
run_restart_task(struct request *rq)
{
	const struct configs_connector *cfg = known(rq);
	const char *name = rq->spec.connector;
	int task = rq->spec.task;

	if (cfg == NULL)
		request_refuse(rq, ANSWER_UNKNOWN, "Unknown connector: %s",
		    name);
	else if (task < 0 || (size_t)task >= cfg->task_count)
		request_refuse(rq, ANSWER_UNKNOWN, "Unknown task: %s-%d", name,
		    task);
	else if (reconcile_restart_task(worker_reconcile(rq->w), name, task) !=
		 0)
		request_refuse(rq, ANSWER_FAILED, "Failed to start task: %s-%d",
		    name, task);
	else
		request_done(rq);
}

static void
on_plugins(void *ctx, const struct ps_error *err)
{
	struct request *rq = ctx;

	if (err != NULL)
		request_refuse(rq, ANSWER_FAILED,
		    "the plugins cannot be listed: %s", err->text);
	else
		request_done(rq);
}

static void
run_plugins(struct request *rq)
{
	inventory_refresh(worker_inventory(rq->w), on_plugins, rq);
}

static void
run_logger(struct request *rq)
{
	append_one(rq,
	    configs_put_logger(rq->a, rq->spec.logger, rq->spec.level));
}

enum request_flags {
	LEADS = 1 << 0, /* what only the leader may do */
	FREE = 1 << 1,  /* needs no log and no order */
};

static const struct {
	void (*run)(struct request *rq);
	unsigned flags;
} kinds[REQUEST_OPS] = {
	[REQUEST_CREATE] = { request_put, LEADS },
	[REQUEST_REPLACE] = { request_put, LEADS },
	[REQUEST_PATCH] = { request_put, LEADS },
	[REQUEST_DELETE] = { run_delete, LEADS },
	[REQUEST_PAUSE] = { run_pause, LEADS },
	[REQUEST_RESUME] = { run_resume, LEADS },
	[REQUEST_STOP] = { run_stop, LEADS },
	[REQUEST_RESTART] = { run_restart, 0 },
	[REQUEST_RESTART_MANY] = { run_restart_many, LEADS },
	[REQUEST_RESTART_TASK] = { run_restart_task, 0 },
	[REQUEST_VALIDATE] = { request_validate, FREE },
	[REQUEST_LOGS] = { request_done, 0 },
	[REQUEST_READY] = { request_done, 0 },
	[REQUEST_PLUGINS] = { run_plugins, FREE },
	[REQUEST_RESET_TOPICS] = { request_reset_topics, 0 },
	[REQUEST_CLEAN] = { request_clean, LEADS },
	[REQUEST_POSITIONS] = { request_seek, 0 },
	[REQUEST_SEEK] = { request_seek, LEADS },
	[REQUEST_READ_OFFSETS] = { request_read_offsets, 0 },
	[REQUEST_ALTER_OFFSETS] = { request_change_offsets, LEADS },
	[REQUEST_RESET_OFFSETS] = { request_change_offsets, LEADS },
	[REQUEST_LOGGER] = { run_logger, LEADS },
	[REQUEST_CHECK] = { request_check, FREE },
	[REQUEST_TEMPLATE] = { request_template, LEADS },
	[REQUEST_PIPELINE] = { request_pipeline, LEADS },
	[REQUEST_ROOM] = { request_room, FREE },
	[REQUEST_UPGRADE] = { request_upgrade, LEADS },
	[REQUEST_PREVIEW] = { request_look, FREE },
	[REQUEST_LETTERS] = { request_look, FREE },
	[REQUEST_REPLAY] = { request_look, FREE },
	[REQUEST_TOPICS] = { request_topics, FREE },
};

/* ---- the order --------------------------------------------------------- */

static bool
is_free(const struct request *rq)
{
	return (kinds[rq->spec.op].flags & FREE) != 0;
}

static bool
claims(const struct request *rq, const char *name)
{
	if (strcmp(rq->spec.connector, name) == 0)
		return true;
	for (size_t i = 0;
	     rq->spec.claims != NULL && rq->spec.claims[i] != NULL; i++)
		if (strcmp(rq->spec.claims[i], name) == 0)
			return true;
	return false;
}

/* Is there something that both are about? */
static bool
collide(const struct request *p, const struct request *rq)
{
	if (claims(p, rq->spec.connector))
		return true;
	for (size_t i = 0;
	     rq->spec.claims != NULL && rq->spec.claims[i] != NULL; i++)
		if (claims(p, rq->spec.claims[i]))
			return true;
	return false;
}

static bool
may_run(const struct request *rq)
{
	if (rq->running)
		return false;
	if (is_free(rq))
		return true;
	if (rq->spec.op == REQUEST_LOGS)
		return rq->all->read;
	if (!rq->all->begun)
		return false;
	if ((kinds[rq->spec.op].flags & LEADS) != 0 &&
	    !cluster_leads(worker_cluster(rq->w)))
		return false;
	for (const struct request *p = rq->all->first; p != rq; p = p->next)
		if (!is_free(p) && collide(p, rq))
			return false;
	return true;
}

static struct request *
next_to_run(struct requests *all)
{
	for (struct request *rq = all->first; rq != NULL; rq = rq->next)
		if (may_run(rq))
			return rq;
	return NULL;
}

static void
work(struct requests *all)
{
	struct request *rq;

	while ((rq = next_to_run(all)) != NULL) {
		rq->running = true;
		kinds[rq->spec.op].run(rq);
	}
}

static void
on_soon(uv_async_t *h)
{
	work(h->data);
}

/* ---- life -------------------------------------------------------------- */

static void
copy_declared(struct request *rq, const struct request_spec *spec)
{
	const char **names;
	size_t count = 0;

	rq->doc = json_deep_copy(spec->doc);
	if (spec->document != NULL)
		rq->spec.document = ps_strdup(rq->a, spec->document);
	if (spec->plan != NULL)
		rq->spec.plan = ps_strdup(rq->a, spec->plan);
	if (spec->by != NULL)
		rq->spec.by = ps_strdup(rq->a, spec->by);
	if (spec->how != NULL)
		rq->spec.how = ps_strdup(rq->a, spec->how);
	if (spec->if_match != NULL)
		rq->spec.if_match = ps_strdup(rq->a, spec->if_match);
	if (spec->claims == NULL)
		return;
	while (spec->claims[count] != NULL)
		count++;
	names = ps_calloc(rq->a, count + 1, sizeof *names);
	for (size_t i = 0; i < count; i++)
		names[i] = ps_strdup(rq->a, spec->claims[i]);
	rq->spec.claims = names;
}

struct request *
request_submit(struct worker *w, const struct request_spec *spec,
    request_fn *fn, void *ctx)
{
	struct requests *all = worker_requests(w);
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct request *rq = ps_calloc(a, 1, sizeof *rq), *last = all->first;

	rq->all = all;
	rq->w = w;
	rq->a = a;
	rq->fn = fn;
	rq->ctx = ctx;
	rq->spec = *spec;
	rq->spec.connector =
	    ps_strdup(a, spec->connector == NULL ? "" : spec->connector);
	if (spec->config != NULL)
		rq->config = config_copy(a, spec->config);
	if (spec->target != NULL) {
		rq->target = *spec->target;
		rq->spec.target = &rq->target;
	}
	rq->spec.config = &rq->config;
	rq->offsets = json_deep_copy(spec->offsets);
	if (spec->logger != NULL) {
		rq->spec.logger = ps_strdup(a, spec->logger);
		rq->spec.level = ps_strdup(a, spec->level);
	}
	copy_declared(rq, spec);
	while (last != NULL && last->next != NULL)
		last = last->next;
	rq->prev = last;
	if (last != NULL)
		last->next = rq;
	else
		all->first = rq;
	wake(all);
	return rq;
}

void
request_forget(struct request *rq)
{
	rq->fn = NULL;
}

struct requests *
requests_new(struct worker *w)
{
	struct requests *all = xcalloc(1, sizeof *all);

	all->w = w;
	all->soon.data = all;
	(void)uv_async_init(worker_loop(w), &all->soon, on_soon);
	return all;
}

void
requests_read(struct requests *all)
{
	all->read = true;
	wake(all);
}

void
requests_begin(struct requests *all)
{
	all->begun = true;
	wake(all);
}

void
requests_look(struct requests *all)
{
	wake(all);
}

static void
on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
requests_free(struct requests **rp)
{
	struct requests *all = *rp;

	if (all == NULL)
		return;
	*rp = NULL;
	all->closing = true;
	while (all->first != NULL) {
		all->first->fn = NULL;
		request_free(all->first);
	}
	uv_close((uv_handle_t *)&all->soon, on_closed);
}
