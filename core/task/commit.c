#include "task/commit.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "plugin/partition.h"
#include "record/json.h"
#include "record/value.h"

enum { CHUNK = 4096, KEEP = 64 << 10, TOPICS_MAX = 2 };

struct item {
	struct ps_source_partition *partition;
	const char *json;
	size_t json_len;
};

struct commit {
	struct task *task;
	struct ack *ack;
	struct producer *producer;
	/* The connector's own offset topic first, then the worker's. */
	struct producer_topic *topics[TOPICS_MAX];
	size_t topic_count;

	/* The round. */
	struct ps_arena *arena;
	struct item *items;
	struct ps_position *positions;
	size_t count, room;
	size_t sent;    /* of count x topic_count records, or of items */
	size_t pending; /* sent, not reported */
	bool is_open, has_failed;
	int64_t next_ack;
	struct clock_ms began;
	struct ps_error why;
};

static void
on_stored(void *ctx, const struct msg_offsets_stored *m)
{
	struct commit *c = (struct commit *)ctx;

	if (!c->is_open || c->pending == 0)
		return;
	c->pending--;
	if (m->error == NULL)
		return;
	c->has_failed = true;
	(void)ps_fail(&c->why, PS_E_RETRY, "%s", m->error);
}

static void
add_topic(struct commit *c, const char *name)
{
	if (name[0] == '\0' ||
	    (c->topic_count > 0 &&
		strcmp(producer_topic_name(c->topics[0]), name) == 0))
		return;
	c->topics[c->topic_count++] = producer_topic(c->producer, name);
}

struct commit *
commit_new(struct task *t, struct ack *a, struct producer *p,
    struct ps_error *err)
{
	struct commit *c = xcalloc(1, sizeof *c);
	const struct settings *s = &t->settings;

	c->task = t;
	c->ack = a;
	c->arena = arena_new(CHUNK);
	t->on_stored = on_stored;
	t->on_stored_ctx = c;
	if (p == NULL)
		return c;
	c->producer = p;
	add_topic(c, settings_offsets_topic(s));
	add_topic(c, ps_config_str(&s->worker, "offset.storage.topic"));
	if (c->topic_count > 0)
		return c;
	(void)ps_fail(err, PS_E_CONFIG,
	    "Missing required configuration \"offset.storage.topic\" which "
	    "has no default value.");
	commit_free(&c);
	return NULL;
}

void
commit_free(struct commit **cp)
{
	struct commit *c = *cp;

	if (c == NULL)
		return;
	c->task->on_stored = NULL;
	arena_free(&c->arena);
	free(c);
	*cp = NULL;
}

bool
commit_is_busy(const struct commit *c)
{
	return c->is_open;
}

static void
make_room(struct commit *c)
{
	size_t room = c->room == 0 ? 16 : 2 * c->room;
	struct item *items =
	    (struct item *)ps_alloc(c->arena, room * sizeof *items);
	struct ps_position *positions =
	    (struct ps_position *)ps_alloc(c->arena, room * sizeof *positions);

	if (c->count > 0) {
		memcpy(items, c->items, c->count * sizeof *items);
		memcpy(positions, c->positions, c->count * sizeof *positions);
	}
	c->items = items;
	c->positions = positions;
	c->room = room;
}

static int
add_item(struct commit *c, struct ps_source_partition *p, struct ps_error *err)
{
	struct item *item;

	if (c->count == c->room)
		make_room(c);
	item = &c->items[c->count];
	item->partition = p;
	item->json = value_to_json(c->arena, &p->safe, &item->json_len, err);
	if (item->json == NULL)
		return ps_fail_in(err, "source offset of partition %s",
		    p->canonical);
	c->positions[c->count].partition = p;
	c->positions[c->count].offset = value_copy(c->arena, &p->safe);
	c->count++;
	return 0;
}

int
commit_begin(struct commit *c, struct ps_error *err)
{
	struct ps_source_partition *p;

	task_commit_was_begun(c->task);
	if (c->is_open || !ack_has_dirty(c->ack))
		return 0;
	arena_reset(c->arena, KEEP);
	c->count = c->room = c->sent = c->pending = 0;
	c->has_failed = false;
	c->is_open = true;
	c->began = clock_now();
	ps_error_clear(&c->why);
	while ((p = ack_take_dirty(c->ack)) != NULL)
		if (add_item(c, p, err) != 0)
			return -1;
	return commit_turn(c, err);
}

