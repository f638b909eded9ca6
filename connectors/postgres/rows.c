#include "rows.h"

#include <assert.h>

struct rows *
rows_new(struct ps_arena *a, struct target *t)
{
	struct rows *rs = ps_calloc(a, 1, sizeof *rs);

	rs->t = t;
	return rs;
}

static uint64_t
hash(const char *p, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)p[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

/* Where the key is in the index, or where it would be. */
static uint32_t *
slot_of(struct rows *rs, const char *key, size_t len)
{
	size_t i = hash(key, len) & (rs->index_size - 1);

	while (rs->index[i] != 0) {
		const struct row *r = &rs->rows[rs->index[i] - 1];

		if (r->key_len == len && memcmp(r->key, key, len) == 0)
			break;
		i = (i + 1) & (rs->index_size - 1);
	}
	return &rs->index[i];
}

static void
grow(struct rows *rs, struct ps_arena *a)
{
	size_t room = rs->room == 0 ? 8 : rs->room * 2;
	struct row *rows = ps_alloc(a, room * sizeof *rows);

	if (rs->count > 0)
		memcpy(rows, rs->rows, rs->count * sizeof *rows);
	rs->rows = rows;
	rs->room = room;
	rs->index_size = room * 2;
	rs->index = ps_calloc(a, rs->index_size, sizeof *rs->index);
	for (size_t i = 0; i < rs->count; i++)
		*slot_of(rs, rows[i].key, rows[i].key_len) = (uint32_t)i + 1;
}

static void
add_layer(struct row *to, struct ps_arena *a, const struct row *row)
{
	struct layer *layer = ps_alloc(a, sizeof *layer);

	*layer = (struct layer){ .row = *row };
	if (to->first == NULL)
		to->first = layer;
	else
		to->last->next = layer;
	to->last = layer;
	to->layers++;
}

static struct cell *
copy_cells(const struct rows *rs, struct ps_arena *a, const struct cell *cells)
{
	struct cell *copy = ps_alloc(a, rs->t->count * sizeof *copy);

	memcpy(copy, cells, rs->t->count * sizeof *copy);
	return copy;
}

/* The layers keep their own cells. */
static void
fold_into(struct rows *rs, struct ps_arena *a, struct row *old,
    const struct row *new)
{
	if (old->first == NULL) {
		const struct row alone = *old;

		old->layers = 0;
		add_layer(old, a, &alone);
		old->cells = copy_cells(rs, a, old->cells);
	}
	add_layer(old, a, new);
	old->record = new->record;
	if (!new->has_values) {
		old->has_values = false;
		old->delete_first = true;
		return;
	}
	for (size_t i = 0; i < rs->t->count; i++)
		if (!old->has_values || new->cells[i].v != NULL)
			old->cells[i] = new->cells[i];
	old->has_values = true;
}

void
rows_add(struct rows *rs, struct ps_arena *a, const struct row *row, bool fold)
{
	uint32_t *slot;

	if (rs->count == rs->room)
		grow(rs, a);
	rs->deletes = rs->deletes || row->delete_first;
	slot = slot_of(rs, row->key, row->key_len);
	if (fold && *slot != 0) {
		fold_into(rs, a, &rs->rows[*slot - 1], row);
		return;
	}
	rs->rows[rs->count] = *row;
	if (*slot == 0)
		*slot = (uint32_t)rs->count + 1;
	rs->count++;
}

static bool
is_shape(const struct rows *rs, const struct shape *s, const struct cell *cells)
{
	for (size_t i = 0; i < rs->t->count; i++)
		if ((s->cells[i].v == NULL) != (cells[i].v == NULL))
			return false;
	return true;
}

static uint64_t
hash_shape(const struct rows *rs, const struct cell *cells)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < rs->t->count; i++)
		if (cells[i].v != NULL)
			h = (h ^ (i + 1)) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

/* Where these cells' shape is in the index, or where it would be. */
static uint32_t *
shape_slot(struct rows *rs, const struct cell *cells)
{
	size_t mask = rs->shape_room * 2 - 1;
	size_t i = hash_shape(rs, cells) & mask;

	while (rs->shape_index[i] != 0 &&
	       !is_shape(rs, &rs->shapes[rs->shape_index[i] - 1], cells))
		i = (i + 1) & mask;
	return &rs->shape_index[i];
}

static void
grow_shapes(struct rows *rs, struct ps_arena *a)
{
	size_t room = rs->shape_room == 0 ? 8 : rs->shape_room * 2;
	struct shape *shapes = ps_alloc(a, room * sizeof *shapes);

	if (rs->shape_count > 0)
		memcpy(shapes, rs->shapes, rs->shape_count * sizeof *shapes);
	rs->shapes = shapes;
	rs->shape_room = room;
	rs->shape_index = ps_calloc(a, room * 2, sizeof *rs->shape_index);
	for (size_t i = 0; i < rs->shape_count; i++)
		*shape_slot(rs, shapes[i].cells) = (uint32_t)i + 1;
}

static uint32_t
find_shape(struct rows *rs, struct ps_arena *a, const struct row *r,
    uint32_t guess)
{
	uint32_t *slot;

	if (guess < rs->shape_count &&
	    is_shape(rs, &rs->shapes[guess], r->cells))
		return guess;
	if (rs->shape_count == rs->shape_room)
		grow_shapes(rs, a);
	slot = shape_slot(rs, r->cells);
	if (*slot != 0)
		return *slot - 1;
	rs->shapes[rs->shape_count] = (struct shape){ .cells = r->cells };
	for (size_t i = 0; i < rs->t->count; i++)
		rs->uses[i] = rs->uses[i] || r->cells[i].v != NULL;
	*slot = (uint32_t)++rs->shape_count;
	return *slot - 1;
}

void
rows_shape(struct rows *rs, struct ps_arena *a)
{
	uint32_t last = 0;

	rs->uses = ps_calloc(a, rs->t->count + 1, sizeof *rs->uses);
	for (size_t i = 0; i < rs->t->count; i++)
		rs->uses[i] = rs->t->columns[i].is_pk;
	for (size_t i = 0; i < rs->count; i++)
		if (rs->rows[i].has_values)
			last = rs->rows[i].shape =
			    find_shape(rs, a, &rs->rows[i], last);
}

void
rows_deleted(struct rows *rs)
{
	for (size_t i = 0; i < rs->count; i++) {
		struct row *r = &rs->rows[i];
		size_t n = 0;

		if (r->bad || !r->delete_first)
			continue;
		for (struct layer *l = r->first; l != NULL; l = l->next) {
			n++;
			if (l->row.has_values)
				continue;
			r->first = l->next;
			r->layers -= n;
			n = 0;
		}
	}
}

void
rows_split(const struct rows *rs, struct ps_arena *a, struct rows **older,
    struct rows **newer)
{
	*older = rows_new(a, rs->t);
	*newer = rows_new(a, rs->t);
	for (size_t i = 0; i < rs->count; i++) {
		const struct row *r = &rs->rows[i];
		const struct layer *l = r->first;

		if (!r->bad || r->layers < 2)
			continue;
		for (size_t k = 0; k < r->layers; k++, l = l->next)
			rows_add(k < r->layers / 2 ? *older : *newer, a,
			    &l->row, true);
	}
}
