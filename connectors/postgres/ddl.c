#include "ddl.h"

#include "encode.h"
#include "sqlstate.h"

#define NAME_BYTES 63u

static const struct form {
	enum ps_type type;
	enum ps_logical logical;
	const char *sql;
} forms[] = {
	{ PS_BYTES, PS_DECIMAL, "DECIMAL" },
	{ PS_INT32, PS_DATE, "DATE" },
	{ PS_INT32, PS_TIME, "TIME" },
	{ PS_INT64, PS_TIMESTAMP, "TIMESTAMP" },
	{ PS_INT8, PS_PLAIN, "SMALLINT" },
	{ PS_INT16, PS_PLAIN, "SMALLINT" },
	{ PS_INT32, PS_PLAIN, "INT" },
	{ PS_INT64, PS_PLAIN, "BIGINT" },
	{ PS_FLOAT32, PS_PLAIN, "REAL" },
	{ PS_FLOAT64, PS_PLAIN, "DOUBLE PRECISION" },
	{ PS_BOOLEAN, PS_PLAIN, "BOOLEAN" },
	{ PS_STRING, PS_PLAIN, "TEXT" },
	{ PS_BYTES, PS_PLAIN, "BYTEA" },
};

static const char *
sql_type(const struct ps_schema *s)
{
	enum ps_logical logical =
	    s->logical == PS_OTHER ? PS_PLAIN : s->logical;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (forms[i].type == s->type && forms[i].logical == logical)
			return forms[i].sql;
	return NULL;
}

/* The default as a literal the column's type reads. */
static int
add_default(struct str *sql, struct ps_arena *a, const struct ps_schema *s,
    struct ps_error *err)
{
	static const struct tcolumn column = { .name = "default" };
	struct str text;
	int r;

	if (s->default_value == NULL || s->default_value->type == PS_NULL ||
	    s->type == PS_ARRAY)
		return 0;
	str_init(&text, STR_SQL_LIMIT);
	r = encode_cell(&text, a, &column, s->default_value, s, err);
	str_add(&text, "", 0);
	if (r == 0 && text.overflow)
		r = ps_fail(err, PS_E_FATAL,
		    "a default is longer than %zu bytes", text.limit);
	str_put(sql, " DEFAULT E");
	str_literal(sql, text.data);
	str_fini(&text);
	return r;
}

static int
add_column(struct str *sql, struct ps_arena *a, const struct wanted *f,
    struct ps_error *err)
{
	const struct ps_schema *s = f->schema;
	const char *type =
	    sql_type(s->type == PS_ARRAY && s->elem != NULL ? s->elem : s);

	if (type == NULL)
		return ps_fail(err, PS_E_FATAL,
		    "field %s has a schema without a column type: %s", f->name,
		    s->name == NULL ? "struct or map" : s->name);
	if (strlen(f->name) > NAME_BYTES)
		return ps_fail(err, PS_E_FATAL,
		    "field name \"%s\" is longer than the %u bytes that "
		    "Postgres tells apart",
		    f->name, NAME_BYTES);
	str_ident(sql, f->name);
	str_addf(sql, " %s%s", type, s->type == PS_ARRAY ? "[]" : "");
	if (add_default(sql, a, s, err) != 0)
		return -1;
	if (f->is_pk || (!s->optional && s->default_value == NULL))
		str_put(sql, " NOT NULL");
	else if (s->optional)
		str_put(sql, " NULL");
	return 0;
}

/* No record is to blame for a statement of ours. Of two tasks that make one
 * table the later one looks again. */
static int
run(struct db *db, const struct str *sql, const struct target *t,
    struct ps_error *err)
{
	struct ps_error why = { .code = PS_OK };
	enum ps_code code;

	if (db_run_str(db, sql, NULL, &why) == 0)
		return 0;
	code = why.code == PS_E_DATA ? PS_E_FATAL : why.code;
	if (sqlstate_is_made(db->state))
		code = PS_E_RETRY;
	return ps_fail(err, code, "table %s: %s", t->name, why.text);
}

