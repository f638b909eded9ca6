/*
 * flow: what a declared pipeline would change.
 *
 * A plan is made against what the log says now and has an id: the same
 * wish against the same state has the same id on every worker, so whoever
 * applies a plan can be told that it is out of date. A connector belongs to
 * the pipeline that its setting penstock.pipeline names.
 */
#ifndef PENSTOCK_WORKER_FLOW_H
#define PENSTOCK_WORKER_FLOW_H

#include <stdbool.h>

#include <jansson.h>

#include "store/configs.h"

struct worker;

#define FLOW_KEY "penstock.pipeline"

enum flow_action {
	FLOW_NOTHING,
	FLOW_CREATE,
	FLOW_RECONFIGURE,
	FLOW_DELETE,
};

struct flow_change {
	enum flow_action action;
	const char *connector;
	struct ps_config config; /* as it is to be */
	const char *golden;      /* its golden records, JSON; NULL: none */
	const struct configs_connector *present; /* NULL: it is new */
};

/* Memory from the arena; what is present is borrowed from the log. */
struct flow_plan {
	const char *pipeline;
	const char *template; /* "" of one that is to go */
	int64_t version;
	const char *doc;     /* to be stored; NULL: it is to go */
	bool conflicts;      /* a connector is another's */
	bool is_new, stores; /* the pipeline itself; its document changes */
	struct flow_change *changes; /* in the order they are made */
	size_t count;
	char id[33];
};

enum flow_flags {
	FLOW_ADOPT = 1 << 0, /* connectors of others too */
};

struct flow_wish {
	const char *name;
	/* {"template", "version", "parameters"}, and "document" in place of
	 * the stored template; NULL: the pipeline is to go. */
	const json_t *want;
	unsigned flags;
};

/* -1: `errors` says why, all at once. */
int flow_plan(struct worker *w, struct ps_arena *a,
    const struct flow_wish *wish, struct flow_plan *out, json_t *errors);
/* Would it change anything? */
bool flow_is_empty(const struct flow_plan *p);
/* `note`: for the history of each connector. */
struct revision_note;
struct store_pairs flow_records(struct worker *w, struct ps_arena *a,
    const struct flow_plan *p, const struct revision_note *note);
const char *flow_action_name(enum flow_action action);
/* The pipeline that a connector belongs to, or NULL. */
const char *flow_of(const struct ps_config *config);

/* Names that its request holds while it is worked off, NULL at the end. */
const char *const *flow_claims(struct ps_arena *a, const struct flow_plan *p);

#endif
