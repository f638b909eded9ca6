#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/js.h"
#include "config/map.h"
#include "worker/request.h"

#define LIMIT_MS   80000 /* below the request's own */
#define TEXT_BYTES ((size_t)1024 * 1024)

static const char where_more[] =
    "You can also find the above list of errors at the endpoint "
    "`/connector-plugins/{connectorType}/config/validate`";

/* ---- what a validation says -------------------------------------------- */

static void
add_errors(struct buf *b, const json_t *result)
{
	const json_t *configs = json_object_get(result, "configs");
	const json_t *one, *errors, *error;
	size_t i, j;

	json_array_foreach(configs, i, one)
	{
		errors =
		    json_object_get(json_object_get(one, "value"), "errors");
		json_array_foreach(errors, j, error)(void)
		    buf_printf(b, "%s\n", json_string_value(error));
	}
}

static void
refuse_errors(struct request *rq, const json_t *result, int64_t count)
{
	struct buf b;

	buf_init(&b, TEXT_BYTES);
	(void)buf_printf(&b,
	    "Connector configuration is invalid and contains the following "
	    "%lld error(s):\n",
	    (long long)count);
	add_errors(&b, result);
	(void)buf_puts(&b, where_more);
	request_refuse(rq, ANSWER_INVALID, "%s", buf_str(&b));
	buf_fini(&b);
}

static void
write_config(struct request *rq)
{
	const char *name = rq->spec.connector;
	const struct configs *all = journal_configs(worker_journal(rq->w));
	bool is_new = configs_find(all, name) == NULL;
	struct store_pair records[2];
	size_t n = 0;

	if (is_new && rq->spec.target != NULL)
		records[n++] =
		    configs_put_target(rq->a, name, *rq->spec.target);
	records[n++] = configs_put_connector(rq->a, name, &rq->config);
	request_append(rq, JOURNAL_CONFIG, &(struct store_pairs){ records, n },
	    is_new ? ANSWER_CREATED : ANSWER_DONE);
}

/* `result` is null, or has an error that no key is to blame for. */
static const char *
whole_error(const json_t *result, const struct ps_error *err)
{
	return result == NULL ? err->text : js_opt_str(result, "error");
}

static void
on_checked(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct request *rq = ctx;
	const char *error = whole_error(result, err);
	int64_t count;

	if (error != NULL) {
		request_refuse(rq,
		    result != NULL || err->code == PS_E_CONFIG ? ANSWER_INVALID
							       : ANSWER_FAILED,
		    "%s", error);
		return;
	}
	count = js_opt_int(result, "error_count", 0);
	if (count > 0)
		refuse_errors(rq, result, count);
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
	if (inner == NULL)
		rq->config = config_with(rq->a, &rq->config, "name", name);
	if (!ps_config_has(&rq->config, "connector.class")) {
		request_refuse(rq, ANSWER_INVALID,
		    "Connector config contains no connector type");
		return -1;
	}
	return 0;
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
	else if (prepare(rq, cfg) == 0)
		send_errand(rq, on_checked);
}

/* ---- validation alone -------------------------------------------------- */

static void
on_validated(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct request *rq = ctx;
	const char *error = whole_error(result, err);

	if (error != NULL)
		request_refuse(rq, ANSWER_FAILED, "%s%s",
		    result == NULL
			? ""
			: "org.apache.kafka.connect.runtime.rest.errors."
			  "BadRequestException: ",
		    error);
	else
		request_answer(rq,
		    &(struct answer){ .kind = ANSWER_DONE, .json = result });
}

void
request_validate(struct request *rq)
{
	if (!ps_config_has(&rq->config, "connector.class"))
		request_refuse(rq, ANSWER_FAILED,
		    "org.apache.kafka.connect.runtime.rest.errors."
		    "BadRequestException: Connector config contains no "
		    "connector type");
	else
		send_errand(rq, on_validated);
}
