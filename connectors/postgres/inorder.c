#include "inorder.h"

#include <stdlib.h>

#define PASSES 8  /* over what waits for others */
#define NEAR   64 /* members to a bad one are written in their order */
#define FAR    (2 * (size_t)NEAR) /* behind them are tried first */

struct member {
	struct target *t;
	struct row row;
	struct member *earlier, *later; /* of its key */
	const char *why;                /* it failed last time, NULL: no */
	bool written;
};

/* Members that are tried, in their order. */
struct queue {
	struct member **m;
	size_t count;
};

/* Members [lo, hi) of a queue. */
struct span {
	size_t lo, hi;
};

void
inorder_init(struct inorder *o, struct gather *g, struct staging *s,
    struct ps_arena *a, size_t room)
{
	*o = (struct inorder){ .gather = g, .staging = s, .a = a };
	mem_init(&o->piece);
	o->members = ps_calloc(a, room + 1, sizeof *o->members);
	s->a = &o->piece.arena;
}

void
inorder_fini(struct inorder *o)
{
	o->staging->a = o->a;
	gather_begin(o->gather, o->a);
	mem_fini(&o->piece);
}

void
inorder_add(struct inorder *o, struct target *t, const struct row *row)
{
	o->members[o->count++] = (struct member){ .t = t, .row = *row };
}

/* A reported one is settled: it is no row any more. */
static bool
is_kept(const struct member *m)
{
	return m->row.record->outcome == PS_KEPT;
}

