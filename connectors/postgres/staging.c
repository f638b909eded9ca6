#include "staging.h"

#include <stdlib.h>

#include "sqlstate.h"
#include "stagesql.h"

#define COPY_BYTES      (32u << 20) /* of one COPY, but for its last row */
#define STATEMENT_BYTES (1u << 20)  /* sent together, but for the last one */
#define INDEX_SHAPES    32          /* from so many on an index is faster */
#define STAGE_COLUMNS   3           /* that the target does not have */

void
staging_init(struct staging *s, const struct ps_host *h, struct db *db,
    const struct sinkconf *cfg, struct ps_arena *a)
{
	*s = (struct staging){ .host = h, .db = db, .cfg = cfg, .a = a };
	str_init(&s->sql, STR_SQL_LIMIT);
	str_init(&s->data, ROW_LIMIT);
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
	if (t->count > TARGET_COLUMNS - STAGE_COLUMNS)
		return ps_fail(err, PS_E_FATAL,
		    "table %s has %zu columns, at most %u are written", t->name,
		    t->count, TARGET_COLUMNS - STAGE_COLUMNS);
	str_clear(&s->sql);
	stagesql_create(&s->sql, t);
	if (db_run_str(s->db, &s->sql, NULL, err) != 0)
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
	if (r->layers > 1) {
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
		if (!rs->uses[k])
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
	return s->data.overflow
		   ? ps_fail(err, PS_E_DATA,
			 "a row is larger than %u bytes of text", ROW_LIMIT)
		   : 0;
}

/* Lines of the rows from `*from` on that are not bad, as many as one COPY is
 * to have; lines[i] is the row of line i. Their number, or -1. */
static ptrdiff_t
add_lines(struct staging *s, struct rows *rs, size_t *from, bool direct,
    struct ps_error *err)
{
	size_t n = 0;

	str_clear(&s->data);
	for (; *from < rs->count && s->data.len < COPY_BYTES; ++*from) {
		struct ps_error bad = { .code = PS_OK };
		size_t mark = s->data.len;

		if (rs->rows[*from].bad)
			continue;
		if (add_line(s, rs, *from, direct, &bad) == 0) {
			s->lines[n++] = *from;
			continue;
		}
		if (s->data.overflow && n > 0) {
			s->data.len = mark; /* the next COPY has room */
			s->data.overflow = false;
			break;
		}
		s->data.len = mark;
		s->data.overflow = false;
		if (set_aside(s, &rs->rows[*from], rs, &bad, err) != 0)
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

static int
copy_in(struct staging *s, size_t at, size_t end, struct ps_error *err)
{
	if (s->sql.overflow)
		return ps_fail(err, PS_E_FATAL,
		    "the names of its columns are longer than %zu bytes",
		    s->sql.limit);
	return db_copy_in(s->db, s->sql.data, s->data.data + at, end - at, err);
}

/* Copies lines [at, end of data); `undo` is set when it failed on a row. */
static int
copy_lines(struct staging *s, const struct rows *rs, size_t at, size_t end,
    struct ps_error *err)
{
	str_clear(&s->sql);
	str_put(&s->sql, "SAVEPOINT penstock;");
	stagesql_copy(&s->sql, rs);
	if (copy_in(s, at, end, err) == 0)
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
copy_piece(struct staging *s, struct rows *rs, size_t n, struct ps_error *err)
{
	size_t at = 0, line = 0;

	while (at < s->data.len) {
		struct ps_error bad = { .code = PS_OK };
		size_t k, start;

		if (copy_lines(s, rs, at, s->data.len, &bad) == 0)
			return 0;
		k = bad_line(s->db);
		if (bad.code != PS_E_DATA || k == 0 || line + k > n)
			return ps_fail(err, bad.code, "%s", bad.text);
		start = line_start(&s->data, at, k - 1);
		if (k > 1 && copy_lines(s, rs, at, start, err) != 0)
			return -1;
		line += k;
		if (set_aside(s, &rs->rows[s->lines[line - 1]], rs, &bad,
			err) != 0)
			return -1;
		at = line_start(&s->data, start, 1);
	}
	return 0;
}

static int
copy_to_stage(struct staging *s, struct rows *rs, struct ps_error *err)
{
	size_t from = 0;
	ptrdiff_t n;

	while (from < rs->count) {
		n = add_lines(s, rs, &from, false, err);
		if (n < 0 || copy_piece(s, rs, (size_t)n, err) != 0)
			return -1;
	}
	return 0;
}

static int
send_all(struct staging *s, struct ps_error *err)
{
	int r = db_run_str(s->db, &s->sql, NULL, err);

	str_clear(&s->sql);
	return r;
}

/* A statement for each shape that a row of [lo, hi) has. */
static int
send_shapes(struct staging *s, struct rows *rs, const struct stagesql *what,
    size_t lo, size_t hi, struct ps_error *err)
{
	rs->attempt++;
	for (size_t i = lo; i < hi; i++) {
		const struct row *r = &rs->rows[i];
		const struct slice of = { lo, hi, r->shape };

		if (!r->has_values || rs->shapes[r->shape].sent == rs->attempt)
			continue;
		rs->shapes[r->shape].sent = rs->attempt;
		what->add(&s->sql, rs, s->cfg, &of);
		if (s->sql.len >= STATEMENT_BYTES && send_all(s, err) != 0)
			return -1;
	}
	return 0;
}

static int
send_rows(struct staging *s, struct rows *rs, const struct stagesql *what,
    size_t lo, size_t hi, struct ps_error *err)
{
	const struct slice all = { lo, hi, 0 };

	str_clear(&s->sql);
	str_put(&s->sql, "SAVEPOINT penstock;");
	if (!what->by_shape)
		what->add(&s->sql, rs, s->cfg, &all);
	else if (send_shapes(s, rs, what, lo, hi, err) != 0)
		return -1;
	str_put(&s->sql, "RELEASE penstock");
	return send_all(s, err);
}

/* One attempt with rows [lo, hi): 0, 1 when one of them is bad, or -1, also
 * when other rows may make it good (s->entangled). */
static int
attempt(struct staging *s, struct rows *rs, const struct stagesql *what,
    size_t lo, size_t hi, struct ps_error *err)
{
	struct ps_error lost = { .code = PS_OK };
	bool entangled;

	ps_error_clear(err);
	if (send_rows(s, rs, what, lo, hi, err) == 0)
		return 0;
	if (err->code != PS_E_DATA)
		return -1;
	entangled = sqlstate_is_entangled(s->db->state);
	if (savepoint(s, "ROLLBACK TO penstock; RELEASE penstock", &lost) !=
	    0) {
		*err = lost;
		return -1;
	}
	s->entangled = entangled;
	return entangled ? ps_fail_in(err, "table %s", rs->t->name) : 1;
}

/* [*lo, hi) has a bad row: what is before it is written, *lo is the row. */
static int
halve(struct staging *s, struct rows *rs, const struct stagesql *what,
    size_t *lo, size_t hi, struct ps_error *err)
{
	size_t from = *lo;
	bool exact = hi - from == 1;

	while (hi - from > 1) {
		size_t mid = from + (hi - from) / 2;
		int r = attempt(s, rs, what, from, mid, err);

		if (r < 0)
			return -1;
		exact = r == 1 && mid - from == 1;
		if (r == 0)
			from = mid;
		else
			hi = mid;
	}
	*lo = from;
	return exact ? 1 : attempt(s, rs, what, from, from + 1, err);
}

/* All good rows by as few statements as it takes. After a second bad row
 * there may be many: small steps that grow. */
static int
write_all(struct staging *s, struct rows *rs, const struct stagesql *what,
    struct ps_error *err)
{
	size_t lo = 0, step = rs->count, bad = 0;
	struct ps_error why;

	while (lo < rs->count) {
		size_t hi = rs->count - lo < step ? rs->count : lo + step;
		int r = attempt(s, rs, what, lo, hi, &why);

		if (r == 0) {
			lo = hi;
			step = step > rs->count ? step : step * 2;
			continue;
		}
		if (r == 1)
			r = halve(s, rs, what, &lo, hi, &why);
		if (r < 0)
			return ps_fail(err, why.code, "%s", why.text);
		if (r == 1 && set_aside(s, &rs->rows[lo], rs, &why, err) != 0)
			return -1;
		lo++;
		step = ++bad > 1 ? 1 : rs->count;
	}
	return 0;
}

/* The number of COPYs, -1, or -2 when a row is bad, as `bad` says. */
static int
copy_pieces_straight(struct staging *s, struct rows *rs, struct ps_error *bad,
    struct ps_error *err)
{
	size_t from = 0;
	int pieces = 0;
	ptrdiff_t n;

	while (from < rs->count) {
		n = add_lines(s, rs, &from, true, err);
		if (n < 0)
			return -1;
		if (n == 0)
			continue;
		str_clear(&s->sql);
		str_put(&s->sql, pieces++ == 0 ? "SAVEPOINT penstock;" : "");
		stagesql_copy_straight(&s->sql, rs);
		if (copy_in(s, 0, s->data.len, bad) == 0)
			continue;
		return bad->code == PS_E_DATA
			   ? -2
			   : ps_fail(err, bad->code, "%s", bad->text);
	}
	return pieces;
}

/* Plain inserts of one shape need no staging: straight into the table. 1
 * when a row is bad: it is found the other way. */
static int
copy_straight(struct staging *s, struct rows *rs, struct ps_error *err)
{
	struct ps_error bad = { .code = PS_OK };
	int pieces = copy_pieces_straight(s, rs, &bad, err);

	if (pieces == 0 || pieces == -1)
		return pieces;
	if (pieces > 0)
		return savepoint(s, "RELEASE penstock", err);
	return savepoint(s, "ROLLBACK TO penstock; RELEASE penstock", err) == 0
		   ? 1
		   : -1;
}

/* A row whose delete failed is not to be inserted. */
static int
write_deletes(struct staging *s, struct rows *rs, struct ps_error *err)
{
	if (write_all(s, rs, &stagesql_delete, err) != 0)
		return -1;
	rows_deleted(rs);
	for (size_t from = 0; from < rs->count;) {
		str_clear(&s->sql);
		stagesql_drop(&s->sql, rs, &from);
		if (s->sql.len > 0 && db_run_str(s->db, &s->sql, NULL, err))
			return -1;
	}
	return 0;
}

static int
run_one(struct staging *s, struct rows *rs,
    void (*make)(struct str *sql, const struct target *t), struct ps_error *err)
{
	str_clear(&s->sql);
	make(&s->sql, rs->t);
	return db_run_str(s->db, &s->sql, NULL, err);
}

static int
write_values(struct staging *s, struct rows *rs, struct ps_error *err)
{
	bool many = rs->shape_count >= INDEX_SHAPES;

	if (many && run_one(s, rs, stagesql_index, err) != 0)
		return -1;
	if (write_all(s, rs,
		s->cfg->mode == INSERT_UPDATE ? &stagesql_update
					      : &stagesql_insert,
		err) != 0)
		return -1;
	return many ? run_one(s, rs, stagesql_drop_index, err) : 0;
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
	return rs->t->rows == rs && !rs->mixed
		   ? 0
		   : run_one(s, rs, stagesql_empty, err);
}

/* The older records of a key are through before the newer ones begin. */
static int
apply_halves(struct staging *s, struct rows *rs, struct ps_error *err)
{
	struct rows *halves[2];

	rows_shape(rs, s->a);
	s->lines = ps_alloc(s->a, (rs->count + 1) * sizeof *s->lines);
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
	s->entangled = false;
	s->db->wait_ms = DB_DATA_MS;
	if (apply_halves(s, rs, err) == 0)
		return 0;
	if (err->code == PS_E_DATA)
		return -1; /* set_aside() has named the table */
	return ps_fail_in(err, "table %s", rs->t->name);
}
