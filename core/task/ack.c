#include "task/ack.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/xalloc.h"
#include "plugin/partition.h"
#include "record/batch.h"
#include "record/value.h"

enum { CHUNK = 256 << 10, KEEP = 1 << 20, SAFE_CHUNK = 256, SPARE_MAX = 8 };

struct ack {
	struct flight *spare;
	size_t spare_count;
	struct flight *all; /* begun, for ack_free */
	struct ps_source_partition *dirty, *dirty_last;
	size_t bytes, flights;
};

struct ack *
ack_new(void)
{
	return xcalloc(1, sizeof(struct ack));
}

static void
free_list(struct flight *f)
{
	struct flight *next;

	for (; f != NULL; f = next) {
		next = f->next;
		batch_free(&f->batch);
		free(f);
	}
}

void
ack_free(struct ack **ap)
{
	if (*ap == NULL)
		return;
	free_list((*ap)->spare);
	free_list((*ap)->all);
	free(*ap);
	*ap = NULL;
}

struct flight *
ack_take(struct ack *a)
{
	struct flight *f = a->spare;

	if (f == NULL) {
		f = xcalloc(1, sizeof *f);
		f->batch = batch_new(CHUNK);
	} else {
		a->spare = f->next;
		a->spare_count--;
	}
	f->next = NULL;
	return f;
}

void
ack_discard(struct ack *a, struct flight *f)
{
	if (a->spare_count == SPARE_MAX) {
		f->next = NULL;
		free_list(f);
		return;
	}
	batch_reset(f->batch, KEEP);
	f->is_sealed = false;
	f->of_partitions = NULL;
	f->next = a->spare;
	a->spare = f;
	a->spare_count++;
}

static void
retire(struct ack *a, struct flight *f)
{
	if (f->prev == NULL)
		a->all = f->next;
	else
		f->prev->next = f->next;
	if (f->next != NULL)
		f->next->prev = f->prev;
	f->prev = NULL;
	a->bytes -= f->bytes;
	a->flights--;
	ack_discard(a, f);
}

static void
add_entry(struct flight *f, struct ps_source_partition *p)
{
	struct ack_entry *e =
	    (struct ack_entry *)ps_alloc(f->batch->arena, sizeof *e);

	*e = (struct ack_entry){ .flight = f,
		.partition = p,
		.offset = ps_null(),
		.other = f->of_partitions };
	f->of_partitions = e;
	if (p->last == NULL)
		p->first = e;
	else
		p->last->next = e;
	p->last = e;
	f->entries++;
}

void
ack_begin(struct ack *a, struct flight *f)
{
	for (size_t i = 0; i < f->batch->count; i++) {
		const struct ps_record *r = &f->batch->records[i];
		/* The host made it: it is ours to change. */
		struct ps_source_partition *p =
		    (struct ps_source_partition *)(uintptr_t)
			r->source_partition;

		if (p == NULL)
			continue;
		if (p->last == NULL || p->last->flight != f)
			add_entry(f, p);
		if (r->source_offset.type != PS_NULL)
			p->last->offset = r->source_offset;
	}
	f->bytes = arena_size(f->batch->arena);
	f->next = a->all;
	if (a->all != NULL)
		a->all->prev = f;
	a->all = f;
	a->bytes += f->bytes;
	a->flights++;
}

void
ack_sent(struct flight *f, size_t count)
{
	f->outstanding += count;
}

static bool
is_done(const struct flight *f)
{
	return f->is_sealed && f->outstanding == 0;
}

void
ack_mark_dirty(struct ack *a, struct ps_source_partition *p)
{
	if (p->is_dirty)
		return;
	p->is_dirty = true;
	p->next_dirty = NULL;
	if (a->dirty == NULL)
		a->dirty = p;
	else
		a->dirty_last->next_dirty = p;
	a->dirty_last = p;
}

static void
make_safe(struct ack *a, struct ps_source_partition *p,
    const struct ps_value *offset)
{
	if (p->safe_arena == NULL)
		p->safe_arena = arena_new(SAFE_CHUNK);
	arena_reset(p->safe_arena, SAFE_CHUNK);
	p->safe = value_copy(p->safe_arena, offset);
	ack_mark_dirty(a, p);
}

/* Takes done flights off the partition's queue, and retires each that no
 * other partition waits for. */
static void
advance(struct ack *a, struct ps_source_partition *p)
{
	struct ack_entry *e, *next;
	const struct ps_value *newest = NULL;

	for (e = p->first; e != NULL && is_done(e->flight); e = e->next)
		if (e->offset.type != PS_NULL)
			newest = &e->offset;
	if (newest != NULL)
		make_safe(a, p, newest);
	for (e = p->first; e != NULL && is_done(e->flight); e = next) {
		next = e->next;
		p->first = next;
		if (next == NULL)
			p->last = NULL;
		if (--e->flight->entries == 0)
			retire(a, e->flight);
	}
}

static void
finish(struct ack *a, struct flight *f)
{
	/* Held until all its partitions were looked at. */
	f->entries++;
	for (struct ack_entry *e = f->of_partitions; e != NULL; e = e->other)
		if (e->partition->first == e)
			advance(a, e->partition);
	if (--f->entries == 0)
		retire(a, f);
}

void
ack_done(struct ack *a, struct flight *f, size_t count)
{
	assert(f->outstanding >= count);
	f->outstanding -= count;
	if (is_done(f))
		finish(a, f);
}

void
ack_seal(struct ack *a, struct flight *f)
{
	f->is_sealed = true;
	if (is_done(f))
		finish(a, f);
}

size_t
ack_bytes(const struct ack *a)
{
	return a->bytes;
}

size_t
ack_flights(const struct ack *a)
{
	return a->flights;
}

struct ps_source_partition *
ack_take_dirty(struct ack *a)
{
	struct ps_source_partition *p = a->dirty;

	if (p == NULL)
		return NULL;
	a->dirty = p->next_dirty;
	p->is_dirty = false;
	return p;
}

bool
ack_has_dirty(const struct ack *a)
{
	return a->dirty != NULL;
}

void
ack_forget(struct ps_source_partition *p)
{
	p->first = p->last = NULL;
	p->next_dirty = NULL;
	p->is_dirty = false;
	p->safe = ps_null();
}