static int
send_to_kafka(struct commit *c, struct ps_error *err)
{
	size_t all = c->count * c->topic_count;

	for (; c->sent < all; c->sent++, c->pending++) {
		const struct item *item = &c->items[c->sent % c->count];
		struct producer_record r = { .key = item->partition->key,
			.key_len = strlen(item->partition->key),
			.value = item->json,
			.value_len = item->json_len,
			.partition = PS_NO_PARTITION,
			.timestamp = PS_NO_TIMESTAMP,
			.opaque = c };
		struct ps_error why = { 0 };

		if (producer_send(c->producer, c->topics[c->sent / c->count],
			&r, &why) == 0)
			continue;
		if (why.code == PS_E_RETRY)
			return 0;
		return ps_fail(err, why.code, "source offsets: %s", why.text);
	}
	return 0;
}

/* One message of about MSG_ITEMS_BYTES. */
static int
send_part(struct commit *c, struct ps_error *err)
{
	struct msg m = { .type = MSG_TYPE_OFFSETS };
	size_t bytes = 0, n = c->sent;
	int result;

	m.offsets.ack = ++c->next_ack;
	m.offsets.items = json_array();
	for (; n < c->count && bytes < MSG_ITEMS_BYTES; n++) {
		(void)json_array_append_new(m.offsets.items,
		    json_pack("[s, s]", c->items[n].partition->key,
			c->items[n].json));
		bytes +=
		    c->items[n].json_len + strlen(c->items[n].partition->key);
	}
	result = uplink_send(c->task->uplink, &m, err);
	json_decref(m.offsets.items);
	if (result != 0)
		return -1;
	c->sent = n;
	c->pending++;
	return 0;
}

static int
send_to_worker(struct commit *c, struct ps_error *err)
{
	while (c->sent < c->count) {
		struct ps_error why = { 0 };

		if (send_part(c, &why) == 0)
			continue;
		if (why.code == PS_E_RETRY)
			return 0;
		return ps_fail(err, why.code, "%s", why.text);
	}
	return 0;
}

static bool
all_sent(const struct commit *c)
{
	return c->sent == c->count * (c->producer == NULL ? 1 : c->topic_count);
}

static void
give_back(struct commit *c)
{
	log_error("task", "Commit of source offsets failed: %s", c->why.text);
	for (size_t i = 0; i < c->count; i++)
		ack_mark_dirty(c->ack, c->items[i].partition);
}

static void
tell_source(struct commit *c)
{
	struct task *t = c->task;

	for (size_t i = 0; i < c->count; i++)
		partition_set_offset(c->items[i].partition, c->items[i].json);
	if (t->connector.source.committed == NULL)
		return;
	gauges_enter(t->gauges, "committed");
	t->connector.source.committed(t->connector.state, c->positions,
	    c->count);
	gauges_leave(t->gauges);
}

int
commit_send(struct commit *c, struct ps_error *err)
{
	if (!c->has_failed &&
	    (c->producer != NULL ? send_to_kafka : send_to_worker)(c, err) != 0)
		return -1;
	return c->pending == 0 && (c->has_failed || all_sent(c));
}

void
commit_end(struct commit *c)
{
	c->is_open = false;
	measures_commit(&c->task->measures, c->began, c->has_failed);
	if (c->has_failed)
		give_back(c);
	else
		tell_source(c);
}

const struct ps_error *
commit_failure(const struct commit *c)
{
	return c->has_failed ? &c->why : NULL;
}

int
commit_turn(struct commit *c, struct ps_error *err)
{
	int sent = c->is_open ? commit_send(c, err) : 0;

	if (sent == 1)
		commit_end(c);
	return sent < 0 ? -1 : 0;
}

bool
commit_report(struct commit *c, const struct producer_report *r)
{
	if (r->opaque != c)
		return false;
	c->pending -= r->count;
	if (r->failed != NULL) {
		c->has_failed = true;
		(void)ps_fail(&c->why, r->failed->code, "%s", r->failed->text);
	}
	return true;
}
