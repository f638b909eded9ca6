#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "kafka/admin.h"
#include "worker/request.h"

#define LIMIT_MS 60000

/* ---- what both need ---------------------------------------------------- */

const struct configs_connector *
request_connector(struct request *rq)
{
	const struct configs_connector *cfg = configs_find(
	    journal_configs(worker_journal(rq->w)), rq->spec.connector);

	if (cfg == NULL)
		request_refuse(rq, ANSWER_UNKNOWN, "Connector %s not found",
		    rq->spec.connector);
	return cfg;
}

bool
request_is_sink(const struct request *rq, const struct configs_connector *cfg)
{
	return strcmp(inventory_connector_type(worker_inventory(rq->w),
			  ps_config_str(&cfg->config, "connector.class")),
		   "sink") == 0;
}

const char *
request_group_of(struct ps_arena *a, const struct configs_connector *cfg)
{
	const char *group =
	    ps_config_get(&cfg->config, "consumer.override.group.id");

	return group != NULL ? group : ps_printf(a, "connect-%s", cfg->name);
}

const char *
request_group(struct request *rq, const struct configs_connector *cfg)
{
	return request_group_of(rq->a, cfg);
}

/* ---- reading ----------------------------------------------------------- */

static void
add_source(void *ctx, const struct offsets_entry *e)
{
	struct ps_error err = { 0 };
	json_t *partition, *offset;

	partition =
	    js_parse(e->partition, strlen(e->partition), "partition", &err);
	offset = js_parse(e->offset, strlen(e->offset), "offset", &err);
	if (partition == NULL)
		partition = json_null();
	if (offset == NULL)
		offset = json_null();
	(void)json_array_append_new(ctx,
	    json_pack("{s:o, s:o}", "partition", partition, "offset", offset));
}

static void
answer_offsets(struct request *rq, json_t *list)
{
	json_t *body = json_pack("{s:o}", "offsets", list);

	request_answer(rq,
	    &(struct answer){ .kind = ANSWER_DONE, .json = body });
	json_decref(body);
}

static void
on_group(void *ctx, const struct admin_answer *answer)
{
	struct request *rq = ctx;
	json_t *list;

	if (answer->error.code != PS_OK) {
		request_refuse(rq, ANSWER_FAILED,
		    "Failed to retrieve consumer group offsets for connector "
		    "%s: %s",
		    rq->spec.connector, answer->error.text);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < answer->count; i++) {
		const struct admin_item *item = &answer->items[i];

		if (item->offset < 0)
			continue;
		(void)json_array_append_new(list,
		    json_pack("{s:{s:s, s:i}, s:{s:I}}", "partition",
			"kafka_topic", item->name, "kafka_partition",
			(int)item->partition, "offset", "kafka_offset",
			(json_int_t)item->offset));
	}
	answer_offsets(rq, list);
}

static void
answer_source(struct request *rq)
{
	json_t *list = json_array();

	request_each_offset(rq, add_source, list);
	answer_offsets(rq, list);
}

static void
on_read(void *ctx, const struct ps_error *err)
{
	struct request *rq = ctx;

	if (err != NULL)
		request_refuse(rq, ANSWER_FAILED, "%s", err->text);
	else
		request_read_own(rq, answer_source);
}

void
request_read_offsets(struct request *rq)
{
	struct admin *admin = journal_admin(worker_journal(rq->w));
	struct admin_call call = { on_group, rq, LIMIT_MS };
	const struct configs_connector *cfg = request_connector(rq);

	if (cfg == NULL)
		return;
	if (request_is_sink(rq, cfg) && admin != NULL)
		admin_group_offsets(admin, request_group(rq, cfg), call);
	else
		journal_read_to_end(worker_journal(rq->w), JOURNAL_OFFSET,
		    on_read, rq);
}
