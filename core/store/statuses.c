#include "store/statuses.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "store/stored.h"

#define CHUNK ((size_t)1024)

/* The latest record of a key: a status, or an active topic. */
struct slot {
	struct ps_arena *a;
	struct key key;
	struct status status;
	struct status_topic topic;
};

/* Sorted by connector, then the connector, its tasks, its topics. */
struct statuses {
	struct slot **items;
	size_t count;
	struct ps_arena *scratch;
};

struct statuses *
statuses_new(void)
{
	struct statuses *s = xcalloc(1, sizeof *s);

	s->scratch = arena_new(CHUNK);
	return s;
}

static void
free_slot(struct slot *slot)
{
	arena_free(&slot->a);
	free(slot);
}

void
statuses_free(struct statuses **sp)
{
	struct statuses *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		free_slot(s->items[i]);
	free(s->items);
	arena_free(&s->scratch);
	free(s);
}

static int
order(const struct key *x, const struct key *y)
{
	int names = strcmp(x->name, y->name);

	if (names != 0)
		return names;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->kind == KEY_STATUS_TOPIC)
		return strcmp(x->topic, y->topic);
	return (x->task > y->task) - (x->task < y->task);
}

static size_t
place_of(const struct statuses *s, const struct key *key)
{
	size_t lo = 0, hi = s->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (order(&s->items[mid]->key, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct slot *
find(const struct statuses *s, const struct key *key)
{
	size_t at = place_of(s, key);

	if (at == s->count || order(&s->items[at]->key, key) != 0)
		return NULL;
	return s->items[at];
}

static void
remove_key(struct statuses *s, const struct key *key)
{
	size_t at = place_of(s, key);

	if (at == s->count || order(&s->items[at]->key, key) != 0)
		return;
	free_slot(s->items[at]);
	s->count--;
	memmove(s->items + at, s->items + at + 1,
	    (s->count - at) * sizeof(void *));
}

/* In the place of what was there. */
static void
put(struct statuses *s, struct slot *slot)
{
	size_t at;

	remove_key(s, &slot->key);
	at = place_of(s, &slot->key);
	s->items = xrealloc(s->items, (s->count + 1) * sizeof(void *));
	memmove(s->items + at + 1, s->items + at,
	    (s->count - at) * sizeof(void *));
	s->items[at] = slot;
	s->count++;
}

static const char *
copy_opt(struct ps_arena *a, const json_t *value, const char *name,
    const char *absent)
{
	const char *text = js_opt_str(value, name);

	return text == NULL ? absent : ps_strdup(a, text);
}

static int
read_status(struct slot *slot, const json_t *value, struct ps_error *err)
{
	struct status *st = &slot->status;
	int64_t generation;
	const char *state, *worker;

	if (js_get_str(value, "state", &state, err) != 0 ||
	    js_get_str(value, "worker_id", &worker, err) != 0)
		return -1;
	if (stored_int(value, "generation", INT_MIN, INT_MAX, &generation) != 0)
		return ps_fail(err, PS_E_DATA,
		    "generation: a number is expected");
	st->state = ps_strdup(slot->a, state);
	st->worker_id = ps_strdup(slot->a, worker);
	st->generation = (int)generation;
	st->trace = copy_opt(slot->a, value, "trace", NULL);
	st->version = copy_opt(slot->a, value, "version", NULL);
	st->detail = copy_opt(slot->a, value, "penstock_detail", "");
	st->cause = copy_opt(slot->a, value, "penstock_cause", "");
	st->next_action = copy_opt(slot->a, value, "penstock_next_action", "");
	st->incarnation = copy_opt(slot->a, value, "penstock_incarnation", "");
	st->since_ms = js_opt_int(value, "penstock_since", 0);
	st->restarts = js_opt_int(value, "penstock_restarts", 0);
	return 0;
}

static int
read_topic(struct slot *slot, const json_t *value, struct ps_error *err)
{
	const json_t *topic = json_object_get(value, "topic");
	int64_t task, discovered;
	const char *name, *connector;

	if (!json_is_object(topic))
		return ps_fail(err, PS_E_DATA,
		    "an object \"topic\" is expected");
	if (js_get_str(topic, "name", &name, err) != 0 ||
	    js_get_str(topic, "connector", &connector, err) != 0)
		return -1;
	if (stored_int(topic, "task", INT_MIN, INT_MAX, &task) != 0 ||
	    stored_int(topic, "discoverTimestamp", INT64_MIN, INT64_MAX,
		&discovered) != 0)
		return ps_fail(err, PS_E_DATA,
		    "numbers \"task\" and \"discoverTimestamp\" are expected");
	slot->topic = (struct status_topic){ slot->key.topic, slot->key.name,
		(int)task, discovered };
	return 0;
}

/* A worker that lost a task says UNASSIGNED late: who runs it by now, by a
 * generation as new, is right. */
static bool
is_ignored(const struct slot *old, const struct status *st)
{
	return old != NULL && strcmp(st->state, "UNASSIGNED") == 0 &&
	       strcmp(old->status.state, "RUNNING") == 0 &&
	       strcmp(old->status.worker_id, st->worker_id) != 0 &&
	       old->status.generation >= st->generation;
}

static enum statuses_what
what_of(enum key_kind kind)
{
	switch (kind) {
	case KEY_STATUS_CONNECTOR:
		return STATUSES_CONNECTOR;
	case KEY_STATUS_TASK:
		return STATUSES_TASK;
	case KEY_STATUS_TOPIC:
		return STATUSES_TOPIC;
	case KEY_PENSTOCK:
		return STATUSES_PENSTOCK;
	case KEY_TARGET_STATE:
	case KEY_CONNECTOR:
	case KEY_TASK:
	case KEY_COMMIT:
	case KEY_RESTART:
	case KEY_FENCING:
	case KEY_SESSION:
	case KEY_LOGGER:
	case KEY_UNKNOWN:
		break;
	}
	return STATUSES_BAD;
}

static int
read_slot(struct slot *slot, const struct store_pair *record,
    struct ps_error *err)
{
	json_t *value =
	    js_parse(record->value, record->value_len, "status", err);
	int result;

	if (value == NULL)
		return -1;
	result = slot->key.kind == KEY_STATUS_TOPIC
		     ? read_topic(slot, value, err)
		     : read_status(slot, value, err);
	json_decref(value);
	return result;
}

static enum statuses_what
take(struct statuses *s, const struct store_pair *record, struct ps_error *err)
{
	struct slot *slot = xcalloc(1, sizeof *slot);

	slot->a = arena_new(CHUNK);
	slot->key = key_parse_status(slot->a, record->key, record->key_len);
	if (read_slot(slot, record, err) != 0) {
		(void)ps_fail_in(err, "status %.*s", (int)record->key_len,
		    record->key);
		free_slot(slot);
		return STATUSES_BAD;
	}
	if (slot->key.kind == KEY_STATUS_TASK &&
	    is_ignored(find(s, &slot->key), &slot->status)) {
		free_slot(slot);
		return STATUSES_IGNORED;
	}
	put(s, slot);
	return what_of(slot->key.kind);
}

enum statuses_what
statuses_apply(struct statuses *s, const struct store_pair *record,
    struct ps_error *err)
{
	struct key key;

	arena_reset(s->scratch, CHUNK);
	key = key_parse_status(s->scratch, record->key, record->key_len);
	if (what_of(key.kind) == STATUSES_BAD)
		(void)ps_fail(err, PS_E_DATA, "status %.*s: an unknown key",
		    (int)record->key_len, record->key);
	if (what_of(key.kind) == STATUSES_BAD || key.kind == KEY_PENSTOCK)
		return what_of(key.kind);
	if (record->value != NULL)
		return take(s, record, err);
	remove_key(s, &key);
	return what_of(key.kind);
}

const struct status *
statuses_connector(const struct statuses *s, const char *connector)
{
	struct key key = { KEY_STATUS_CONNECTOR, connector, "", -1 };
	const struct slot *slot = find(s, &key);

	return slot == NULL ? NULL : &slot->status;
}

const struct status *
statuses_task(const struct statuses *s, const char *connector, int task)
{
	struct key key = { KEY_STATUS_TASK, connector, "", task };
	const struct slot *slot = find(s, &key);

	return slot == NULL ? NULL : &slot->status;
}

/* The first slot of a connector, or of all. */
static size_t
first_of(const struct statuses *s, const char *connector)
{
	struct key key = { KEY_TARGET_STATE, connector, "", INT_MIN };

	return connector == NULL ? 0 : place_of(s, &key);
}

static bool
is_of(const struct statuses *s, size_t i, const char *connector)
{
	return i < s->count &&
	       (connector == NULL ||
		   strcmp(s->items[i]->key.name, connector) == 0);
}

void
statuses_each(const struct statuses *s, const char *connector,
    statuses_task_fn *fn, void *ctx)
{
	for (size_t i = first_of(s, connector); is_of(s, i, connector); i++) {
		const struct slot *slot = s->items[i];

		if (slot->key.kind != KEY_STATUS_TOPIC)
			fn(ctx, slot->key.name,
			    slot->key.kind == KEY_STATUS_TASK ? slot->key.task
							      : -1,
			    &slot->status);
	}
}

void
statuses_each_topic(const struct statuses *s, const char *connector,
    statuses_topic_fn *fn, void *ctx)
{
	for (size_t i = first_of(s, connector); is_of(s, i, connector); i++)
		if (s->items[i]->key.kind == KEY_STATUS_TOPIC)
			fn(ctx, &s->items[i]->topic);
}

bool
statuses_has_topic(const struct statuses *s, const char *connector,
    const char *topic)
{
	struct key key = { KEY_STATUS_TOPIC, connector, topic, -1 };

	return find(s, &key) != NULL;
}

bool
status_is_safe_put(const struct status *cached, const struct status *st)
{
	return cached == NULL ||
	       strcmp(cached->worker_id, st->worker_id) == 0 ||
	       cached->generation <= st->generation;
}
