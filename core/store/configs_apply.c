#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "store/configs_impl.h"
#include "store/stored.h"

#define CHUNK ((size_t)4096)

/* One record, while it is applied. */
struct step {
	struct configs *c;
	struct ps_arena *a;
	struct key key;
	const struct store_pair *record;
	json_t *value; /* NULL: null */
	int64_t offset;
	bool live;
};

static void
emit(const struct step *s, enum configs_what what)
{
	struct configs_event e = { .what = what,
		.name = s->key.name,
		.offset = s->offset };

	s->c->fn(s->c->ctx, &e);
}

static void
bad(const struct step *s, const char *why)
{
	struct configs_event e = { .what = CONFIGS_BAD,
		.name = s->key.name,
		.text = why,
		.offset = s->offset };

	s->c->fn(s->c->ctx, &e);
}

/* value.properties as a configuration of the step's arena. */
static int
read_properties(const struct step *s, struct ps_config *out)
{
	struct ps_error err = { PS_OK, "" };
	const json_t *properties = json_object_get(s->value, "properties");

	if (!json_is_object(properties)) {
		bad(s, "an object \"properties\" is expected");
		return -1;
	}
	if (js_to_config(s->a, properties, out, &err) == 0)
		return 0;
	bad(s, err.text);
	return -1;
}

static void
apply_target(struct step *s)
{
	struct known *k = configs_make_known(s->c, s->key.name);
	const char *name = js_opt_str(s->value, "state.v2");
	enum target_state target;

	if (s->value == NULL) {
		/* Gone with its connector; if that stands: started. */
		k->pub.target = TARGET_STARTED;
		k->has_target = k->exists;
		configs_drop(s->c, k);
		return;
	}
	if (name == NULL)
		name = js_opt_str(s->value, "state");
	if (name == NULL || target_state_parse(name, &target) != 0) {
		bad(s, "a target state is expected");
		return;
	}
	k->pub.target = target;
	k->has_target = true;
	emit(s, CONFIGS_TARGET);
}

static void
apply_connector(struct step *s)
{
	struct known *k = configs_make_known(s->c, s->key.name);
	struct ps_config config;

	if (s->value == NULL) {
		configs_remove(s->c, k);
		configs_drop(s->c, k);
		emit(s, CONFIGS_CONNECTOR_GONE);
		return;
	}
	if (read_properties(s, &config) != 0)
		return;
	held_set(&k->config, &config);
	k->pub.config = k->config.config;
	k->pub.config_offset = s->offset;
	if (!k->has_target)
		k->pub.target = TARGET_STARTED;
	k->has_target = true;
	if (!k->exists) {
		k->exists = true;
		configs_list(s->c);
	}
	emit(s, CONFIGS_CONNECTOR);
}

static void
apply_task(struct step *s)
{
	struct held held = { .a = NULL };
	struct ps_config config;

	if (s->value == NULL) {
		bad(s, "a task configuration is null");
		return;
	}
	if (read_properties(s, &config) != 0)
		return;
	held_set(&held, &config);
	task_list_put(&configs_make_known(s->c, s->key.name)->buffered,
	    s->key.task, &held);
}

/* Are 0..count-1 all among the buffered ones? They are sorted by id. */
static bool
is_complete(const struct task_list *buffered, int64_t count)
{
	if (count > (int64_t)buffered->count)
		return false;
	return count == 0 || buffered->items[count - 1].id == (int)(count - 1);
}

static void
take_tasks(struct known *k)
{
	if (k->buffered.count > 0)
		k->pub.generation++;
	for (size_t i = 0; i < k->buffered.count; i++)
		task_list_put(&k->tasks, k->buffered.items[i].id,
		    &k->buffered.items[i].held);
	held_set(&k->applied, &k->config.config);
	k->pub.applied = k->applied.config;
	k->pub.has_applied = true;
}

static void
apply_commit(struct step *s)
{
	struct known *k = configs_make_known(s->c, s->key.name);
	int64_t count;

	if (stored_int(s->value, "tasks", 0, INT_MAX, &count) != 0) {
		bad(s, "a number \"tasks\" is expected");
		return;
	}
	if (!k->exists) {
		/* Its connector was deleted and compacted away. */
		configs_remove(s->c, k);
		configs_drop(s->c, k);
		return;
	}
	k->pub.inconsistent = !is_complete(&k->buffered, count);
	if (!k->pub.inconsistent)
		take_tasks(k);
	task_list_clear(&k->buffered);
	k->pub.task_count = (size_t)count;
	k->pub.tasks_offset = s->offset;
	k->pub.pending_fencing = true;
	configs_list_tasks(k);
	emit(s, CONFIGS_TASKS);
}