static int
create(struct db *db, struct target *t, const struct wanted *fields,
    size_t count, struct ps_error *err)
{
	const char *comma = "";
	struct str sql;
	int r = 0;

	str_init(&sql, STR_SQL_LIMIT);
	str_addf(&sql, "CREATE TABLE IF NOT EXISTS %s (", t->quoted);
	for (size_t i = 0; i < count && r == 0; i++) {
		str_put(&sql, i > 0 ? "," : "");
		r = add_column(&sql, &t->mem.arena, &fields[i], err);
	}
	for (size_t i = 0; i < count; i++) {
		if (!fields[i].is_pk)
			continue;
		str_put(&sql, comma[0] == '\0' ? ",PRIMARY KEY(" : comma);
		str_ident(&sql, fields[i].name);
		comma = ",";
	}
	str_put(&sql, comma[0] == '\0' ? ")" : "))");
	if (r == 0)
		r = run(db, &sql, t, err);
	str_fini(&sql);
	return r;
}

static int
add_missing(struct db *db, struct target *t, const struct wanted *fields,
    const bool *missing, size_t count, struct ps_error *err)
{
	bool first = true;
	struct str sql;
	int r = 0;

	str_init(&sql, STR_SQL_LIMIT);
	str_addf(&sql, "ALTER TABLE %s ", t->quoted);
	for (size_t i = 0; i < count && r == 0; i++) {
		const struct ps_schema *s = fields[i].schema;

		if (!missing[i])
			continue;
		if (!s->optional && s->default_value == NULL)
			r = ps_fail(err, PS_E_FATAL,
			    "Cannot ALTER TABLE %s to add missing field %s, "
			    "as the field is not optional and does not have a "
			    "default value",
			    t->name, fields[i].name);
		str_addf(&sql, "%sADD COLUMN IF NOT EXISTS ", first ? "" : ",");
		first = false;
		if (r == 0)
			r = add_column(&sql, &t->mem.arena, &fields[i], err);
	}
	if (r == 0)
		r = run(db, &sql, t, err);
	str_fini(&sql);
	return r;
}

static int
fail_missing(const struct target *t, const struct wanted *fields,
    const bool *missing, size_t count, struct ps_error *err)
{
	struct str names;

	str_init(&names, 600);
	for (size_t i = 0; i < count; i++)
		if (missing[i])
			str_addf(&names, "%s%s", names.len > 0 ? ", " : "",
			    fields[i].name);
	(void)ps_fail(err, PS_E_FATAL,
	    "Table %s is missing fields ([%s]) and auto-evolution is disabled",
	    t->name, names.data);
	str_fini(&names);
	return -1;
}

static int
evolve(struct db *db, struct target *t, const struct sinkconf *cfg,
    const struct wanted *fields, size_t count, struct ps_error *err)
{
	bool *missing = ps_calloc(&t->mem.arena, count + 1, sizeof *missing);
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		missing[i] =
		    target_find(t, fields[i].name, strlen(fields[i].name)) < 0;
		found += missing[i];
	}
	if (found == 0)
		return 0;
	if (!cfg->auto_evolve)
		return fail_missing(t, fields, missing, count, err);
	if (add_missing(db, t, fields, missing, count, err) != 0)
		return -1;
	return target_read(t, db, err);
}

int
ddl_provide(struct db *db, struct target *t, const struct sinkconf *cfg,
    const struct wanted *fields, size_t count, struct ps_error *err)
{
	if (t->exists)
		return evolve(db, t, cfg, fields, count, err);
	if (!cfg->auto_create)
		return ps_fail(err, PS_E_FATAL,
		    "Table %s is missing and auto-creation is disabled",
		    t->name);
	if (create(db, t, fields, count, err) != 0 ||
	    target_read(t, db, err) != 0)
		return -1;
	return evolve(db, t, cfg, fields, count, err);
}
