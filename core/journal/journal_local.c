#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "journal/journal_impl.h"
#include "store/localfile.h"

#define AREA       "journal"
#define FILE_BYTES ((size_t)64 * 1024)

/* Records come back as soon as they are written; offsets are in the file
 * before that. */
struct local {
	struct journal j;
	char *path;
	uv_timer_t start;
	int handles;
	int64_t next[JOURNAL_LOGS];
};

struct collected {
	struct ps_arena *a;
	struct store_pair *pairs;
	size_t count, room;
};

static void
collect(void *ctx, const struct offsets_entry *e)
{
	struct collected *c = ctx;
	char *key;

	if (c->count == c->room)
		return;
	key = key_build_offset(c->a, e->connector, e->partition);
	c->pairs[c->count++] = (struct store_pair){ key, strlen(key), e->offset,
		strlen(e->offset) };
}

static int
save(struct local *l, struct ps_error *err)
{
	struct ps_arena *a;
	struct collected c = { .room = offsets_count(l->j.offsets, NULL) };
	struct store_pairs all;
	int got;

	if (l->path == NULL)
		return 0;
	a = arena_new(FILE_BYTES);
	c.a = a;
	c.pairs = ps_calloc(a, c.room, sizeof *c.pairs);
	offsets_each(l->j.offsets, NULL, collect, &c);
	all = (struct store_pairs){ c.pairs, c.count };
	got = localfile_save(l->path, &all, err);
	arena_free(&a);
	return got;
}

static void
local_append(struct wait *w, const struct store_pairs *records)
{
	struct local *l = (struct local *)w->j;
	struct ps_error err = { 0 };

	for (size_t i = 0; i < records->count; i++)
		journal_apply(w->j, w->log, &records->items[i],
		    l->next[w->log]++);
	w->unwritten = 0;
	if (w->log == JOURNAL_OFFSET && save(l, &err) != 0)
		journal_finish(w, &err);
	else
		journal_finish(w, NULL);
}

static void
local_read_to_end(struct wait *w)
{
	journal_finish(w, NULL);
}

static bool
local_passed(const struct wait *w)
{
	(void)w;
	return true;
}

static const char *
local_trouble(const struct journal *j)
{
	(void)j;
	return "";
}

static const char *
local_cluster_id(const struct journal *j)
{
	(void)j;
	return NULL;
}

static struct admin *
local_admin(const struct journal *j)
{
	(void)j;
	return NULL;
}

static void
on_closed(uv_handle_t *h)
{
	struct local *l = h->data;

	if (--l->handles > 0)
		return;
	journal_fini(&l->j);
	free(l->path);
	free(l);
}

static void
local_close(struct journal *j, int limit_ms)
{
	struct local *l = (struct local *)j;

	(void)limit_ms;
	l->handles = 2;
	j->soon.data = l->start.data = l;
	uv_close((uv_handle_t *)&j->soon, on_closed);
	uv_close((uv_handle_t *)&l->start, on_closed);
}

static const struct journal_kind local_kind = {
	.append = local_append,
	.read_to_end = local_read_to_end,
	.passed = local_passed,
	.trouble = local_trouble,
	.cluster_id = local_cluster_id,
	.admin = local_admin,
	.close = local_close,
};

static void
on_start(uv_timer_t *t)
{
	struct local *l = t->data;

	l->j.live = true;
	l->j.ops->ready(l->j.ctx);
}

static int
load(struct local *l, struct ps_error *err)
{
	struct ps_arena *a;
	struct store_pairs all = { 0 };
	int got;

	if (l->path == NULL)
		return 0;
	a = arena_new(FILE_BYTES);
	got = localfile_load(a, l->path, &all, err);
	for (size_t i = 0; got == 0 && i < all.count; i++)
		journal_apply(&l->j, JOURNAL_OFFSET, &all.items[i],
		    l->next[JOURNAL_OFFSET]++);
	arena_free(&a);
	return got;
}

struct journal *
journal_open_local(uv_loop_t *loop, const char *path,
    const struct journal_ops *ops, void *ctx, struct ps_error *err)
{
	struct local *l = xcalloc(1, sizeof *l);

	journal_init(&l->j, &local_kind, loop, ops, ctx);
	l->path = path == NULL ? NULL : xstrdup(path);
	l->start.data = l;
	(void)uv_timer_init(loop, &l->start);
	if (load(l, err) != 0) {
		l->j.closing = true;
		local_close(&l->j, 0);
		return NULL;
	}
	(void)uv_timer_start(&l->start, on_start, 0, 0);
	return &l->j;
}
