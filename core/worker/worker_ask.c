#include "worker/worker_impl.h"

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
