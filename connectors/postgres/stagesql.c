#include "stagesql.h"

#define STAGE       "penstock_stage_"
#define DROPPED_MAX 10000

void
stagesql_create(struct str *sql, const struct target *t)
{
	str_addf(sql, "DROP TABLE IF EXISTS pg_temp." STAGE "%d;", t->number);
	str_addf(sql,
	    "CREATE TEMP TABLE " STAGE "%d ON COMMIT DELETE ROWS AS SELECT ",
	    t->number);
	for (size_t i = 0; i < t->count; i++)
		str_addf(sql, "%s,", t->columns[i].quoted);
	str_addf(sql,
	    "0 AS penstock_n, 0 AS penstock_shape, true AS penstock_del "
	    "FROM %s WITH NO DATA",
	    t->quoted);
}

void
stagesql_empty(struct str *sql, const struct target *t)
{
	str_addf(sql, "DELETE FROM pg_temp." STAGE "%d", t->number);
}

void
stagesql_index(struct str *sql, const struct target *t)
{
	str_addf(sql,
	    "CREATE INDEX penstock_shape_%d ON pg_temp." STAGE
	    "%d(penstock_shape)",
	    t->number, t->number);
}

void
stagesql_drop_index(struct str *sql, const struct target *t)
{
	str_addf(sql, "DROP INDEX pg_temp.penstock_shape_%d", t->number);
}

void
stagesql_drop(struct str *sql, const struct rows *rs, size_t *from)
{
	size_t n = 0;

	for (; *from < rs->count && n < DROPPED_MAX; ++*from) {
		if (!rs->rows[*from].bad)
			continue;
		if (n++ == 0)
			str_addf(sql,
			    "DELETE FROM pg_temp." STAGE
			    "%d WHERE penstock_n IN (",
			    rs->t->number);
		str_addf(sql, n > 1 ? ",%zu" : "%zu", *from);
	}
	str_put(sql, n > 0 ? ")" : "");
}

static const char *
add_used(struct str *sql, const struct rows *rs)
{
	const char *comma = "";

	for (size_t i = 0; i < rs->t->count; i++) {
		if (!rs->uses[i])
			continue;
		str_addf(sql, "%s%s", comma, rs->t->columns[i].quoted);
		comma = ",";
	}
	return comma;
}

void
stagesql_copy(struct str *sql, const struct rows *rs)
{
	const char *comma;

	str_addf(sql, "COPY pg_temp." STAGE "%d(", rs->t->number);
	comma = add_used(sql, rs);
	str_addf(sql, "%spenstock_n,penstock_shape,penstock_del) FROM STDIN",
	    comma);
}

void
stagesql_copy_straight(struct str *sql, const struct rows *rs)
{
	str_addf(sql, "COPY %s(", rs->t->quoted);
	(void)add_used(sql, rs);
	str_put(sql, ") FROM STDIN");
}

static void
add_range(struct str *sql, size_t lo, size_t hi)
{
	str_addf(sql, "s.penstock_n>=%zu AND s.penstock_n<%zu", lo, hi);
}

enum which { ALL_CELLS, NO_PK, ONLY_PK };

/* The names of the shape's columns (all, for NULL). */
static size_t
add_columns(struct str *sql, const struct rows *rs, const struct shape *shape,
    enum which which, const char *before, const char *between)
{
	size_t n = 0;

	for (size_t i = 0; i < rs->t->count; i++) {
		const struct tcolumn *c = &rs->t->columns[i];

		if (shape != NULL && shape->cells[i].v == NULL)
			continue;
		if ((which == NO_PK && c->is_pk) ||
		    (which == ONLY_PK && !c->is_pk))
			continue;
		str_put(sql, n++ > 0 ? between : "");
		str_addf(sql, "%s%s", before, c->quoted);
	}
	return n;
}

