#include <inttypes.h>
#include <stdlib.h>

#include "oids.h"
#include "reader.h"
#include "times.h"
#include "wire.h"

static const struct column *
find_column(const struct reader *r, const char *name)
{
	for (size_t i = 0; i < r->plan.count; i++)
		if (strcmp(r->plan.columns[i].name, name) == 0)
			return &r->plan.columns[i];
	for (size_t i = 0; i < r->plan.count; i++)
		if (strcasecmp(r->plan.columns[i].name, name) == 0)
			return &r->plan.columns[i];
	return NULL;
}

static int
fail_nullable(const struct reader *r, const char *column, struct ps_error *err)
{
	return ps_fail(err, PS_E_CONFIG,
	    "Cannot make incremental queries using %s column %s on %s because "
	    "%s nullable.",
	    r->stamps.count > 0 ? "timestamp" : "incrementing", column, r->full,
	    r->stamps.count > 0 ? "all of these columns are"
				: "this column is");
}

/* incrementing.column.name="" means the identity or serial column. */
static int
find_id(struct reader *r, const char **out, struct ps_error *err)
{
	PGresult *res;
	struct str sql;
	int rc;

	*out = r->id;
	if (r->id[0] != '\0')
		return 0;
	str_init(&sql, STR_SQL_LIMIT);
	str_put(&sql, "SELECT a.attname FROM pg_catalog.pg_attribute a LEFT "
		      "JOIN pg_catalog.pg_attrdef d ON d.adrelid=a.attrelid "
		      "AND d.adnum=a.attnum WHERE a.attrelid=");
	str_literal(&sql, r->is_query ? "pg_class" : r->from);
	str_put(&sql, "::regclass AND NOT a.attisdropped AND a.attnum>0 AND "
		      "(a.attidentity<>'' OR pg_get_expr(d.adbin,d.adrelid) "
		      "LIKE 'nextval(%') ORDER BY a.attnum");
	rc = db_run(r->db, sql.data, &res, err);
	str_fini(&sql);
	if (rc != 0)
		return -1;
	if (r->is_query || PQntuples(res) != 1)
		rc = ps_fail(err, PS_E_CONFIG,
		    "incrementing.column.name is empty and %s has %d identity "
		    "or serial columns, one was expected",
		    r->full, r->is_query ? 0 : PQntuples(res));
	else
		*out = ps_strdup(&r->mem.arena, PQgetvalue(res, 0, 0));
	PQclear(res);
	return rc;
}

static int
make_id(struct reader *r, struct ps_error *err)
{
	const struct column *c;
	const char *name;
	struct str sql;

	if (find_id(r, &name, err) != 0)
		return -1;
	c = find_column(r, name);
	if (c == NULL)
		return ps_fail(err, PS_E_CONFIG, "%s: %s has no column \"%s\"",
		    r->cfg->id_map.count > 0 ? ID_MAP
					     : "incrementing.column.name",
		    r->full, name);
	if (c->elem != 0 || (c->type != OID_INT2 && c->type != OID_INT4 &&
				c->type != OID_INT8 && c->type != OID_NUMERIC &&
				c->type != OID_OID))
		return ps_fail(err, PS_E_CONFIG,
		    "Invalid type for incrementing column: %s of %s is of the "
		    "type with OID %u, an integer was expected",
		    name, r->full, c->type);
	if (r->cfg->validate_non_null && !r->is_query && r->relkind != 'v' &&
	    !c->not_null)
		return fail_nullable(r, name, err);
	str_init(&sql, STR_SQL_LIMIT);
	str_put(&sql, READER_ALIAS ".");
	str_ident(&sql, c->name);
	r->k.keys.sql.id = ps_strndup(&r->mem.arena, sql.data, sql.len);
	str_fini(&sql);
	return 0;
}

/* COALESCE over the columns; their type is the first one's. */
static int
make_stamp(struct reader *r, struct ps_error *err)
{
	bool not_null = false;
	struct str sql;
	Oid type = 0;

	str_init(&sql, STR_SQL_LIMIT);
	str_put(&sql, r->stamps.count > 1 ? "COALESCE(" : "");
	for (size_t i = 0; i < r->stamps.count; i++) {
		const struct column *c = find_column(r, r->stamps.items[i]);

		if (c == NULL || c->elem != 0 ||
		    (type != 0 && c->type != type) ||
		    (c->type != OID_TIMESTAMP && c->type != OID_TIMESTAMPTZ)) {
			str_fini(&sql);
			return ps_fail(err, PS_E_CONFIG,
			    "%s: %s has no timestamp column "
			    "\"%s\" (all of one type, with or without time "
			    "zone)",
			    r->cfg->stamp_map.count > 0
				? STAMP_MAP
				: "timestamp.column.name",
			    r->full, r->stamps.items[i]);
		}
		type = c->type;
		not_null = not_null || c->not_null;
		str_put(&sql, i > 0 ? "," : "");
		str_put(&sql, READER_ALIAS ".");
		str_ident(&sql, c->name);
	}
	str_put(&sql, r->stamps.count > 1 ? ")" : "");
	r->k.keys.sql.ts = ps_strndup(&r->mem.arena,
	    sql.data == NULL ? "" : sql.data, sql.len);
	str_fini(&sql);
	r->k.keys.sql.ts_type =
	    type == OID_TIMESTAMP ? "timestamp" : "timestamptz";
	r->k.keys.has_instant =
	    type == OID_TIMESTAMP && strcmp(r->cfg->map.timezone, "UTC") != 0;
	if (type == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "timestamp.column.name is empty and the mode needs it");
	if (r->cfg->validate_non_null && !r->is_query && r->relkind != 'v' &&
	    !not_null)
		return fail_nullable(r, r->k.keys.sql.ts, err);
	return 0;
}

