#include "staging.h"

#include <stdlib.h>

#include "stagesql.h"

void
staging_init(struct staging *s, const struct ps_host *h, struct db *db,
    const struct sinkconf *cfg, struct ps_arena *a)
{
	*s = (struct staging){ .host = h, .db = db, .cfg = cfg, .a = a };
	str_init(&s->sql, STR_SQL_LIMIT);
	str_init(&s->data, STAGING_ROW_LIMIT);
}

void
staging_fini(struct staging *s)
{
	str_fini(&s->sql);
	str_fini(&s->data);
}

void
staging_trim(struct staging *s)
{
	str_fini(&s->data);
}

int
staging_prepare(struct staging *s, struct target *t, struct ps_error *err)
{
	if (t->staged)
		return 0;
	str_clear(&s->sql);
	stagesql_create(&s->sql, t);
	if (db_run(s->db, s->sql.data, NULL, err) != 0)
		return ps_fail_in(err, "staging of table %s", t->name);
	t->staged = true;
	return 0;
}

/* The row is left out. Of several records it is tried again in halves, so one
 * that is reported is bad by itself. */
static int
set_aside(struct staging *s, struct row *r, struct rows *rs,
    const struct ps_error *why, struct ps_error *err)
{
	struct ps_error full = *why;

	r->bad = true;
	if (r->parts > 1) {
		rs->mixed = true;
		return 0;
	}
	(void)ps_fail_in(&full, "table %s", rs->t->name);
	return s->host->report(s->host, r->record, &full, err);
}

/* penstock_n, penstock_shape and penstock_del. */
static void
add_marks(struct str *to, const struct row *r, size_t number, const char *tab)
{
	str_put(to, tab);
	str_add_int(to, (int64_t)number);
	str_put(to, "\t");
	str_add_int(to, r->has_values ? (int64_t)r->shape : -1);
	str_put(to, r->delete_first ? "\tt" : "\tf");
}

/* One line of COPY; a cell that has no text makes the row bad. */
static int
add_line(struct staging *s, const struct rows *rs, size_t i, bool direct,
    struct ps_error *err)
{
	const struct row *r = &rs->rows[i];
	const struct target *t = rs->t;
	const char *tab = "";

	for (size_t k = 0; k < t->count; k++) {
		if (!stagesql_uses(rs, k))
			continue;
		str_put(&s->data, tab);
		tab = "\t";
		if (r->cells[k].v == NULL)
			str_put(&s->data, "\\N");
		else if (encode_cell(&s->data, s->a, &t->columns[k],
			     r->cells[k].v, r->cells[k].s, err) != 0)
			return -1;
	}
	if (!direct)
		add_marks(&s->data, r, i, tab);
	str_put(&s->data, "\n");
	return s->data.overflow ? ps_fail(err, PS_E_DATA,
				      "a batch is larger than 1 GB of text")
				: 0;
}

/* Lines of the rows from `from` on that are not bad; lines[i] is the row of
 * line i. The number of lines, or -1. */
static ptrdiff_t
add_lines(struct staging *s, struct rows *rs, size_t *lines, bool direct,
    struct ps_error *err)
{
	size_t n = 0;

	str_clear(&s->data);
	for (size_t i = 0; i < rs->count; i++) {
		struct ps_error bad = { .code = PS_OK };
		size_t mark = s->data.len;

		if (rs->rows[i].bad)
			continue;
		if (add_line(s, rs, i, direct, &bad) == 0) {
			lines[n++] = i;
			continue;
		}
		s->data.len = mark;
		if (set_aside(s, &rs->rows[i], rs, &bad, err) != 0)
			return -1;
	}
	return (ptrdiff_t)n;
}

static int
savepoint(struct staging *s, const char *what, struct ps_error *err)
{
	return db_run(s->db, what, NULL, err);
}

/* The line an error of COPY speaks of, from 1; 0: it names none. */
static size_t
bad_line(const struct db *db)
{
	const char *p = strchr(db->context, ',');

	if (strncmp(db->context, "COPY ", 5) != 0 || p == NULL)
		return 0;
	p += strcspn(p, "0123456789");
	return strtoul(p, NULL, 10);
}

