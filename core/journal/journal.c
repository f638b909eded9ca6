#include "journal/journal.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "journal/journal_impl.h"

#define AREA          "journal"
#define SCRATCH_BYTES 4096

/* ---- what was read ----------------------------------------------------- */

static void
on_config(void *ctx, const struct configs_event *e)
{
	struct journal *j = ctx;

	if (e->what == CONFIGS_BAD)
		log_warn(AREA, "config topic: %s: %s", e->name, e->text);
	else if (!j->closing)
		j->ops->config(j->ctx, e);
}

static void
tell_own(struct journal *j, const struct store_pair *record)
{
	struct key key;

	if (j->ops->own == NULL || j->closing)
		return;
	arena_reset(j->scratch, SCRATCH_BYTES);
	key = key_parse_status(j->scratch, record->key, record->key_len);
	j->ops->own(j->ctx, key.name, record->value, record->value_len);
}

static void
tell_status(struct journal *j, const struct store_pair *record,
    enum statuses_what what)
{
	struct key key;

	if (j->ops->status == NULL || j->closing)
		return;
	arena_reset(j->scratch, SCRATCH_BYTES);
	key = key_parse_status(j->scratch, record->key, record->key_len);
	j->ops->status(j->ctx, key.name,
	    key.kind == KEY_STATUS_TASK ? key.task : -1, what);
}

static void
apply_status(struct journal *j, const struct store_pair *record)
{
	struct ps_error err = { 0 };
	enum statuses_what what = statuses_apply(j->statuses, record, &err);

	switch (what) {
	case STATUSES_BAD:
		log_warn(AREA, "status topic: skipped: %s", err.text);
		break;
	case STATUSES_PENSTOCK:
		tell_own(j, record);
		break;
	case STATUSES_CONNECTOR:
	case STATUSES_TASK:
	case STATUSES_IGNORED:
		tell_status(j, record, what);
		break;
	case STATUSES_TOPIC:
		break;
	}
}

void
journal_apply(struct journal *j, enum journal_log log,
    const struct store_pair *record, int64_t offset)
{
	struct ps_error err = { 0 };

	switch (log) {
	case JOURNAL_CONFIG:
		configs_apply(j->configs, record, offset,
		    j->live ? CONFIGS_LIVE : CONFIGS_REPLAY);
		break;
	case JOURNAL_OFFSET:
		if (offsets_apply(j->offsets, record, &err) != 0)
			log_warn(AREA, "offset topic: skipped: %s", err.text);
		break;
	case JOURNAL_STATUS:
		apply_status(j, record);
		break;
	}
}

/* ---- who waits --------------------------------------------------------- */

static struct wait *
wait_new(struct journal *j, enum journal_log log, journal_done_fn *fn,
    void *ctx)
{
	struct wait *w = xcalloc(1, sizeof *w), **end = &j->first;

	w->j = j;
	w->log = log;
	w->fn = fn;
	w->ctx = ctx;
	while (*end != NULL)
		end = &(*end)->next;
	*end = w;
	return w;
}

static void
wait_free(struct wait *w)
{
	free(w->marks);
	free(w);
}

static void
on_soon(uv_idle_t *h)
{
	(void)uv_idle_stop(h);
	journal_settle(h->data);
}

void
journal_finish(struct wait *w, const struct ps_error *err)
{
	if (err != NULL)
		w->err = *err;
	w->finished = true;
	if (!w->j->closing)
		(void)uv_idle_start(&w->j->soon, on_soon);
}

static bool
is_over(const struct wait *w)
{
	if (w->finished)
		return w->unwritten == 0;
	return w->what == WAIT_WRITE && w->unwritten == 0 &&
	       w->j->kind->passed(w);
}

static struct wait *
take_over(struct journal *j)
{
	struct wait *w;

	for (struct wait **at = &j->first; (w = *at) != NULL; at = &w->next)
		if (is_over(w)) {
			*at = w->next;
			return w;
		}
	return NULL;
}

void
journal_settle(struct journal *j)
{
	struct wait *w;

	/* A callback may append or forget: look anew each time. */
	while (!j->closing && (w = take_over(j)) != NULL) {
		if (w->fn != NULL)
			w->fn(w->ctx, w->err.code == PS_OK ? NULL : &w->err);
		else if (w->err.code != PS_OK)
			log_error(AREA, "%s", w->err.text);
		wait_free(w);
	}
}

void
journal_append(struct journal *j, enum journal_log log,
    const struct store_pairs *records, journal_done_fn *fn, void *ctx)
{
	struct wait *w = wait_new(j, log, fn, ctx);

	if (records->count == 0) {
		journal_finish(w, NULL);
		return;
	}
	w->unwritten = records->count;
	w->marks = xcalloc(records->count, sizeof *w->marks);
	j->kind->append(w, records);
}

void
journal_read_to_end(struct journal *j, enum journal_log log,
    journal_done_fn *fn, void *ctx)
{
	struct wait *w = wait_new(j, log, fn, ctx);

	w->what = WAIT_END_LATER;
	j->kind->read_to_end(w);
}

void
journal_forget(struct journal *j, const void *ctx)
{
	for (struct wait *w = j->first; w != NULL; w = w->next)
		if (w->ctx == ctx)
			w->fn = NULL;
}

/* ---- life -------------------------------------------------------------- */

void
journal_init(struct journal *j, const struct journal_kind *kind,
    uv_loop_t *loop, const struct journal_ops *ops, void *ctx)
{
	j->kind = kind;
	j->loop = loop;
	j->ops = ops;
	j->ctx = ctx;
	j->configs = configs_new(on_config, j);
	j->statuses = statuses_new();
	j->offsets = offsets_new();
	j->scratch = arena_new(SCRATCH_BYTES);
	j->soon.data = j;
	(void)uv_idle_init(loop, &j->soon);
}

void
journal_fini(struct journal *j)
{
	for (struct wait *w = j->first, *next; w != NULL; w = next) {
		next = w->next;
		wait_free(w);
	}
	configs_free(&j->configs);
	statuses_free(&j->statuses);
	offsets_free(&j->offsets);
	arena_free(&j->scratch);
}

void
journal_close(struct journal **jp, int limit_ms)
{
	struct journal *j = *jp;

	if (j == NULL)
		return;
	*jp = NULL;
	j->closing = true;
	j->kind->close(j, limit_ms);
}

const struct configs *
journal_configs(const struct journal *j)
{
	return j->configs;
}

const struct statuses *
journal_statuses(const struct journal *j)
{
	return j->statuses;
}

const struct offsets *
journal_offsets(const struct journal *j)
{
	return j->offsets;
}

const char *
journal_trouble(const struct journal *j)
{
	return j->kind->trouble(j);
}

const char *
journal_cluster_id(const struct journal *j)
{
	return j->kind->cluster_id(j);
}

struct admin *
journal_admin(const struct journal *j)
{
	return j->kind->admin(j);
}
