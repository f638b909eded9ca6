/*
 * Incremental reading of views and queries, which have no xmin.
 *
 * A key is passed only when all transactions that ran while it was the
 * greatest have ended: with none running at once, else at the first read
 * after that. Who takes a key before it writes anything and commits long
 * after is missed here, as the key alone says nothing: read tables instead,
 * or set timestamp.delay.interval.ms.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "reader.h"
#include "times.h"

static void
add_key(struct str *sql, const struct reader *r, const char *op,
    const struct hkey *key)
{
	const struct hcolumns *c = &r->k.keys.sql;
	char text[TIMES_TEXT];

	(void)times_stamp_text(text, key->ts);
	if (c->ts == NULL)
		str_addf(sql, "%s %s %" PRId64, c->id, op, key->id);
	else if (c->id == NULL)
		str_addf(sql, "%s %s '%s'::%s", c->ts, op, text, c->ts_type);
	else
		str_addf(sql, "(%s,%s) %s ('%s'::%s,%" PRId64 ")", c->ts, c->id,
		    op, text, c->ts_type, key->id);
}

static void
add_where(struct str *sql, const struct reader *r)
{
	const struct keyed *k = &r->k;
	char text[TIMES_TEXT];

	keys_present(sql, r);
	if (k->keys.sql.ts != NULL) {
		(void)times_stamp_text(text, k->now.bound);
		str_addf(sql, " AND %s < '%s'::%s", k->keys.sql.ts, text,
		    k->keys.sql.ts_type);
	}
	if (k->top.set) {
		str_put(sql, " AND ");
		add_key(sql, r, ">", &k->top);
	}
}

static int
restore(struct reader *r, const struct ps_value *offset, struct ps_error *err)
{
	return keys_restore(r, offset, err);
}

static int
set_initial(struct reader *r, struct ps_error *err)
{
	if (r->cfg->initial_ms == INITIAL_NONE || r->k.top.set ||
	    r->k.keys.sql.ts == NULL)
		return 0;
	return keys_initial(r, &r->k.top, &r->k.instant, err);
}

static int64_t
micros_at(const PGresult *res, int column)
{
	return strtoll(PQgetvalue(res, 0, column), NULL, 10);
}

/* The greatest key there is now becomes `until`; unset: there is none. */
static int
find_until(struct reader *r, struct ps_error *err)
{
	const struct hcolumns *c = &r->k.keys.sql;
	struct hkey key = { .set = false };
	PGresult *res;
	struct str sql;
	int rc;

	str_init(&sql, STR_SQL_LIMIT);
	str_put(&sql, "SELECT ");
	if (c->ts != NULL)
		str_addf(&sql,
		    "(extract(epoch from %s)*1000000)::int8-%" PRId64 ",",
		    c->ts, TIMES_EPOCH_US);
	str_addf(&sql, "%s FROM %s AS " READER_ALIAS " WHERE ",
	    c->id == NULL ? "0" : c->id, r->from);
	add_where(&sql, r);
	str_addf(&sql, " ORDER BY %s%s DESC LIMIT 1",
	    c->ts == NULL   ? ""
	    : c->id == NULL ? ""
			    : ps_printf(&r->mem.arena, "%s DESC,", c->ts),
	    c->id == NULL ? c->ts : c->id);
	rc = db_run(r->db, sql.data, &res, err);
	str_fini(&sql);
	if (rc != 0)
		return -1;
	if (PQntuples(res) > 0) {
		key.set = true;
		key.ts = c->ts == NULL ? 0 : micros_at(res, 0);
		key.id = micros_at(res, c->ts != NULL);
	}
	PQclear(res);
	r->k.until = key;
	r->k.fence = r->k.now.next;
	return 0;
}

static int
next(struct reader *r, struct str *sql, struct ps_error *err)
{
	struct keyed *k = &r->k;
	bool quiet;

	if (r->in_turn)
		return 0;
	if (reader_plan(r, err) != 0 || turn_check(r, err) != 0 ||
	    keys_make(r, err) != 0 || keys_now(r, err) != 0)
		return -1;
	if (set_initial(r, err) != 0)
		return -1;
	quiet = k->now.next == k->now.xmin;
	if (!quiet && !k->until.set && find_until(r, err) != 0)
		return -1;
	if (!quiet && (!k->until.set || k->now.xmin < k->fence))
		return 0;
	str_addf(sql, "COPY (SELECT %s%s FROM %s AS " READER_ALIAS " WHERE ",
	    k->keys.select, r->plan.list, r->from);
	add_where(sql, r);
	if (!quiet) {
		str_put(sql, " AND ");
		add_key(sql, r, "<=", &k->until);
	}
	str_addf(sql, " ORDER BY %s %s) TO STDOUT (FORMAT binary)",
	    k->keys.order, r->cfg->suffix);
	k->row.set = k->upto.set = false;
	return 1;
}

static void
done(struct reader *r)
{
	keys_delivered(r, true);
	r->k.until.set = false;
}

static struct ps_value
offset(struct reader *r, struct ps_arena *a)
{
	struct ps_pair *pairs = ps_alloc(a, 4 * sizeof *pairs);
	size_t n;

	keys_delivered(r, false);
	n = keys_offset(r, pairs, &r->k.top);
	return n == 0 ? ps_null() : ps_map(pairs, n);
}

const struct strategy fenced_strategy = { restore, next, keys_row, done,
	offset };
