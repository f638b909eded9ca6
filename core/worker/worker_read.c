#include "base/log.h"
#include "store/documents.h"
#include "store/revisions.h"
#include "worker/upgrader.h"
#include "worker/worker_impl.h"

#define AREA "worker"

static void
take_document(struct worker *w, const struct configs_event *e)
{
	struct ps_error err = { 0 };

	if (documents_apply(w->documents, e->name, e->offset, e->value,
		e->value_len, &err) != 0 ||
	    revisions_apply(w->revisions, e->name, e->value, e->value_len,
		&err) != 0)
		log_error(AREA, "penstock-%s is skipped: %s", e->name,
		    err.text);
	if (w->upgrader != NULL)
		upgrader_look(w->upgrader);
}

void
worker_read_config(void *ctx, const struct configs_event *e)
{
	struct worker *w = ctx;

	if (e->what == CONFIGS_PENSTOCK)
		take_document(w, e);
	cluster_config(w->cluster, e);
	if (w->reconcile != NULL)
		reconcile_event(w->reconcile, e);
}

void
worker_read_own(void *ctx, const char *name, const void *value, size_t len)
{
	cluster_status(((struct worker *)ctx)->cluster, name, value, len);
}

void
worker_read_status(void *ctx, const char *connector, int task,
    enum statuses_what what)
{
	struct worker *w = ctx;

	if (w->reconcile != NULL)
		reconcile_status(w->reconcile, connector, task, what);
}

void
worker_read_stranger(void *ctx, const char *key, int64_t offset)
{
	cluster_stranger(((struct worker *)ctx)->cluster, key, offset);
}
