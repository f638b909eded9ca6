/*
 * Records of the internal topics that other software wrote: read, and what
 * was understood, written again, reads as the same.
 *
 * The first byte says which topic; then key, a zero byte and value of each
 * record, records parted by two zero bytes.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config/map.h"
#include "store/configs.h"
#include "store/offsets.h"
#include "store/statuses.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TOPIC_CONFIGS, TOPIC_OFFSETS, TOPIC_STATUSES, TOPICS };

struct topics {
	struct configs *configs;
	struct offsets *offsets;
	struct statuses *statuses;
	int64_t next;
};

static void
on_config(void *ctx, const struct configs_event *e)
{
	(void)ctx;
	(void)e;
}

static struct topics
topics_new(void)
{
	return (struct topics){ configs_new(on_config, NULL), offsets_new(),
		statuses_new(), 0 };
}

static void
topics_free(struct topics *t)
{
	configs_free(&t->configs);
	offsets_free(&t->offsets);
	statuses_free(&t->statuses);
}

static void
apply(struct topics *t, int topic, const struct store_pair *r)
{
	struct ps_error err = { .code = PS_OK };

	if (topic == TOPIC_CONFIGS)
		configs_apply(t->configs, r, t->next++, CONFIGS_LIVE);
	else if (topic == TOPIC_OFFSETS)
		(void)offsets_apply(t->offsets, r, &err);
	else
		(void)statuses_apply(t->statuses, r, &err);
}

static void
same_map(const struct ps_config *x, const struct ps_config *y)
{
	assert(x->count == y->count);
	for (size_t i = 0; i < x->count; i++) {
		const char *v = x->settings[i].value, *w = y->settings[i].value;

		assert(strcmp(x->settings[i].key, y->settings[i].key) == 0);
		assert((v == NULL) == (w == NULL));
		assert(v == NULL || strcmp(v, w) == 0);
	}
}

static void
write_configs(struct ps_arena *a, const struct topics *from, struct topics *to)
{
	for (size_t i = 0; i < configs_count(from->configs); i++) {
		const struct configs_connector *c =
						   configs_at(from->configs, i),
					       *d;
		struct store_pair r =
		    configs_put_connector(a, c->name, &c->config);

		apply(to, TOPIC_CONFIGS, &r);
		r = configs_put_target(a, c->name, c->target);
		apply(to, TOPIC_CONFIGS, &r);
		d = configs_find(to->configs, c->name);
		assert(d != NULL && d->target == c->target);
		same_map(&c->config, &d->config);
	}
}

struct again {
	struct ps_arena *a;
	const struct topics *from;
	struct topics *to;
};

static void
write_offset(void *ctx, const struct offsets_entry *e)
{
	struct again *g = ctx;
	struct ps_error err = { .code = PS_OK };
	struct store_pair r;
	const char *found;

	if (offsets_put(g->from->offsets, g->a, e, &r, &err) != 0)
		return;
	apply(g->to, TOPIC_OFFSETS, &r);
	found = offsets_find(g->to->offsets, e->connector, e->partition);
	assert(found != NULL && strcmp(found, e->offset) == 0);
}

static void
write_status(void *ctx, const char *connector, int task,
    const struct status *st)
{
	struct again *g = ctx;
	struct store_pair r = statuses_put(g->a, connector, task, st);
	const struct status *found;

	apply(g->to, TOPIC_STATUSES, &r);
	found = task < 0 ? statuses_connector(g->to->statuses, connector)
			 : statuses_task(g->to->statuses, connector, task);
	assert(found != NULL && strcmp(found->state, st->state) == 0);
	assert(found->generation == st->generation);
	assert(strcmp(found->worker_id, st->worker_id) == 0);
	assert((found->trace == NULL) == (st->trace == NULL));
	assert(st->trace == NULL || strcmp(found->trace, st->trace) == 0);
}

static const uint8_t *
find_zeros(const uint8_t *p, const uint8_t *end, size_t count)
{
	static const uint8_t zeros[2];
	const uint8_t *found =
	    p == end ? NULL : memmem(p, (size_t)(end - p), zeros, count);

	return found == NULL ? end : found;
}

static void
read_all(struct topics *t, int topic, const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		const uint8_t *stop = find_zeros(p, end, 2);
		const uint8_t *key_end = find_zeros(p, stop, 1);
		struct store_pair r = { .key = (const char *)p,
			.key_len = (size_t)(key_end - p) };

		if (key_end < stop) {
			r.value = (const char *)key_end + 1;
			r.value_len = (size_t)(stop - key_end) - 1;
		}
		apply(t, topic, &r);
		p = end - stop < 2 ? end : stop + 2;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct topics read, again;
	struct again g;
	uint8_t *copy;

	if (size == 0)
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	read = topics_new();
	again = topics_new();
	g = (struct again){ arena_new(4096), &read, &again };
	read_all(&read, copy[0] % TOPICS, copy + 1, copy + size);
	write_configs(g.a, &read, &again);
	offsets_each(read.offsets, NULL, write_offset, &g);
	statuses_each(read.statuses, NULL, write_status, &g);
	arena_free(&g.a);
	topics_free(&read);
	topics_free(&again);
	free(copy);
	return 0;
}
