#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdlib.h>

#include "connectors/postgres/horizon.h"

static const struct hcolumns by_id = { .id = "id", .xmin = "xmin" };
static const struct hcolumns by_both = { .ts = "ts",
	.ts_type = "timestamptz",
	.id = "id",
	.xmin = "xmin" };

static void
expect(const struct horizon *h, const struct hcolumns *c,
    const struct hnow *now, const char *want)
{
	struct str sql;

	str_init(&sql, STR_SQL_LIMIT);
	horizon_where(&sql, h, c, now);
	cr_assert_str_eq(sql.data, want);
	str_fini(&sql);
}

Test(pg_horizon, first_read_takes_all_below_the_oldest_transaction)
{
	struct horizon h = { .above = 0 };
	struct hnow now = { .xmin = 90, .next = 100, .sweep = true };

	expect(&h, &by_id, &now, "age(xmin) NOT BETWEEN 0 AND 10 AND ((true))");
}

Test(pg_horizon, later_reads_take_the_window_above_low)
{
	struct horizon h = { .above = 0 };
	struct hnow now = { .xmin = 90, .next = 100, .sweep = true };
	struct hkey last = { .set = true, .id = 7 };

	horizon_finish(&h, &now, &last);
	now = (struct hnow){ .xmin = 95, .next = 105 };
	expect(&h, &by_id, &now,
	    "age(xmin) NOT BETWEEN 0 AND 10 AND "
	    "((id > 7 AND age(xmin) <= 15))");
	now.sweep = true;
	expect(&h, &by_id, &now,
	    "age(xmin) NOT BETWEEN 0 AND 10 AND "
	    "((id > 7 AND age(xmin) <= 15) OR "
	    "(id <= 7 AND age(xmin) <= 15))");
}

Test(pg_horizon, unfinished_read_is_taken_up_behind_its_last_key)
{
	struct horizon h = { .above = 50 };
	struct hnow now = { .xmin = 90, .next = 100 };
	struct hkey at = { .set = true, .id = 3 };

	horizon_advance(&h, &now, &at);
	now.xmin = now.next = 120;
	expect(&h, &by_id, &now,
	    "age(xmin) NOT BETWEEN 0 AND 0 AND ((age(xmin) <= 70)) AND "
	    "NOT (id <= 3 AND age(xmin) NOT BETWEEN 0 AND 30)");
}

Test(pg_horizon, timestamps_beyond_the_bound_stay_for_later)
{
	struct horizon h = { .above = 50, .bound = 0 };
	struct hnow now = { .xmin = 90, .next = 90, .bound = 1000000 };

	expect(&h, &by_both, &now,
	    "age(xmin) NOT BETWEEN 0 AND 0 AND (((age(xmin) <= 40 OR ts >= "
	    "'2000-01-01 00:00:00'::timestamptz))) AND ts < "
	    "'2000-01-01 00:00:01'::timestamptz");
}

Test(pg_horizon, window_older_than_ages_can_tell_takes_all)
{
	struct horizon h = { .above = 5 };
	struct hnow now = { .xmin = UINT64_C(3) << 31,
		.next = UINT64_C(3) << 31 };

	expect(&h, &by_id, &now, "age(xmin) NOT BETWEEN 0 AND 0 AND ((true))");
}

Test(pg_horizon, text_round_trips)
{
	struct horizon h = { .below = 1,
		.above = 2,
		.bound = -3,
		.low = { true, -4, 5 },
		.floor = { true, 6, 0 },
		.upto = { true, INT64_MAX, INT64_MIN },
		.reading = 7,
		.swept = true };
	struct horizon back;
	struct ps_error err = { .code = PS_OK };
	char text[HORIZON_TEXT];
	size_t n = horizon_print(&h, text);

	cr_assert(eq(int, horizon_parse(&back, text, n, &err), 0));
	cr_assert(eq(int, hkey_compare(&h.upto, &back.upto), 0));
	cr_assert(eq(i64, back.low.ts, -4));
	cr_assert(eq(i64, back.bound, -3));
	cr_assert(eq(int, back.swept, true));
	cr_assert(eq(int, horizon_parse(&back, text, n - 3, &err), -1));
	ps_error_clear(&err);
	cr_assert(eq(int, horizon_parse(&back, "2 1", 3, &err), -1));
	cr_assert(strstr(err.text, "2 1") != NULL);
}

