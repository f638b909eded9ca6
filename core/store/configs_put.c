#include <string.h>

#include "base/js.h"
#include "store/configs.h"
#include "store/stored.h"

static const char *const target_names[] = {
	[TARGET_STARTED] = "STARTED",
	[TARGET_PAUSED] = "PAUSED",
	[TARGET_STOPPED] = "STOPPED",
};

const char *
target_state_name(enum target_state s)
{
	return target_names[s];
}

int
target_state_parse(const char *name, enum target_state *out)
{
	for (size_t i = 0; i < sizeof target_names / sizeof *target_names; i++)
		if (strcmp(target_names[i], name) == 0) {
			*out = (enum target_state)i;
			return 0;
		}
	return -1;
}

/* Takes the reference to `value`; NULL: a tombstone. */
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

static struct key
key_of(enum key_kind kind, const char *name)
{
	return (struct key){ kind, name, "", -1 };
}

static json_t *
properties_of(const struct ps_config *config)
{
	return json_pack("{s:o}", "properties", js_from_config(config));
}

struct store_pair
configs_put_connector(struct ps_arena *a, const char *name,
    const struct ps_config *config)
{
	struct key key = key_of(KEY_CONNECTOR, name);

	return pair(a, &key, properties_of(config));
}

/* Workers before 3.5 know no STOPPED: they read `state` and pause. */
struct store_pair
configs_put_target(struct ps_arena *a, const char *name,
    enum target_state target)
{
	struct key key = key_of(KEY_TARGET_STATE, name);
	enum target_state old =
	    target == TARGET_STOPPED ? TARGET_PAUSED : target;

	return pair(a, &key,
	    json_pack("{s:s,s:s}", "state", target_state_name(old), "state.v2",
		target_state_name(target)));
}

struct store_pairs
configs_delete(struct ps_arena *a, const char *name)
{
	struct store_pair *p = ps_calloc(a, 2, sizeof *p);
	struct key connector = key_of(KEY_CONNECTOR, name);
	struct key target = key_of(KEY_TARGET_STATE, name);

	p[0] = pair(a, &connector, NULL);
	p[1] = pair(a, &target, NULL);
	return (struct store_pairs){ p, 2 };
}

struct store_pairs
configs_put_tasks(struct ps_arena *a, const char *name,
    const struct ps_config *tasks, size_t count)
{
	struct store_pair *p = ps_calloc(a, count + 1, sizeof *p);
	struct key key = key_of(KEY_TASK, name);

	for (size_t i = 0; i < count; i++) {
		key.task = (int)i;
		p[i] = pair(a, &key, properties_of(&tasks[i]));
	}
	return (struct store_pairs){ p, count };
}

static struct store_pair
put_count(struct ps_arena *a, enum key_kind kind, const char *name,
    const char *member, size_t count)
{
	struct key key = key_of(kind, name);

	return pair(a, &key, json_pack("{s:I}", member, (json_int_t)count));
}

struct store_pair
configs_put_commit(struct ps_arena *a, const char *name, size_t count)
{
	return put_count(a, KEY_COMMIT, name, "tasks", count);
}

struct store_pair
configs_put_fencing(struct ps_arena *a, const char *name, size_t count)
{
	return put_count(a, KEY_FENCING, name, "task-count", count);
}

struct store_pair
configs_put_restart(struct ps_arena *a, const char *name, unsigned flags)
{
	struct key key = key_of(KEY_RESTART, name);

	return pair(a, &key,
	    json_pack("{s:b,s:b}", "include-tasks",
		(flags & CONFIGS_RESTART_TASKS) != 0, "only-failed",
		(flags & CONFIGS_RESTART_FAILED) != 0));
}

struct store_pair
configs_put_session_key(struct ps_arena *a, const struct configs_session_key *k)
{
	struct key key = key_of(KEY_SESSION, "");

	return pair(a, &key,
	    json_pack("{s:s,s:s,s:I}", "key", k->key, "algorithm", k->algorithm,
		"creation-timestamp", (json_int_t)k->created_ms));
}

struct store_pair
configs_put_logger(struct ps_arena *a, const char *logger, const char *level)
{
	struct key key = key_of(KEY_LOGGER, logger);

	return pair(a, &key, json_pack("{s:s}", "level", level));
}

size_t
configs_ids(const struct configs_connector *c)
{
	return c->fencing_count > 0 ? (size_t)c->fencing_count : 0;
}

size_t
configs_to_fence(const struct configs_connector *c)
{
	if (!c->pending_fencing)
		return 0;
	if (c->fencing_count == 1 && c->task_count == 1)
		return 0;
	return configs_ids(c);
}

bool
configs_tasks_differ(const struct configs_connector *c,
    const struct ps_config *tasks, size_t count)
{
	if (c->inconsistent || c->task_count != count)
		return true;
	if (!c->has_applied || !stored_equal(&c->config, &c->applied))
		return true;
	for (size_t i = 0; i < count; i++)
		if (!stored_equal(&c->tasks[i], &tasks[i]))
			return true;
	return false;
}