/* Where line `from` begins in the data. */
static size_t
line_start(const struct str *data, size_t at, size_t lines)
{
	while (lines-- > 0)
		at = (size_t)((const char *)memchr(data->data + at, '\n',
				  data->len - at) -
			      data->data) +
		     1;
	return at;
}

/* Copies lines [at, end of data); `undo` is set when it failed on a row. */
static int
copy_lines(struct staging *s, const struct rows *rs, size_t at, size_t end,
    struct ps_error *err)
{
	str_clear(&s->sql);
	str_put(&s->sql, "SAVEPOINT penstock;");
	stagesql_copy(&s->sql, rs);
	if (db_copy_in(s->db, s->sql.data, s->data.data + at, end - at, err) ==
	    0)
		return savepoint(s, "RELEASE penstock", err);
	if (err->code == PS_E_DATA) {
		struct ps_error lost = { .code = PS_OK };

		if (savepoint(s, "ROLLBACK TO penstock; RELEASE penstock",
			&lost) != 0) {
			ps_error_clear(err);
			*err = lost;
		}
	}
	return -1;
}

/* What is before a bad line is good: it is copied again without it. */
static int
copy_to_stage(struct staging *s, struct rows *rs, struct ps_error *err)
{
	size_t *lines = ps_alloc(s->a, (rs->count + 1) * sizeof *lines);
	ptrdiff_t n = add_lines(s, rs, lines, false, err);
	size_t at = 0, line = 0;

	while (n > 0 && at < s->data.len) {
		struct ps_error bad = { .code = PS_OK };
		size_t k, start;

		if (copy_lines(s, rs, at, s->data.len, &bad) == 0)
			return 0;
		k = bad_line(s->db);
		if (bad.code != PS_E_DATA || k == 0 || line + k > (size_t)n)
			return ps_fail(err, bad.code, "%s", bad.text);
		start = line_start(&s->data, at, k - 1);
		if (k > 1 && copy_lines(s, rs, at, start, err) != 0)
			return -1;
		line += k;
		if (set_aside(s, &rs->rows[lines[line - 1]], rs, &bad, err) !=
		    0)
			return -1;
		at = line_start(&s->data, start, 1);
	}
	return n < 0 ? -1 : 0;
}

/* One attempt with rows [lo, hi): 0, 1 when one of them is bad, or -1. */
static int
attempt(struct staging *s, const struct rows *rs, stagesql_fn *make, size_t lo,
    size_t hi, struct ps_error *err)
{
	struct ps_error lost = { .code = PS_OK };

	str_clear(&s->sql);
	str_put(&s->sql, "SAVEPOINT penstock;");
	make(&s->sql, rs, s->cfg, lo, hi);
	str_put(&s->sql, "RELEASE penstock");
	ps_error_clear(err);
	if (db_run(s->db, s->sql.data, NULL, err) == 0)
		return 0;
	if (err->code != PS_E_DATA)
		return -1;
	if (savepoint(s, "ROLLBACK TO penstock; RELEASE penstock", &lost) == 0)
		return 1;
	*err = lost;
	return -1;
}

/* [*lo, hi) has a bad row: what is before it is written, *lo is the row. */
static int
halve(struct staging *s, const struct rows *rs, stagesql_fn *make, size_t *lo,
    size_t hi, struct ps_error *err)
{
	size_t from = *lo;
	bool exact = hi - from == 1;

	while (hi - from > 1) {
		size_t mid = from + (hi - from) / 2;
		int r = attempt(s, rs, make, from, mid, err);

		if (r < 0)
			return -1;
		exact = r == 1 && mid - from == 1;
		if (r == 0)
			from = mid;
		else
			hi = mid;
	}
	*lo = from;
	return exact ? 1 : attempt(s, rs, make, from, from + 1, err);
}

/* All good rows by as few statements as it takes. After a second bad row
 * there may be many: small steps that grow. */
static int
write_all(struct staging *s, struct rows *rs, stagesql_fn *make,
    struct ps_error *err)
{
	size_t lo = 0, step = rs->count, bad = 0;
	struct ps_error why;

