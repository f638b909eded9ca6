#include "task/overlays.h"

#include <stdlib.h>
#include <string.h>

#include "base/js.h"
#include "base/log.h"
#include "config/expand.h"
#include "plugin/load.h"
#include "record/json.h"

int
overlays_check_count(const struct settings *s, size_t count, size_t max,
    struct ps_error *err)
{
	if (count <= max)
		return 0;
	if (ps_config_bool(&s->common, "tasks.max.enforce"))
		return ps_fail(err, PS_E_CONFIG,
		    "The connector %s has generated %zu tasks, which is "
		    "greater than %zu, the maximum number of tasks it is "
		    "configured to create. This behaviour should be "
		    "considered a bug and is disallowed. If necessary, it can "
		    "be permitted by reconfiguring the connector with "
		    "'tasks.max.enforce' set to false; however, this option "
		    "will be removed in a future release of Kafka Connect.",
		    s->connector, count, max);
	log_warn("connector",
	    "The connector %s has generated %zu tasks, which is greater than "
	    "%zu, the maximum number of tasks it is configured to create.",
	    s->connector, count, max);
	return 0;
}

/* 1: the connector's own value, unchanged; 0: the task's; -1: a secret. */
static int
judge(const struct settings *s, const struct ps_setting *set,
    struct ps_error *err)
{
	const char *raw = ps_config_get(&s->raw, set->key);
	const char *own = ps_config_get(&s->config, set->key);

	if (raw != NULL && own != NULL && set->value != NULL &&
	    strcmp(own, set->value) == 0)
		return 1;
	if (set->value != NULL && providers_leaks(s->providers, set->value))
		return ps_fail(err, PS_E_CONFIG,
		    "task config: %s holds a value that a config provider "
		    "gave; it would be stored in the config topic. The "
		    "connector must read it from its own configuration",
		    set->key);
	return 0;
}

static json_t *
overlay_json(const struct settings *s, const struct ps_setting *overlay,
    struct ps_error *err)
{
	json_t *out = json_object();

	for (; overlay->key != NULL; overlay++) {
		int same = judge(s, overlay, err);

		if (same < 0) {
			json_decref(out);
			return NULL;
		}
		if (same == 0)
			(void)json_object_set_new(out, overlay->key,
			    json_string(overlay->value));
	}
	return out;
}

json_t *
overlays_json(const struct settings *s, const struct ps_task_configs *tasks,
    struct ps_error *err)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tasks->count; i++) {
		json_t *one = overlay_json(s, tasks->tasks[i], err);

		if (one == NULL) {
			json_decref(list);
			return NULL;
		}
		(void)json_array_append_new(list, one);
	}
	return json_pack("{s:o, s:s, s:s, s:s}", "tasks", list, "class",
	    catalog_java_name(s->class->class), "type",
	    kind_name(s->class->class->kind), "version",
	    s->class->plugin->version);
}

static struct ps_value
to_value(struct ps_arena *a, const json_t *j, struct ps_error *err)
{
	struct ps_value v = ps_null();
	char *text = js_dump(a, j);

	(void)value_from_json(a, text, strlen(text), &v, err);
	return v;
}

static int
alter_source(struct task *t, const struct instance *ops,
    const struct ps_config *c, const json_t *items, struct ps_error *err)
{
	struct ps_arena *a = t->settings.arena;
	size_t n = json_array_size(items), i;
	struct ps_position *positions =
	    (struct ps_position *)ps_calloc(a, n + 1, sizeof *positions);
	const json_t *pair;

	if (ops->source.alter_offsets == NULL)
		return 0;
	json_array_foreach(items, i, pair)
	{
		struct ps_value map = to_value(a, json_array_get(pair, 0), err);

		positions[i].partition =
		    partition_find(host_partitions(t->host), &map);
		positions[i].offset = to_value(a, json_array_get(pair, 1), err);
		if (positions[i].partition == NULL)
			return ps_fail(err, PS_E_DATA,
			    "offset %zu: its partition is no JSON object", i);
	}
	if (err->code != PS_OK)
		return -1;
	return ops->source.alter_offsets(host_abi(t->host), c, positions, n,
	    err);
}

/* {"kafka_topic","kafka_partition"}, {"kafka_offset"} or null. */
static int
read_position(const json_t *pair, struct ps_topic_position *tp,
    struct ps_error *err)
{
	const json_t *where = json_array_get(pair, 0);
	int64_t partition;

	if (js_get_str(where, "kafka_topic", &tp->topic, err) != 0 ||
	    js_get_int(where, "kafka_partition", &partition, err) != 0)
		return -1;
	tp->partition = (int32_t)partition;
	tp->offset =
	    js_opt_int(json_array_get(pair, 1), "kafka_offset", PS_NO_OFFSET);
	return 0;
}

static int
alter_sink(struct task *t, const struct instance *ops,
    const struct ps_config *c, const json_t *items, struct ps_error *err)
{
	size_t n = json_array_size(items), i;
	struct ps_topic_position *tps = (struct ps_topic_position *)ps_calloc(
	    t->settings.arena, n + 1, sizeof *tps);
	const json_t *pair;

	if (ops->sink.alter_offsets == NULL)
		return 0;
	json_array_foreach(items, i,
	    pair) if (read_position(pair, &tps[i], err) !=
		      0) return ps_fail_in(err, "offset %zu", i);
	return ops->sink.alter_offsets(host_abi(t->host), c, tps, n, err);
}

json_t *
overlays_alter_offsets(struct task *t, const struct instance *ops,
    const struct ps_config *c, const json_t *items, struct ps_error *err)
{
	int handled =
	    (settings_is_sink(&t->settings) ? alter_sink : alter_source)(t, ops,
		c, items, err);

	if (handled < 0)
		return NULL;
	return json_pack("{s:b}", "handled", handled == 1);
}