static int
find_mapped(struct reader *r, const struct colmap *m, struct ps_list *out,
    struct ps_error *err)
{
	const char *schema;

	if (r->is_query || m->count == 0)
		return 0;
	schema = ps_strndup(&r->mem.arena, r->full,
	    strlen(r->full) - strlen(r->name) - 1);
	return colmap_find(m, r->db, schema, r->name, out, err);
}

/* Which columns they are, for this table: it keeps its name. */
static int
name_columns(struct reader *r, struct ps_error *err)
{
	const struct settings *cfg = r->cfg;
	struct ps_list stamps = cfg->stamps;
	const char *one = cfg->id;
	struct ps_list id = { &one, 1 };

	if (r->id != NULL)
		return 0;
	if (find_mapped(r, &cfg->stamp_map, &stamps, err) != 0 ||
	    find_mapped(r, &cfg->id_map, &id, err) != 0)
		return -1;
	r->stamps = stamps;
	r->id = id.items[0];
	return 0;
}

int
keys_make(struct reader *r, struct ps_error *err)
{
	struct keys *k = &r->k.keys;
	struct str sql;

	*k = (struct keys){ .sql.xmin = READER_ALIAS ".xmin" };
	if (name_columns(r, err) != 0)
		return -1;
	if (mode_has_stamp(r->cfg->mode) && make_stamp(r, err) != 0)
		return -1;
	if (mode_has_id(r->cfg->mode) && make_id(r, err) != 0)
		return -1;
	str_init(&sql, STR_SQL_LIMIT);
	if (k->sql.ts != NULL) {
		str_addf(&sql, "%s,", k->sql.ts);
		k->fields++;
	}
	if (k->has_instant) {
		str_addf(&sql, "(%s AT TIME ZONE ", k->sql.ts);
		str_literal(&sql, r->cfg->map.timezone);
		str_put(&sql, "),");
		k->fields++;
	}
	if (k->sql.id != NULL) {
		str_addf(&sql, "%s::int8,", k->sql.id);
		k->fields++;
	}
	k->select = ps_strndup(&r->mem.arena, sql.data, sql.len);
	str_fini(&sql);
	k->order = k->sql.ts == NULL   ? k->sql.id
		   : k->sql.id == NULL ? k->sql.ts
				       : ps_printf(&r->mem.arena, "%s,%s",
					     k->sql.ts, k->sql.id);
	return 0;
}

/* Microseconds since 2000 of a time in the terms of the timestamp column. */
static void
add_column_time(struct str *sql, const struct reader *r, const char *instant)
{
	str_addf(sql, "(extract(epoch from (%s)", instant);
	if (r->k.keys.sql.ts_type != NULL &&
	    strcmp(r->k.keys.sql.ts_type, "timestamp") == 0) {
		str_put(sql, " AT TIME ZONE ");
		str_literal(sql, r->cfg->map.timezone);
	}
	str_addf(sql, ")*1000000)::int8-%" PRId64, TIMES_EPOCH_US);
}

int
keys_now(struct reader *r, struct ps_error *err)
{
	struct hnow *now = &r->k.now;
	PGresult *res;
	struct str sql;
	char time[96];
	int rc;

	str_init(&sql, STR_SQL_LIMIT);
	(void)snprintf(time, sizeof time,
	    "now() - interval '%lld milliseconds'",
	    (long long)r->cfg->delay_ms);
	str_put(&sql,
	    "SELECT x, age((x & 4294967295)::text::xid)::int8 & 4294967295,");
	add_column_time(&sql, r, time);
	str_put(&sql,
	    " FROM (SELECT txid_snapshot_xmin(txid_current_snapshot()) x) s");
	rc = db_run(r->db, sql.data, &res, err);
	str_fini(&sql);
	if (rc != 0)
		return -1;
	now->xmin = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	now->next = now->xmin + strtoull(PQgetvalue(res, 0, 1), NULL, 10);
	now->bound = strtoll(PQgetvalue(res, 0, 2), NULL, 10);
	PQclear(res);
	return hold_look(r->hold, r->db, now, err);
}