/* c=PREFIX.c, … for what is not key. */
static size_t
add_assignments(struct str *sql, const struct rows *rs,
    const struct shape *shape, const char *prefix)
{
	size_t n = 0;

	for (size_t i = 0; i < rs->t->count; i++) {
		const struct tcolumn *c = &rs->t->columns[i];

		if (c->is_pk || shape->cells[i].v == NULL)
			continue;
		str_addf(sql, "%s%s=%s.%s", n++ > 0 ? "," : "", c->quoted,
		    prefix, c->quoted);
	}
	return n;
}

static void
add_key_match(struct str *sql, const struct rows *rs)
{
	for (size_t i = 0; i < rs->t->count; i++)
		if (rs->t->columns[i].is_pk)
			str_addf(sql, " AND t.%s=s.%s",
			    rs->t->columns[i].quoted, rs->t->columns[i].quoted);
}

static void
insert_shape(struct str *sql, const struct rows *rs, size_t k)
{
	const struct shape *shape = &rs->shapes[k];

	str_addf(sql, "INSERT INTO %s(", rs->t->quoted);
	(void)add_columns(sql, rs, shape, ALL_CELLS, "", ",");
	str_put(sql, ") SELECT ");
	(void)add_columns(sql, rs, shape, ALL_CELLS, "s.", ",");
	str_addf(sql,
	    " FROM pg_temp." STAGE "%d s WHERE s.penstock_shape=%zu AND ",
	    rs->t->number, k);
}

static void
add_conflict(struct str *sql, const struct rows *rs, const struct shape *shape)
{
	str_put(sql, " ON CONFLICT (");
	(void)add_columns(sql, rs, NULL, ONLY_PK, "", ",");
	str_put(sql, ") DO UPDATE SET ");
	if (add_assignments(sql, rs, shape, "excluded") > 0)
		return;
	sql->len -= strlen("UPDATE SET ");
	str_put(sql, "NOTHING");
}

static void
add_insert(struct str *sql, const struct rows *rs, const struct sinkconf *cfg,
    const struct slice *of)
{
	insert_shape(sql, rs, of->shape);
	add_range(sql, of->lo, of->hi);
	str_put(sql, " ORDER BY ");
	if (rs->t->pk_count > 0 && !rs->ordered)
		(void)add_columns(sql, rs, NULL, ONLY_PK, "s.", ",");
	else
		str_put(sql, "s.penstock_n");
	if (cfg->mode == INSERT_UPSERT)
		add_conflict(sql, rs, &rs->shapes[of->shape]);
	str_put(sql, ";");
}

const struct stagesql stagesql_insert = { add_insert, true };

static void
add_update(struct str *sql, const struct rows *rs, const struct sinkconf *cfg,
    const struct slice *of)
{
	size_t mark = sql->len;

	(void)cfg;
	str_addf(sql, "UPDATE %s t SET ", rs->t->quoted);
	if (add_assignments(sql, rs, &rs->shapes[of->shape], "s") == 0) {
		sql->len = mark; /* nothing but the key */
		sql->data[mark] = '\0';
		return;
	}
	str_addf(sql,
	    " FROM pg_temp." STAGE "%d s WHERE s.penstock_shape=%zu AND ",
	    rs->t->number, of->shape);
	add_range(sql, of->lo, of->hi);
	add_key_match(sql, rs);
	str_put(sql, ";");
}

const struct stagesql stagesql_update = { add_update, true };

static void
add_delete(struct str *sql, const struct rows *rs, const struct sinkconf *cfg,
    const struct slice *of)
{
	(void)cfg;
	str_addf(sql,
	    "DELETE FROM %s t USING pg_temp." STAGE
	    "%d s WHERE s.penstock_del AND ",
	    rs->t->quoted, rs->t->number);
	add_range(sql, of->lo, of->hi);
	add_key_match(sql, rs);
	str_put(sql, ";");
}

const struct stagesql stagesql_delete = { add_delete, false };
