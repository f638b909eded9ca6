#include "store/configs.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/xalloc.h"
#include "store/configs_impl.h"
#include "store/stored.h"

#define CHUNK ((size_t)1024)

void
held_clear(struct held *h)
{
	arena_free(&h->a);
	h->config = (struct ps_config){ NULL, 0 };
}

void
held_set(struct held *h, const struct ps_config *config)
{
	struct ps_arena *a = arena_new(CHUNK);
	struct ps_config copy = stored_copy(a, config);

	held_clear(h);
	h->a = a;
	h->config = copy;
}

const struct held_task *
task_list_find(const struct task_list *l, int id)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].id == id)
			return &l->items[i];
	return NULL;
}

void
task_list_put(struct task_list *l, int id, struct held *taken)
{
	size_t at = 0;

	while (at < l->count && l->items[at].id < id)
		at++;
	if (at == l->count || l->items[at].id != id) {
		l->items =
		    xrealloc(l->items, (l->count + 1) * sizeof *l->items);
		memmove(l->items + at + 1, l->items + at,
		    (l->count - at) * sizeof *l->items);
		l->items[at] = (struct held_task){ .id = id };
		l->count++;
	}
	held_clear(&l->items[at].held);
	l->items[at].held = *taken;
	*taken = (struct held){ .a = NULL };
}

void
task_list_clear(struct task_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		held_clear(&l->items[i].held);
	free(l->items);
	*l = (struct task_list){ NULL, 0 };
}

/* Where the name stands or would stand. */
static size_t
place_of(const struct configs *c, const char *name)
{
	size_t lo = 0, hi = c->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(c->items[mid]->name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct known *
configs_known(const struct configs *c, const char *name)
{
	size_t at = place_of(c, name);

	if (at == c->count || strcmp(c->items[at]->name, name) != 0)
		return NULL;
	return c->items[at];
}

struct known *
configs_make_known(struct configs *c, const char *name)
{
	struct known *k = configs_known(c, name);
	size_t at = place_of(c, name);

	if (k != NULL)
		return k;
	k = xcalloc(1, sizeof *k);
	k->name = xstrdup(name);
	k->pub.name = k->name;
	k->pub.generation = -1;
	k->pub.fencing_count = -1;
	k->pub.config_offset = k->pub.tasks_offset = -1;
	c->items = xrealloc(c->items, (c->count + 1) * sizeof(void *));
	memmove(c->items + at + 1, c->items + at,
	    (c->count - at) * sizeof(void *));
	c->items[at] = k;
	c->count++;
	return k;
}

void
configs_list(struct configs *c)
{
	union {
		const struct configs_connector **in;
		void *out;
	} u = { .in = c->visible };

	c->visible = xrealloc(u.out, (c->count + 1) * sizeof(void *));
	c->visible_count = 0;
	for (size_t i = 0; i < c->count; i++)
		if (c->items[i]->exists)
			c->visible[c->visible_count++] = &c->items[i]->pub;
}

void
configs_list_tasks(struct known *k)
{
	size_t n = k->pub.inconsistent ? 0 : k->pub.task_count;
	const struct held_task *t;

	free(k->listed);
	k->listed = n == 0 ? NULL : xcalloc(n, sizeof *k->listed);
	for (size_t i = 0; i < n; i++) {
		t = task_list_find(&k->tasks, (int)i);
		if (t != NULL)
			k->listed[i] = t->held.config;
	}
	k->pub.tasks = k->listed;
}

void
configs_remove(struct configs *c, struct known *k)
{
	k->exists = false;
	held_clear(&k->config);
	held_clear(&k->applied);
	task_list_clear(&k->buffered);
	task_list_clear(&k->tasks);
	k->pub.config = k->pub.applied = (struct ps_config){ NULL, 0 };
	k->pub.has_applied = false;
	k->pub.task_count = 0;
	k->pub.config_offset = k->pub.tasks_offset = -1;
	configs_list_tasks(k);
	configs_list(c);
}

static void
free_known(struct known *k)
{
	held_clear(&k->config);
	held_clear(&k->applied);
	task_list_clear(&k->buffered);
	task_list_clear(&k->tasks);
	free(k->listed);
	free(k->name);
	free(k);
}

void
configs_drop(struct configs *c, struct known *k)
{
	size_t at = place_of(c, k->name);

	if (k->exists || k->has_target || k->buffered.count > 0 ||
	    k->pub.fencing_count >= 0)
		return;
	free_known(k);
	c->count--;
	memmove(c->items + at, c->items + at + 1,
	    (c->count - at) * sizeof(void *));
}

struct configs *
configs_new(configs_fn *fn, void *ctx)
{
	struct configs *c = xcalloc(1, sizeof *c);

	c->fn = fn;
	c->ctx = ctx;
	return c;
}

void
configs_free(struct configs **cp)
{
	struct configs *c = *cp;
	union {
		const struct configs_connector **in;
		void *out;
	} u;

	*cp = NULL;
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++)
		free_known(c->items[i]);
	u.in = c->visible;
	free(u.out);
	free(c->items);
	arena_free(&c->key_arena);
	free(c);
}

int64_t
configs_offset(const struct configs *c)
{
	return c->offset;
}

size_t
configs_count(const struct configs *c)
{
	return c->visible_count;
}

const struct configs_connector *
configs_at(const struct configs *c, size_t i)
{
	return c->visible[i];
}

const struct configs_connector *
configs_find(const struct configs *c, const char *name)
{
	const struct known *k = configs_known(c, name);

	return k == NULL || !k->exists ? NULL : &k->pub;
}

const struct configs_session_key *
configs_session_key(const struct configs *c)
{
	return c->session.key == NULL ? NULL : &c->session;
}
