/*
 * takeover_impl: what the steps of check-takeover share.
 *
 * Private to takeover*.c. Each step is a function that runs the loop until
 * its answers have come.
 */
#ifndef PENSTOCK_TAKEOVER_TAKEOVER_IMPL_H
#define PENSTOCK_TAKEOVER_TAKEOVER_IMPL_H

#include <uv.h>

#include "kafka/admin.h"
#include "kafka/topiclog.h"
#include "store/configs.h"
#include "store/offsets.h"
#include "store/statuses.h"
#include "store/wire.h"
#include "supervise/errand.h"
#include "supervise/inventory.h"

struct takeover {
	struct ps_arena *a;
	struct options *o;
	uv_loop_t loop;
	uv_timer_t timer;
	struct gate gate;
	struct errand_env errands;
	struct inventory *inventory;

	struct topiclog_hub *hub;
	struct admin *admin;
	uv_poll_t hub_poll, admin_poll;
	struct configs *configs;
	struct offsets *offsets;
	struct statuses *statuses;
	struct mark mark; /* as penstock-cluster says */

	size_t waiting;      /* answers that have not come */
	struct ps_error err; /* the first of a step */
	json_t *problems;    /* of the worker as a whole: texts */
};

/* Runs the loop until all answers have come, one failed or limit_ms are
 * over. */
int takeover_wait(struct takeover *t, int limit_ms, struct ps_error *err);
PS_PRINTF(2, 3)
void takeover_problem(struct takeover *t, const char *fmt, ...);

/* Opens a reader of the cluster, reads the three topics to their ends. */
int takeover_read(struct takeover *t, struct ps_error *err);
/* Of a sink's group: [{partition, offset}], or NULL. */
json_t *takeover_group_offsets(struct takeover *t, const char *group,
    struct ps_error *err);
void takeover_close(struct takeover *t);

/* {name, runs, …} of one connector; a new reference. */
json_t *takeover_judge(struct takeover *t, const struct configs_connector *c);
/* [{name, class, runs, …}] of the worker's config.providers. */
json_t *takeover_providers(struct takeover *t);

/* The report for people. */
void takeover_print(const json_t *report);

#endif