void
keys_present(struct str *sql, const struct reader *r)
{
	const struct hcolumns *c = &r->k.keys.sql;

	if (c->ts != NULL)
		str_addf(sql, "%s IS NOT NULL%s", c->ts,
		    c->id == NULL ? "" : " AND ");
	if (c->id != NULL)
		str_addf(sql, "%s IS NOT NULL", c->id);
}

/* The next of the keys, which add_row() has seen to be there. */
static int64_t
take_int8(const uint8_t **p)
{
	int64_t v = wire_i64(*p + 4);

	*p += 12;
	return v;
}

void
keys_row(struct reader *r, const uint8_t *p)
{
	struct keyed *k = &r->k;
	struct hkey key = { .set = true };
	int64_t instant = 0;

	if (k->keys.sql.ts != NULL)
		instant = key.ts = take_int8(&p);
	if (k->keys.has_instant)
		instant = take_int8(&p);
	if (k->keys.sql.id != NULL)
		key.id = take_int8(&p);
	/* Rows of one timestamp: only the end of the group is a place to go
	 * on from. */
	if (k->keys.sql.id != NULL) {
		k->upto = key;
		k->upto_instant = instant;
	} else if (k->row.set && k->row.ts != key.ts) {
		k->upto = k->row;
		k->upto_instant = k->row_instant;
	}
	k->row = key;
	k->row_instant = instant;
	k->rows++;
}

/* Notes the greatest key; `all`: the last row's group is complete. */
void
keys_delivered(struct reader *r, bool all)
{
	struct keyed *k = &r->k;

	if (all && k->row.set) {
		k->upto = k->row;
		k->upto_instant = k->row_instant;
	}
	if (k->upto.set && hkey_compare(&k->upto, &k->top) > 0) {
		k->top = k->upto;
		k->instant = k->upto_instant;
	}
}

size_t
keys_offset(const struct reader *r, struct ps_pair *pairs,
    const struct hkey *key)
{
	size_t n = 0;

	if (!key->set)
		return 0;
	if (mode_has_id(r->cfg->mode))
		pairs[n++] = (struct ps_pair){ ps_text("incrementing"),
			ps_int64(key->id) };
	if (mode_has_stamp(r->cfg->mode)) {
		int64_t us = r->k.instant + TIMES_EPOCH_US;
		int64_t s = times_floor_div(us, 1000000);

		pairs[n++] = (struct ps_pair){ ps_text("timestamp"),
			ps_int64(times_floor_div(us, 1000)) };
		pairs[n++] = (struct ps_pair){ ps_text("timestamp_nanos"),
			ps_int64((us - s * 1000000) * 1000) };
	}
	return n;
}

/* The instant as the column has it. */
static int
column_time(struct reader *r, int64_t instant, int64_t *out,
    struct ps_error *err)
{
	char text[TIMES_TEXT], literal[96];
	PGresult *res;
	struct str sql;
	int rc;

	(void)times_stamp_text(text, instant);
	(void)snprintf(literal, sizeof literal, "'%s+00'::timestamptz", text);
	str_init(&sql, STR_SQL_LIMIT);
	str_put(&sql, "SELECT ");
	add_column_time(&sql, r, literal);
	rc = db_run(r->db, sql.data, &res, err);
	str_fini(&sql);
	if (rc != 0)
		return -1;
	*out = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	return 0;
}

int
keys_initial(struct reader *r, struct hkey *key, int64_t *instant,
    struct ps_error *err)
{
	PGresult *res;
	struct str sql;
	int rc;

	*instant = r->cfg->initial_ms * 1000 - TIMES_EPOCH_US;
	if (r->cfg->initial_ms == INITIAL_NOW) {
		str_init(&sql, STR_SQL_LIMIT);
		str_addf(&sql,
		    "SELECT (extract(epoch from now() - interval '%lld "
		    "milliseconds')*1000000)::int8-%" PRId64,
		    (long long)r->cfg->delay_ms, TIMES_EPOCH_US);
		rc = db_run(r->db, sql.data, &res, err);
		str_fini(&sql);
		if (rc != 0)
			return -1;
		*instant = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
		PQclear(res);
	}
	key->set = true;
	return column_time(r, *instant, &key->ts, err);
}

int
keys_restore(struct reader *r, const struct ps_value *offset,
    struct ps_error *err)
{
	const struct ps_value *id = ps_map_find(offset, "incrementing");
	const struct ps_value *ms = ps_map_find(offset, "timestamp");
	const struct ps_value *ns = ps_map_find(offset, "timestamp_nanos");
	struct keyed *k = &r->k;

	if (id != NULL && ps_is_int(id)) {
		k->top.set = true;
		k->top.id = id->i;
	}
	if (ms == NULL || !ps_is_int(ms) || k->keys.sql.ts == NULL)
		return 0;
	k->instant = times_floor_div(ms->i, 1000) * 1000000 - TIMES_EPOCH_US;
	k->instant +=
	    ns != NULL && ps_is_int(ns)
		? ns->i / 1000
		: (ms->i - times_floor_div(ms->i, 1000) * 1000) * 1000;
	k->top.set = true;
	return column_time(r, k->instant, &k->top.ts, err);
}
