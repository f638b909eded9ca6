/* Incremental reading of tables, by windows of transactions (horizon.h). */
#include <inttypes.h>

#include "reader.h"

/* What a position of Connect's, without ours, says: all up to it is done. */
static int
restore(struct reader *r, const struct ps_value *offset, struct ps_error *err)
{
	const struct ps_value *own = ps_map_find(offset, "penstock");
	struct keyed *k = &r->k;

	if (keys_restore(r, offset, err) != 0)
		return -1;
	if (own != NULL && own->type == PS_STRING)
		return horizon_parse(&k->h, own->s, own->len, err);
	k->h.low = k->top;
	return 0;
}

/* timestamp.initial, at the very first read. */
static int
set_floor(struct reader *r, struct ps_error *err)
{
	struct horizon *h = &r->k.h;
	int64_t instant;

	if (r->cfg->initial_ms == INITIAL_NONE || h->above != 0 ||
	    h->floor.set || h->upto.set || h->low.set ||
	    r->k.keys.sql.ts == NULL)
		return 0;
	return keys_initial(r, &h->floor, &instant, err);
}

static bool
nothing_new(const struct reader *r)
{
	const struct horizon *h = &r->k.h;

	return r->k.keys.sql.ts == NULL && !h->upto.set && h->above != 0 &&
	       r->k.now.xmin == h->above &&
	       (!r->k.now.sweep || h->below == h->above);
}

static void
decide_sweep(struct reader *r)
{
	struct keyed *k = &r->k;
	bool first = k->h.above == 0;

	/* Of what was before a position of Connect's nothing is known. */
	if (first && k->h.low.set && k->h.below == 0)
		k->h.below = k->now.xmin;
	k->now.sweep = first || (k->h.upto.set && k->h.swept) ||
		       db_now_ms() >= k->next_sweep_ms;
	if (k->now.bound < k->h.bound)
		k->now.bound = k->h.bound;
}

static int
next(struct reader *r, struct str *sql, struct ps_error *err)
{
	struct keyed *k = &r->k;

	if (r->in_turn)
		return 0;
	if (reader_plan(r, err) != 0 || turn_check(r, err) != 0 ||
	    keys_make(r, err) != 0 || keys_now(r, err) != 0)
		return -1;
	decide_sweep(r);
	if (nothing_new(r))
		return 0;
	if (set_floor(r, err) != 0)
		return -1;
	str_addf(sql, "COPY (SELECT %s%s FROM %s AS " READER_ALIAS " WHERE ",
	    k->keys.select, r->plan.list, r->from);
	horizon_where(sql, &k->h, &k->keys.sql, &k->now);
	if (!r->cfg->validate_non_null) {
		str_put(sql, " AND ");
		keys_present(sql, r);
	}
	str_addf(sql, " ORDER BY %s %s) TO STDOUT (FORMAT binary)",
	    k->keys.order, r->cfg->suffix);
	k->row.set = k->upto.set = false;
	k->rows = 0;
	k->begun_ms = db_now_ms();
	return 1;
}

/* A fiftieth of the time at most goes to sweeps. */
static void
plan_sweep(struct reader *r)
{
	int64_t now = db_now_ms(), pause = 50 * (now - r->k.begun_ms);

	if (pause > r->cfg->sweep_ms)
		pause = r->cfg->sweep_ms;
	r->k.next_sweep_ms = now + pause;
}

static void
done(struct reader *r)
{
	struct keyed *k = &r->k;

	keys_delivered(r, true);
	/* query.suffix may have cut rows off: then only up to the last. */
	if (r->cfg->suffix[0] != '\0' && k->row.set)
		horizon_advance(&k->h, &k->now, &k->row);
	else
		horizon_finish(&k->h, &k->now, &k->top);
	if (k->now.sweep)
		plan_sweep(r);
}

/* In the middle of a read this is also where the next one goes on when the
 * connection is lost. */
static struct ps_value
offset(struct reader *r, struct ps_arena *a)
{
	struct ps_pair *pairs = ps_alloc(a, 4 * sizeof *pairs);
	struct horizon *h = &r->k.h;
	char text[HORIZON_TEXT];
	size_t n, len;

	if (r->in_copy) {
		keys_delivered(r, false);
		if (r->k.upto.set)
			horizon_advance(h, &r->k.now, &r->k.upto);
	}
	n = keys_offset(r, pairs, &r->k.top);
	len = horizon_print(h, text);
	pairs[n++] = (struct ps_pair){ ps_text("penstock"),
		ps_string(ps_strndup(a, text, len), len) };
	return ps_map(pairs, n);
}

const struct strategy window_strategy = { restore, next, keys_row, done,
	offset };