static void
apply_restart(struct step *s)
{
	struct configs_event e = { .what = CONFIGS_RESTART,
		.name = s->key.name,
		.include_tasks =
		    json_is_true(json_object_get(s->value, "include-tasks")),
		.only_failed =
		    json_is_true(json_object_get(s->value, "only-failed")),
		.offset = s->offset };

	if (s->live && json_is_object(s->value))
		s->c->fn(s->c->ctx, &e);
}

static void
apply_fencing(struct step *s)
{
	struct known *k = configs_make_known(s->c, s->key.name);
	int64_t count;

	if (stored_int(s->value, "task-count", 0, INT_MAX, &count) != 0) {
		bad(s, "a number \"task-count\" is expected");
		return;
	}
	k->pub.fencing_count = (int)count;
	k->pub.pending_fencing = false;
	emit(s, CONFIGS_FENCING);
}

static void
apply_session(struct step *s)
{
	const char *key = js_opt_str(s->value, "key");
	const char *algorithm = js_opt_str(s->value, "algorithm");
	struct ps_arena *a;
	int64_t created;

	if (key == NULL || algorithm == NULL ||
	    stored_int(s->value, "creation-timestamp", 0, INT64_MAX,
		&created) != 0) {
		bad(s, "a session key is expected");
		return;
	}
	a = arena_new(CHUNK);
	arena_free(&s->c->key_arena);
	s->c->key_arena = a;
	s->c->session = (struct configs_session_key){ ps_strdup(a, key),
		ps_strdup(a, algorithm), created };
	emit(s, CONFIGS_SESSION_KEY);
}

static void
apply_logger(struct step *s)
{
	struct configs_event e = { .what = CONFIGS_LOGGER,
		.name = s->key.name,
		.level = js_opt_str(s->value, "level"),
		.offset = s->offset };

	if (s->live && e.level != NULL)
		s->c->fn(s->c->ctx, &e);
}

static void
apply_own(struct step *s)
{
	struct configs_event e = { .what = CONFIGS_PENSTOCK,
		.name = s->key.name,
		.value = s->record->value,
		.value_len = s->record->value_len,
		.offset = s->offset };

	s->c->fn(s->c->ctx, &e);
}

static void
apply_unknown(struct step *s)
{
	bad(s, "a key that is not known");
}

static void (*const appliers[])(struct step *) = {
	[KEY_TARGET_STATE] = apply_target,
	[KEY_CONNECTOR] = apply_connector,
	[KEY_TASK] = apply_task,
	[KEY_COMMIT] = apply_commit,
	[KEY_RESTART] = apply_restart,
	[KEY_FENCING] = apply_fencing,
	[KEY_SESSION] = apply_session,
	[KEY_LOGGER] = apply_logger,
	[KEY_PENSTOCK] = apply_own,
	[KEY_STATUS_CONNECTOR] = apply_unknown,
	[KEY_STATUS_TASK] = apply_unknown,
	[KEY_STATUS_TOPIC] = apply_unknown,
	[KEY_UNKNOWN] = apply_unknown,
};

/* Our own values need not be JSON. */
static int
read_value(struct step *s)
{
	struct ps_error err = { PS_OK, "" };

	if (s->record->value == NULL || s->key.kind == KEY_PENSTOCK)
		return 0;
	s->value =
	    js_parse(s->record->value, s->record->value_len, "value", &err);
	if (s->value != NULL && json_is_object(s->value))
		return 0;
	bad(s, s->value == NULL ? err.text : "an object is expected");
	json_decref(s->value);
	return -1;
}

void
configs_apply(struct configs *c, const struct store_pair *record,
    int64_t offset, enum configs_phase phase)
{
	struct step s = { .c = c,
		.a = arena_new(CHUNK),
		.record = record,
		.offset = offset,
		.live = phase == CONFIGS_LIVE };

	c->offset = offset + 1;
	s.key = key_parse_config(s.a, record->key, record->key_len);
	if (read_value(&s) == 0) {
		appliers[s.key.kind](&s);
		json_decref(s.value);
	}
	arena_free(&s.a);
}