static int
by_key(const void *va, const void *vb)
{
	const struct member *a = *(struct member *const *)va;
	const struct member *b = *(struct member *const *)vb;
	size_t len =
	    a->row.key_len < b->row.key_len ? a->row.key_len : b->row.key_len;
	int r;

	if (a->t != b->t)
		return a->t->number < b->t->number ? -1 : 1;
	r = memcmp(a->row.key, b->row.key, len);
	if (r != 0)
		return r;
	if (a->row.key_len != b->row.key_len)
		return a->row.key_len < b->row.key_len ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void
link_keys(struct inorder *o)
{
	struct member **m = ps_alloc(o->a, (o->count + 1) * sizeof(void *));

	for (size_t i = 0; i < o->count; i++)
		m[i] = &o->members[i];
	qsort(m, o->count, sizeof(void *), by_key);
	for (size_t i = 0; i + 1 < o->count; i++)
		if (m[i]->t == m[i + 1]->t && m[i]->t->pk_count > 0 &&
		    m[i]->row.key_len == m[i + 1]->row.key_len &&
		    memcmp(m[i]->row.key, m[i + 1]->row.key,
			m[i]->row.key_len) == 0) {
			m[i]->later = m[i + 1];
			m[i + 1]->earlier = m[i];
		}
}

/* One statement for both: the same columns of the same table. */
static bool
is_alike(const struct member *a, const struct member *b)
{
	if (a->t != b->t || a->row.has_values != b->row.has_values)
		return false;
	for (size_t i = 0; i < a->t->count; i++)
		if ((a->row.cells[i].v == NULL) != (b->row.cells[i].v == NULL))
			return false;
	return true;
}

/* Up to where one statement does what one for each would: it goes by their
 * order, which an UPDATE does not. */
static size_t
run_end(const struct inorder *o, const struct queue *q, size_t lo, size_t hi)
{
	const struct member *first = q->m[lo];
	size_t i = lo + 1;

	if (o->staging->cfg->mode == INSERT_UPDATE)
		return i;
	while (i < hi && is_alike(first, q->m[i]) &&
	       (q->m[i]->earlier == NULL || q->m[i]->earlier < first))
		i++;
	return i;
}

static bool
is_overtaken(const struct member *m)
{
	for (m = m->later; m != NULL; m = m->later)
		if (m->written && is_kept(m))
			return true;
	return false;
}

/* Writes what was gathered, of so many members. */
static int
apply_tables(struct inorder *o, size_t members, struct ps_error *err)
{
	for (struct rows *rs = o->gather->first; rs != NULL; rs = rs->next) {
		rs->t->rows = NULL; /* the staging table is used again */
		rs->ordered = members <= NEAR;
		if (staging_apply(o->staging, rs, err) != 0)
			return -1;
	}
	return 0;
}

/* Members [lo, hi) together: 0, 1 when they do not go together (`err` says
 * why, nothing of them is written), or -1. */
static int
attempt(struct inorder *o, const struct queue *q, size_t lo, size_t hi,
    struct ps_error *err)
{
	struct db *db = o->staging->db;
	struct ps_error lost = { .code = PS_OK };

	ps_error_clear(err);
	mem_reset(&o->piece);
	gather_begin(o->gather, &o->piece.arena);
	for (size_t i = lo; i < hi; i++)
		if (is_kept(q->m[i]))
			gather_add(o->gather, q->m[i]->t, &q->m[i]->row);
	if (db_run(db, "SAVEPOINT penstock_order", NULL, err) != 0)
		return -1;
	if (apply_tables(o, hi - lo, err) == 0) {
		for (size_t i = lo; i < hi; i++) {
			q->m[i]->written = true;
			q->m[i]->why = NULL;
		}
		return db_run(db, "RELEASE penstock_order", NULL, err);
	}
	if (!o->staging->entangled)
		return -1;
	if (db_run(db, "ROLLBACK TO penstock_order; RELEASE penstock_order",
		NULL, &lost) == 0)
		return 1;
	*err = lost;
	return -1;
}

/* A span does not go together: what is before its first that fails is written
 * and at most `most` members are left, that one among them. 1 when it was tried
 * as it is now (`err` says why), 0 when not, or -1. */
static int
close_in(struct inorder *o, const struct queue *q, struct span *s, size_t most,
    struct ps_error *err)
{
	int failed = 1;

	while (s->hi - s->lo > most) {
		size_t mid = s->lo + (s->hi - s->lo) / 2;
		int r = attempt(o, q, s->lo, mid, err);

		if (r < 0)
			return -1;
		failed = r;
		if (r == 0)
			s->lo = mid;
		else
			s->hi = mid;
	}
	return failed;
}

/* [*lo, hi) does not go together: what is before the first that fails is
 * written, *lo is that one; 0 when it is good by itself. */
static int
narrow(struct inorder *o, const struct queue *q, size_t *lo, size_t hi,
    struct ps_error *err)
{
	struct span s = { *lo, hi };
	int r = close_in(o, q, &s, 1, err);

	*lo = s.lo;
	return r == 0 ? attempt(o, q, s.lo, s.hi, err) : r;
}

/* Where a pass is: what is before `near` is written in its order, by steps;
 * behind it so many are tried at once as `far` says. */
struct pass {
	size_t lo, near, step, far;
};

/* Many at once, folded, as far as that goes: what they leave is what they
 * leave in their order. Next to the first that fails it is `near`. There may
 * be many like it: behind it the steps are small ones that grow. */
static int
write_far(struct inorder *o, const struct queue *q, struct pass *p,
    struct ps_error *why)
{
	size_t left = q->count - p->lo;
	struct span s = { p->lo, p->lo + (left < p->far ? left : p->far) };
	int r = 1;

	if (s.hi - s.lo > NEAR)
		r = attempt(o, q, s.lo, s.hi, why);
	if (r == 0) {
		p->lo = s.hi;
		p->far = p->far > q->count ? p->far : p->far * 2;
		return 0;
	}
	if (r < 0 || close_in(o, q, &s, NEAR, why) < 0)
		return -1;
	*p = (struct pass){ s.lo, s.hi, NEAR, FAR };
	return 0;
}

static int
write_near(struct inorder *o, const struct queue *q, struct pass *p,
    struct ps_error *why)
{
	size_t hi = p->near - p->lo < p->step ? p->near : p->lo + p->step;
	int r;

	hi = run_end(o, q, p->lo, hi);
	r = attempt(o, q, p->lo, hi, why);
	if (r == 0) {
		p->lo = hi;
		p->step = p->step > NEAR ? NEAR : p->step * 2;
		return 0;
	}
	if (r == 1)
		r = narrow(o, q, &p->lo, hi, why);
	if (r < 0)
		return -1;
	if (r == 1)
		q->m[p->lo]->why = ps_strdup(o->a, why->text);
	p->lo++;
	p->step = 1;
	return 0;
}

/* All that can be written in its place is. */
static int
write_pass(struct inorder *o, const struct queue *q, struct ps_error *err)
{
	struct ps_error why = { .code = PS_OK };
	struct pass p = { .far = q->count };

	while (p.lo < q->count) {
		int r = p.lo < p.near ? write_near(o, q, &p, &why)
				      : write_far(o, q, &p, &why);

		if (r < 0)
			return ps_fail(err, why.code, "%s", why.text);
	}
	return 0;
}

/* What failed before others were written may be good now, and so may what
 * failed after all others but behind such a one. */
static void
keep_waiting(struct queue *q)
{
	size_t last = q->count, n = 0;

	while (last > 0 && q->m[last - 1]->why != NULL)
		last--;
	for (size_t i = 0; i < (n > 0 ? q->count : last); i++)
		if (q->m[i]->why != NULL && !is_overtaken(q->m[i]))
			q->m[n++] = q->m[i];
	q->count = n;
}

static int
report_failed(struct inorder *o, struct ps_error *err)
{
	const struct ps_host *h = o->staging->host;

	for (size_t i = 0; i < o->count; i++) {
		const struct member *m = &o->members[i];
		struct ps_error why = { .code = PS_OK };

		if (m->why == NULL)
			continue;
		(void)ps_fail(&why, PS_E_DATA, "%s", m->why);
		if (h->report(h, m->row.record, &why, err) != 0)
			return -1;
	}
	return 0;
}

int
inorder_write(struct inorder *o, struct ps_error *err)
{
	struct queue q = { .count = o->count };

	q.m = ps_alloc(o->a, (o->count + 1) * sizeof(void *));
	for (size_t i = 0; i < o->count; i++)
		q.m[i] = &o->members[i];
	link_keys(o);
	for (int pass = 0; q.count > 0 && pass < PASSES; pass++) {
		if (write_pass(o, &q, err) != 0)
			return -1;
		keep_waiting(&q);
	}
	return report_failed(o, err);
}
