#include "journal/authors.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/dict.h"
#include "base/text.h"
#include "base/xalloc.h"

#define ARENA_BYTES 1024

struct offsets {
	int64_t *items;
	size_t count, room;
};

struct authors {
	authors_fn *fn;
	void *ctx;
	struct dict *values;   /* digest of each key's last value */
	bool watches;          /* this worker leads */
	size_t on_their_way;   /* writes without an answer */
	struct offsets ours;   /* written, not read yet */
	struct offsets doubts; /* read, perhaps written */
	char *doubtful;        /* a key of theirs */
};

/* ---- lists ------------------------------------------------------------- */

static void
add(struct offsets *o, int64_t offset)
{
	if (o->count == o->room) {
		o->room = o->room == 0 ? 16 : o->room * 2;
		o->items = xrealloc(o->items, o->room * sizeof *o->items);
	}
	o->items[o->count++] = offset;
}

/* true: it was there. */
static bool
drop(struct offsets *o, int64_t offset)
{
	for (size_t i = 0; i < o->count; i++) {
		if (o->items[i] != offset)
			continue;
		o->items[i] = o->items[--o->count];
		return true;
	}
	return false;
}

static void
forget_doubts(struct authors *a)
{
	a->doubts.count = 0;
	free(a->doubtful);
	a->doubtful = NULL;
}

/* ---- what counts ------------------------------------------------------- */

static bool
is_leaders(const struct store_pair *record)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct key key = key_parse_config(a, record->key, record->key_len);
	bool is = key.kind == KEY_CONNECTOR || key.kind == KEY_TASK ||
		  key.kind == KEY_COMMIT;

	arena_free(&a);
	return is;
}

/* Of no value: NULL. */
static void *
digest(const struct store_pair *record)
{
	uintptr_t n;

	if (record->value == NULL)
		return NULL;
	n = text_murmur2(record->value, record->value_len);
	return (void *)((n << 1) + 1);
}

/* What heals writes again what holds already. */
static bool
changes(struct authors *a, const struct store_pair *record)
{
	void *now = digest(record), *was;

	if (now == NULL)
		was = dict_remove(a->values, record->key, record->key_len);
	else
		was = dict_put(a->values, record->key, record->key_len, now);
	return was != now;
}

/* ---- events ------------------------------------------------------------ */

/* When all is answered, what is in doubt is a stranger's. */
static void
judge(struct authors *a)
{
	if (a->on_their_way > 0)
		return;
	if (a->doubts.count > 0)
		a->fn(a->ctx, a->doubtful, a->doubts.items[0]);
	forget_doubts(a);
}

void
authors_read(struct authors *a, const struct store_pair *record, int64_t offset)
{
	bool news = is_leaders(record) && changes(a, record);

	if (drop(&a->ours, offset) || !news || !a->watches)
		return;
	add(&a->doubts, offset);
	if (a->doubtful == NULL)
		a->doubtful = xstrndup(record->key, record->key_len);
	judge(a);
}

void
authors_began(struct authors *a)
{
	a->on_their_way++;
}

void
authors_wrote(struct authors *a, const int64_t *offsets, size_t count)
{
	a->on_their_way--;
	for (size_t i = 0; i < count; i++)
		if (!drop(&a->doubts, offsets[i]))
			add(&a->ours, offsets[i]);
	judge(a);
}

void
authors_watch(struct authors *a, bool leads)
{
	a->watches = leads;
	if (!leads)
		forget_doubts(a);
}

/* ---- life -------------------------------------------------------------- */

struct authors *
authors_new(authors_fn *fn, void *ctx)
{
	struct authors *a = xcalloc(1, sizeof *a);

	a->fn = fn;
	a->ctx = ctx;
	a->values = dict_new();
	return a;
}

void
authors_free(struct authors **ap)
{
	struct authors *a = *ap;

	*ap = NULL;
	if (a == NULL)
		return;
	forget_doubts(a);
	free(a->ours.items);
	free(a->doubts.items);
	dict_free(&a->values);
	free(a);
}