	while (lo < rs->count) {
		size_t hi = rs->count - lo < step ? rs->count : lo + step;
		int r = attempt(s, rs, make, lo, hi, &why);

		if (r == 0) {
			lo = hi;
			step = step > rs->count ? step : step * 2;
			continue;
		}
		if (r == 1)
			r = halve(s, rs, make, &lo, hi, &why);
		if (r < 0)
			return ps_fail(err, why.code, "%s", why.text);
		if (r == 1 && set_aside(s, &rs->rows[lo], rs, &why, err) != 0)
			return -1;
		lo++;
		step = ++bad > 1 ? 1 : rs->count;
	}
	return 0;
}

/* Plain inserts of one shape need no staging: straight into the table. 1
 * when a row is bad: it is found the other way. */
static int
copy_straight(struct staging *s, struct rows *rs, struct ps_error *err)
{
	size_t *lines = ps_alloc(s->a, (rs->count + 1) * sizeof *lines);
	struct ps_error bad = { .code = PS_OK }, lost = { .code = PS_OK };
	ptrdiff_t n = add_lines(s, rs, lines, true, err);

	if (n <= 0)
		return n < 0 ? -1 : 0;
	str_clear(&s->sql);
	str_put(&s->sql, "SAVEPOINT penstock;");
	stagesql_copy_straight(&s->sql, rs);
	if (db_copy_in(s->db, s->sql.data, s->data.data, s->data.len, &bad) ==
	    0)
		return savepoint(s, "RELEASE penstock", err);
	if (bad.code != PS_E_DATA)
		return ps_fail(err, bad.code, "%s", bad.text);
	if (savepoint(s, "ROLLBACK TO penstock; RELEASE penstock", &lost) != 0)
		return ps_fail(err, lost.code, "%s", lost.text);
	return 1;
}

static int
empty(struct staging *s, const struct rows *rs, struct ps_error *err)
{
	str_clear(&s->sql);
	stagesql_empty(&s->sql, rs->t);
	return db_run(s->db, s->sql.data, NULL, err);
}

/* A row whose delete failed is not to be inserted. */
static int
write_deletes(struct staging *s, struct rows *rs, struct ps_error *err)
{
	if (write_all(s, rs, stagesql_delete, err) != 0)
		return -1;
	rows_deleted(rs);
	str_clear(&s->sql);
	stagesql_drop(&s->sql, rs);
	return s->sql.len == 0 ? 0 : db_run(s->db, s->sql.data, NULL, err);
}

static int
write_values(struct staging *s, struct rows *rs, struct ps_error *err)
{
	return write_all(s, rs,
	    s->cfg->mode == INSERT_UPDATE ? stagesql_update : stagesql_insert,
	    err);
}

static int
apply(struct staging *s, struct rows *rs, struct ps_error *err)
{
	int r = 1;

	if (s->cfg->mode == INSERT_PLAIN && !rs->deletes &&
	    rs->shape_count == 1)
		r = copy_straight(s, rs, err);
	if (r <= 0)
		return r;
	if (copy_to_stage(s, rs, err) != 0 ||
	    (rs->deletes && write_deletes(s, rs, err) != 0) ||
	    (rs->shape_count > 0 && write_values(s, rs, err) != 0))
		return -1;
	/* More rows for the table follow, or COMMIT empties it. */
	return rs->t->rows == rs && !rs->mixed ? 0 : empty(s, rs, err);
}

/* The older records of a key are through before the newer ones begin. */
static int
apply_halves(struct staging *s, struct rows *rs, struct ps_error *err)
{
	struct rows *halves[2];

	rows_shape(rs, s->a);
	if (apply(s, rs, err) != 0)
		return -1;
	if (!rs->mixed)
		return 0;
	rows_split(rs, s->a, &halves[0], &halves[1]);
	return apply_halves(s, halves[0], err) != 0
		   ? -1
		   : apply_halves(s, halves[1], err);
}

int
staging_apply(struct staging *s, struct rows *rs, struct ps_error *err)
{
	s->db->wait_ms = DB_DATA_MS;
	if (apply_halves(s, rs, err) == 0)
		return 0;
	if (err->code == PS_E_DATA)
		return -1; /* set_aside() has named the table */
	return ps_fail_in(err, "table %s", rs->t->name);
}
