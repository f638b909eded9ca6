#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "cluster/members.h"
#include "config/map.h"
#include "worker/request.h"

#define LIMIT_MS 80000 /* below the request's own */

static const char no_type[] = "Connector config contains no connector type";
/* How Connect's validation endpoint puts what elsewhere is a plain 400. */
static const char wrapped[] =
    "org.apache.kafka.connect.runtime.rest.errors.BadRequestException: ";

static const char *const hows[REQUEST_OPS] = {
	[REQUEST_CREATE] = "create",
	[REQUEST_REPLACE] = "replace",
	[REQUEST_PATCH] = "patch",
};

static void
write_config(struct request *rq)
{
	const char *name = rq->spec.connector;
	struct quota q = request_quota(rq);
	const struct configs_connector *cfg = configs_find(q.configs, name);
	struct revision_change change = { name,
		cfg == NULL ? NULL : &cfg->config, &rq->config,
		request_note(rq, hows[rq->spec.op]) };
	bool is_new = cfg == NULL;
	struct store_pair records[2 + REVISIONS_ADDED];
	size_t n = 0;

	rq->change = quota_change(&q, name, &rq->config);
	if (!request_has_room(rq, &rq->change, 1))
		return;
	rq->changes = &rq->change;
	rq->change_count = 1;
	if (is_new && rq->spec.target != NULL)
		records[n++] =
		    configs_put_target(rq->a, name, *rq->spec.target);
	records[n++] = configs_put_connector(rq->a, name, &rq->config);
	n +=
	    revisions_add(worker_revisions(rq->w), rq->a, &change, records + n);
	request_append(rq, JOURNAL_CONFIG, &(struct store_pairs){ records, n },
	    is_new ? ANSWER_CREATED : ANSWER_DONE);
}

static void
on_checked(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct request *rq = ctx;
	const char *errors =
	    result == NULL ? NULL : js_opt_str(result, "error");

	if (result == NULL)
		request_refuse(rq,
		    err->code == PS_E_CONFIG ? ANSWER_INVALID : ANSWER_FAILED,
		    "%s", err->text);
	else if (errors != NULL)
		request_refuse(rq, ANSWER_INVALID, "%s", errors);
	else if (rq->spec.op == REQUEST_CHECK)
		request_done(rq);
	else
		write_config(rq);
}

static void
send_errand(struct request *rq, errand_fn *fn)
{
	struct errand_spec spec = { MSG_CONNECTOR, rq->spec.connector,
		&rq->config };
	json_t *config = js_from_config(&rq->config);

	rq->errand = errand_new(worker_errands(rq->w), &spec);
	errand_ask(rq->errand, "validate", json_pack("{s:o}", "config", config),
	    LIMIT_MS, fn, rq);
}

/* ---- create, replace, patch -------------------------------------------- */

/* The config as it will be written; -1: refused. */
static int
prepare(struct request *rq, const struct configs_connector *cfg)
{
	const char *name = rq->spec.connector, *inner;
	struct ps_error err = { 0 };

	if (cfg != NULL && rq->spec.op == REQUEST_PATCH)
		rq->config = config_merge(rq->a, &cfg->config, &rq->config);
	inner = ps_config_get(&rq->config, "name");
	if (inner != NULL && strcmp(inner, name) != 0) {
		request_refuse(rq, ANSWER_INVALID,
		    "Connector name configuration (%s) doesn't match "
		    "connector name in the URL (%s)",
		    inner, name);
		return -1;
	}
	if (members_check_placement(
		ps_config_get(&rq->config, "penstock.placement"), &err) != 0) {
		request_refuse(rq, ANSWER_INVALID,
		    "Connector configuration is invalid and contains the "
		    "following 1 error(s):\nInvalid value for configuration "
		    "penstock.placement: %s",
		    err.text);
		return -1;
	}
	if (inner == NULL && rq->spec.op != REQUEST_PATCH)
		rq->config = config_with(rq->a, &rq->config, "name", name);
	if (!ps_config_has(&rq->config, "connector.class")) {
		request_refuse(rq, ANSWER_INVALID, "%s", no_type);
		return -1;
	}
	return 0;
}

/* Before the plugin is asked; others may take the room meanwhile. */
static bool
fits(struct request *rq)
{
	struct quota q = request_quota(rq);
	struct quota_change c =
	    quota_change(&q, rq->spec.connector, &rq->config);

	return request_has_room(rq, &c, 1);
}

void
request_put(struct request *rq)
{
	const char *name = rq->spec.connector;
	const struct configs_connector *cfg =
	    configs_find(journal_configs(worker_journal(rq->w)), name);

	if (cfg != NULL && rq->spec.op == REQUEST_CREATE)
		request_refuse(rq, ANSWER_CONFLICT,
		    "Connector %s already exists", name);
	else if (cfg == NULL && rq->spec.op == REQUEST_PATCH)
		request_refuse(rq, ANSWER_UNKNOWN, "Connector %s not found",
		    name);
	else if (request_matches(rq) && prepare(rq, cfg) == 0 && fits(rq))
		send_errand(rq, on_checked);
}

void
request_check(struct request *rq)
{
	struct quota q = request_quota(rq);
	struct ps_error err = { 0 };

	if (prepare(rq, NULL) != 0)
		return;
	if (quota_check_config(&q, rq->spec.connector, &rq->config, &err) != 0)
		request_refuse(rq, ANSWER_QUOTA, "%s", err.text);
	else
		send_errand(rq, on_checked);
}

/* ---- validation alone -------------------------------------------------- */

static void
on_validated(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct request *rq = ctx;

	if (result == NULL)
		request_refuse(rq, ANSWER_FAILED, "%s%s",
		    err->code == PS_E_CONFIG ? wrapped : "", err->text);
	else
		request_answer(rq,
		    &(struct answer){ .kind = ANSWER_DONE, .json = result });
}

void
request_validate(struct request *rq)
{
	if (!ps_config_has(&rq->config, "connector.class"))
		request_refuse(rq, ANSWER_FAILED, "%s%s", wrapped, no_type);
	else
		send_errand(rq, on_validated);
}