/*
 * A model of Postgres: rows with an xmin, transactions that take a key long
 * before they write, write long before they end, and may roll back. Whatever
 * happens, each committed row is read exactly once, also when the reader is
 * killed after any row and goes on from the state it had then.
 */
enum { MODEL_ROWS = 400 };

struct model {
	struct model_row {
		int64_t id;
		uint64_t xid;
		int state; /* 0 free, 1 open, 2 committed, 3 rolled back */
		int reads;
	} rows[MODEL_ROWS];
	size_t count;
	uint64_t next;
	int64_t sequence;
};

static uint64_t
model_xmin(const struct model *m)
{
	uint64_t xmin = m->next;

	for (size_t i = 0; i < m->count; i++)
		if (m->rows[i].state == 1 && m->rows[i].xid < xmin)
			xmin = m->rows[i].xid;
	return xmin;
}

/* What the SQL of horizon_where means. */
static bool
model_selects(const struct horizon *h, const struct hnow *now,
    const struct model_row *r)
{
	bool above = !h->low.set || r->id > h->low.id;
	bool chosen =
	    r->state == 2 && r->xid < now->xmin &&
	    (above ? r->xid >= h->above : now->sweep && r->xid >= h->below);

	if (h->upto.set && r->id <= h->upto.id && r->xid < h->reading &&
	    (h->swept || above))
		return false;
	return chosen;
}

static int
model_by_id(const void *a, const void *b)
{
	const struct model_row *x = *(struct model_row *const *)a;
	const struct model_row *y = *(struct model_row *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void
model_read(struct model *m, struct horizon *h, struct hkey *top, bool sweep,
    bool cut)
{
	struct hnow now = { .xmin = model_xmin(m),
		.next = m->next,
		.sweep = sweep || h->above == 0 || (h->upto.set && h->swept) };
	struct model_row *found[MODEL_ROWS];
	size_t n = 0, stop;

	for (size_t i = 0; i < m->count; i++)
		if (model_selects(h, &now, &m->rows[i]))
			found[n++] = &m->rows[i];
	qsort(found, n, sizeof *found, model_by_id);
	stop = cut && n > 0 ? (size_t)random() % n : n;
	for (size_t i = 0; i < stop; i++) {
		struct hkey key = { .set = true, .id = found[i]->id };

		found[i]->reads++;
		if (hkey_compare(&key, top) > 0)
			*top = key;
		if (cut)
			horizon_advance(h, &now, &key);
	}
	if (!cut)
		horizon_finish(h, &now, top);
}

static void
model_write(struct model *m)
{
	struct model_row *r;

	m->sequence += random() % 4;
	if (m->count < MODEL_ROWS && random() % 2 == 0) {
		r = &m->rows[m->count++];
		*r = (struct model_row){ .id = m->sequence * 1000 +
					       (int64_t)m->count,
			.xid = m->next++,
			.state = 1 };
		/* from a block of ids taken long ago */
		if (random() % 5 == 0)
			r->id = random() % (m->sequence * 1000 + 1) * 1000 +
				(int64_t)m->count;
	}
	for (size_t i = 0; i < m->count; i++)
		if (m->rows[i].state == 1 && random() % 8 == 0)
			m->rows[i].state = random() % 5 == 0 ? 3 : 2;
}

Test(pg_horizon, no_schedule_of_writers_loses_a_row_or_repeats_one,
    .timeout = 60)
{
	for (unsigned seed = 0; seed < 2000; seed++) {
		struct model m = { .next = 10 };
		struct horizon h = { .above = 0 };
		struct hkey top = { .set = false };

		srandom(seed);
		while (m.count < 120) {
			model_write(&m);
			if (random() % 4 == 0)
				model_read(&m, &h, &top, random() % 3 == 0,
				    false);
			else if (random() % 12 == 0 && !h.upto.set)
				model_read(&m, &h, &top, random() % 3 == 0,
				    true);
		}
		for (size_t i = 0; i < m.count; i++)
			if (m.rows[i].state == 1)
				m.rows[i].state = 2;
		model_read(&m, &h, &top, true, false);
		model_read(&m, &h, &top, true, false);
		for (size_t i = 0; i < m.count; i++)
			cr_assert(m.rows[i].state == 3 ? m.rows[i].reads == 0
						       : m.rows[i].reads == 1,
			    "seed %u row %zu state %d read %d times", seed, i,
			    m.rows[i].state, m.rows[i].reads);
	}
}
