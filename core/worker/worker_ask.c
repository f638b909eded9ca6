#include "worker/worker_impl.h"

#include "base/arena.h"

/* ---- what it is told before it starts ---------------------------------- */

void
worker_add_connector(struct worker *w, const struct request_spec *spec,
    const char *file)
{
	struct start_file *f = ps_calloc(w->a, 1, sizeof *f), **end = &w->files;

	f->w = w;
	f->spec = *spec;
	f->file = file;
	while (*end != NULL)
		end = &(*end)->next;
	*end = f;
}

void
worker_tell_end(struct worker *w, const struct worker_ending *ending, void *ctx)
{
	w->ending = ending;
	w->ending_ctx = ctx;
}

/* ---- what it is asked -------------------------------------------------- */

uv_loop_t *
worker_loop(struct worker *w)
{
	return &w->loop;
}

const struct options *
worker_options(const struct worker *w)
{
	return w->options;
}

struct journal *
worker_journal(const struct worker *w)
{
	return w->journal;
}

struct cluster *
worker_cluster(const struct worker *w)
{
	return w->cluster;
}

struct inventory *
worker_inventory(const struct worker *w)
{
	return w->inventory;
}

struct reconcile *
worker_reconcile(const struct worker *w)
{
	return w->reconcile;
}

struct documents *
worker_documents(const struct worker *w)
{
	return w->documents;
}

const struct revisions *
worker_revisions(const struct worker *w)
{
	return w->revisions;
}

struct requests *
worker_requests(const struct worker *w)
{
	return w->requests;
}

struct metric_registry *
worker_metrics(const struct worker *w)
{
	return w->metrics;
}

const struct errand_env *
worker_errands(const struct worker *w)
{
	return &w->errands;
}

const char *
worker_id(const struct worker *w)
{
	return w->id == NULL ? "" : w->id;
}

const char *
worker_incarnation(const struct worker *w)
{
	return w->incarnation == NULL ? "" : w->incarnation;
}

enum worker_phase
worker_phase(const struct worker *w)
{
	return w->phase;
}

bool
worker_has_read(const struct worker *w)
{
	return w->read;
}

const char *
worker_stage(const struct worker *w, struct wall_ms *since)
{
	*since = w->stage_since;
	return w->stage;
}

struct wall_ms
worker_started(const struct worker *w)
{
	return w->started;
}
