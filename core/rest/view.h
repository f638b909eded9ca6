/*
 * view: Connect's objects as JSON.
 *
 * Members of our own stand beside Connect's, never instead. New references.
 */
#ifndef PENSTOCK_REST_VIEW_H
#define PENSTOCK_REST_VIEW_H

#include <jansson.h>

#include "store/configs.h"

struct worker;

/* Passwords masked, those in URLs too; references to them are not. */
json_t *view_config(const struct ps_config *c);
/* Who sends back what was masked means what is there: all of what view_config
 * gave is all of `present`. */
struct ps_config view_unmask(struct ps_arena *a, const struct ps_config *given,
    const struct ps_config *present);
/* PS_E_CONFIG: what is to be written has a mask where `present` (NULL: there
 * is none) has no secret. */
int view_check_unmasked(const struct ps_config *c,
    const struct ps_config *present, struct ps_error *err);
/* ConnectorInfo */
json_t *view_info(struct worker *w, const struct configs_connector *cfg);
/* ConnectorStateInfo. Of what `flags` says the state reads RESTARTING. */
enum view_flags {
	VIEW_AS_IT_IS = 0,
	VIEW_RESTART = 1 << 0,
	VIEW_RESTART_TASKS = 1 << 1,
	VIEW_RESTART_FAILED = 1 << 2, /* only those */
};
json_t *view_status(struct worker *w, const struct configs_connector *cfg,
    unsigned flags);
/* How much it needs people: 0 what has failed, then what is stalled, what
 * nobody runs, what starts again, and VIEW_RANK_WELL all others. */
#define VIEW_RANK_WELL 4U
unsigned view_rank(struct worker *w, const struct configs_connector *cfg);
/* A task's state, or NULL. */
json_t *view_task(struct worker *w, const char *connector, int task);
/* [{id, config}] */
json_t *view_tasks(const struct configs_connector *cfg);

#endif
