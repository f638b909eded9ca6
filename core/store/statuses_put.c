#include <string.h>

#include "base/js.h"
#include "store/statuses.h"

static struct store_pair
pair(struct ps_arena *a, const struct key *key, json_t *value)
{
	struct store_pair p = { .key = key_build(a, key) };

	p.key_len = strlen(p.key);
	if (value != NULL) {
		p.value = js_dump(a, value);
		p.value_len = strlen(p.value);
		json_decref(value);
	}
	return p;
}

static void
set_text(json_t *obj, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0')
		(void)json_object_set_new(obj, name, js_str(text));
}

static void
set_number(json_t *obj, const char *name, int64_t n)
{
	if (n != 0)
		(void)json_object_set_new(obj, name, json_integer(n));
}

/* Connect's members first and always, in its order; ours when they say
 * something. */
static json_t *
status_json(const struct status *st)
{
	json_t *j = json_object();

	(void)json_object_set_new(j, "state", js_str(st->state));
	(void)json_object_set_new(j, "trace", js_str(st->trace));
	(void)json_object_set_new(j, "worker_id", js_str(st->worker_id));
	(void)json_object_set_new(j, "generation",
	    json_integer(st->generation));
	(void)json_object_set_new(j, "version", js_str(st->version));
	set_text(j, "penstock_detail", st->detail);
	set_text(j, "penstock_cause", st->cause);
	set_text(j, "penstock_next_action", st->next_action);
	set_text(j, "penstock_incarnation", st->incarnation);
	set_number(j, "penstock_since", st->since_ms);
	set_number(j, "penstock_restarts", st->restarts);
	return j;
}

struct store_pair
statuses_put(struct ps_arena *a, const char *connector, int task,
    const struct status *st)
{
	struct key key = { task < 0 ? KEY_STATUS_CONNECTOR : KEY_STATUS_TASK,
		connector, "", task };

	return pair(a, &key, st == NULL ? NULL : status_json(st));
}

struct store_pair
statuses_put_topic(struct ps_arena *a, const struct status_topic *t)
{
	struct key key = { KEY_STATUS_TOPIC, t->connector, t->topic, -1 };

	return pair(a, &key,
	    json_pack("{s:{s:s,s:s,s:i,s:I}}", "topic", "name", t->topic,
		"connector", t->connector, "task", t->task, "discoverTimestamp",
		(json_int_t)t->discovered_ms));
}

struct store_pair
statuses_delete_topic(struct ps_arena *a, const char *connector,
    const char *topic)
{
	struct key key = { KEY_STATUS_TOPIC, connector, topic, -1 };

	return pair(a, &key, NULL);
}
