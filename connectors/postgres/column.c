#include "column.h"

#include <stdlib.h>

#include "decode.h"
#include "oids.h"

/* Types read in binary as they are; special ones have rows of their own. */
static const struct simple {
	Oid oid;
	enum ps_type base;
	decode_fn *decode;
	const char *logical;
} simples[] = {
	{ OID_BOOL, PS_BOOLEAN, decode_bool, NULL },
	{ OID_INT2, PS_INT16, decode_int2, NULL },
	{ OID_INT4, PS_INT32, decode_int4, NULL },
	{ OID_INT8, PS_INT64, decode_int8, NULL },
	{ OID_OID, PS_INT64, decode_oid, NULL },
	{ OID_FLOAT4, PS_FLOAT32, decode_float4, NULL },
	{ OID_FLOAT8, PS_FLOAT64, decode_float8, NULL },
	{ OID_TEXT, PS_STRING, decode_text, NULL },
	{ OID_VARCHAR, PS_STRING, decode_text, NULL },
	{ OID_BPCHAR, PS_STRING, decode_text, NULL },
	{ OID_NAME, PS_STRING, decode_text, NULL },
	{ OID_JSON, PS_STRING, decode_text, NULL },
	{ OID_BYTEA, PS_BYTES, decode_bytea, NULL },
	{ OID_UUID, PS_STRING, decode_uuid, NULL },
	{ OID_DATE, PS_INT32, decode_date, PS_NAME_DATE },
	{ OID_TIME, PS_INT32, decode_time, PS_NAME_TIME },
};

static const struct stamp_form {
	enum ps_type base;
	decode_fn *decode;
	const char *logical;
} stamp_forms[] = {
	[TS_LOGICAL] = { PS_INT64, decode_stamp, PS_NAME_TIMESTAMP },
	[TS_MICROS_LONG] = { PS_INT64, decode_stamp_long, NULL },
	[TS_MICROS_STRING] = { PS_STRING, decode_stamp_text, NULL },
	[TS_MICROS_ISO] = { PS_STRING, decode_stamp_text, NULL },
	[TS_NANOS_LONG] = { PS_INT64, decode_stamp_long, NULL },
	[TS_NANOS_STRING] = { PS_STRING, decode_stamp_text, NULL },
	[TS_NANOS_ISO] = { PS_STRING, decode_stamp_text, NULL },
};

static void
map_text(struct column *c, const char *cast)
{
	c->cast = cast;
	c->base = PS_STRING;
	c->logical = NULL;
	c->decode = c->map.check_utf8 ? decode_text_checked : decode_text;
}

static void
map_decimal(struct column *c, int scale)
{
	c->base = PS_BYTES;
	c->logical = PS_NAME_DECIMAL;
	c->scale = scale;
	c->decode = decode_decimal;
}

static enum ps_type
int_of_precision(int precision)
{
	return precision < 3    ? PS_INT8
	       : precision < 5  ? PS_INT16
	       : precision < 10 ? PS_INT32
				: PS_INT64;
}

/* numeric.mapping, as Connect's JDBC source reads it. Without a precision
 * the scale is 127, as there. */
static void
map_numeric(struct column *c)
{
	int mod = c->typmod - 4;
	int precision = c->typmod < 4 ? 131089 : mod >> 16 & 0xffff;
	int scale = c->typmod < 4 ? 127 : ((mod & 0x7ff) ^ 1024) - 1024;
	enum numeric_mapping m = c->map.numeric;
	bool whole = m == NUMERIC_PRECISION_ONLY ? scale == 0 : scale <= 0;

	if (m != NUMERIC_NONE && precision <= 18 && whole && scale >= -84) {
		c->base = int_of_precision(precision - scale);
		c->decode = decode_numeric_int;
	} else if (scale > 0 &&
		   (m == NUMERIC_EAGER_DOUBLE ||
		       (m == NUMERIC_BEST_FIT && precision <= 18))) {
		c->base = PS_FLOAT64;
		c->decode = decode_numeric_double;
	} else {
		map_decimal(c, scale);
	}
}

static void
map_stamp(struct column *c, const char *zone_cast)
{
	const struct stamp_form *f = &stamp_forms[c->map.granularity];

	c->base = f->base;
	c->decode = f->decode;
	c->logical = f->logical;
	c->cast = zone_cast;
}

/* Types whose values may be infinite or NaN without a place in Connect's. */
static bool
may_be_special(Oid type)
{
	return type == OID_NUMERIC || type == OID_DATE ||
	       type == OID_TIMESTAMP || type == OID_TIMESTAMPTZ;
}

static bool
map_simple(struct column *c, Oid type)
{
	for (size_t i = 0; i < sizeof simples / sizeof *simples; i++)
		if (simples[i].oid == type) {
			c->base = simples[i].base;
			c->decode = simples[i].decode;
			c->logical = simples[i].logical;
			if (c->decode == decode_text && c->map.check_utf8)
				c->decode = decode_text_checked;
			return true;
		}
	return false;
}

/* An array's expression cannot name a zone for each element. */
static const char *
stamp_cast(const struct column *c, Oid type, bool array)
{
	return type == OID_TIMESTAMP && !array &&
		       strcmp(c->map.timezone, "UTC") != 0
		   ? "zone"
		   : "";
}

/* Types whose form depends on the modifier or on settings. */
static bool
map_special(struct column *c, Oid type, bool array)
{
	if (type == OID_NUMERIC) {
		map_numeric(c);
	} else if (type == OID_TIMESTAMPTZ || type == OID_TIMESTAMP) {
		map_stamp(c, stamp_cast(c, type, array));
	} else if (type == OID_BIT && c->typmod == 1 && !array) {
		c->base = PS_BOOLEAN;
		c->decode = decode_bit;
	} else if (type == OID_MONEY) {
		map_decimal(c, 2);
		c->cast = array ? "::numeric(21,2)[]" : "::numeric(21,2)";
	} else {
		return false;
	}
	return true;
}

static void
map_type(struct column *c, Oid type, bool array)
{
	const char *text = array ? "::text[]" : "::text";
	bool as_text =
	    c->map.specials == SPECIAL_STRING && may_be_special(type);

	c->cast = "";
	if (as_text || (!map_special(c, type, array) && !map_simple(c, type)))
		map_text(c, text);
}

void
column_map(struct column *c)
{
	c->logical = NULL;
	if (c->elem != 0 && c->map.arrays_as_text) {
		map_text(c, "::text");
		c->elem = 0;
		return;
	}
	map_type(c, c->elem != 0 ? c->elem : c->type, c->elem != 0);
	if (c->elem != 0) {
		c->decode_elem = c->decode;
		c->decode = decode_array;
	}
}

/* A draft in the arena; intern() copies it. */
static struct ps_schema *
scalar_schema(struct ps_arena *a, const struct column *c)
{
	struct ps_schema *s = ps_calloc(a, 1, sizeof *s);
	struct ps_param *params;

	s->type = c->base;
	s->name = c->logical;
	s->optional = !c->not_null;
	if (c->logical != NULL)
		s->version = 1;
	if (c->decode != decode_decimal && c->decode_elem != decode_decimal)
		return s;
	params = ps_calloc(a, 2, sizeof *params);
	params[0] = (struct ps_param){ "scale", ps_printf(a, "%d", c->scale) };
	s->params = params;
	s->param_count = 1;
	if (c->typmod >= 4 && c->cast[0] == '\0') {
		params[1] = (struct ps_param){ "connect.decimal.precision",
			ps_printf(a, "%d", (c->typmod - 4) >> 16 & 0xffff) };
		s->param_count = 2;
	}
	return s;
}

static const struct ps_schema *
column_schema(struct ps_arena *a, const struct column *c)
{
	struct ps_schema *s = scalar_schema(a, c), *array;

	if (c->elem == 0)
		return s;
	s->optional = true;
	array = ps_calloc(a, 1, sizeof *array);
	array->type = PS_ARRAY;
	array->optional = !c->not_null;
	array->elem = s;
	return array;
}

static void
add_expression(struct str *list, const struct column *c)
{
	if (strcmp(c->cast, "zone") != 0) {
		str_ident(list, c->name);
		str_put(list, c->cast);
		return;
	}
	str_put(list, "(");
	str_ident(list, c->name);
	str_put(list, " AT TIME ZONE ");
	str_literal(list, c->map.timezone);
	str_put(list, ")");
}

static void
finish(struct db *db, struct ps_arena *a, struct plan *p)
{
	struct ps_field *fields = ps_calloc(a, p->count, sizeof *fields);
	struct ps_schema draft = { .type = PS_STRUCT,
		.name = p->name,
		.fields = fields,
		.field_count = p->count };
	struct str list;

	str_init(&list, STR_SQL_LIMIT);
	for (size_t i = 0; i < p->count; i++) {
		const struct column *c = &p->columns[i];

		fields[i] = (struct ps_field){ c->name, strlen(c->name),
			column_schema(a, c) };
		if (i > 0)
			str_put(&list, ",");
		add_expression(&list, c);
	}
	p->schema = db->host->intern(db->host, &draft);
	p->list = ps_strndup(a, list.data == NULL ? "" : list.data, list.len);
	str_fini(&list);
}

/* The element types of arrays, domains resolved. */
static const char facts_sql[] =
    "WITH RECURSIVE base(root, oid) AS ("
    " SELECT t.oid, t.typelem FROM pg_catalog.pg_type t WHERE t.oid IN (%s)"
    "  AND t.typcategory='A' AND t.typlen=-1"
    " UNION ALL SELECT b.root, d.typbasetype FROM base b"
    "  JOIN pg_catalog.pg_type d ON d.oid=b.oid AND d.typtype='d') "
    "SELECT b.root, b.oid FROM base b JOIN pg_catalog.pg_type t"
    " ON t.oid=b.oid WHERE t.typtype<>'d' AND t.typcategory<>'A'";

static Oid
oid_at(const PGresult *res, int row, int col)
{
	return (Oid)strtoul(PQgetvalue(res, row, col), NULL, 10);
}

static int
find_elements(struct db *db, struct plan *p, struct ps_error *err)
{
	struct str oids, sql;
	PGresult *res = NULL;
	int r;

	str_init(&oids, STR_SQL_LIMIT);
	str_init(&sql, STR_SQL_LIMIT);
	for (size_t i = 0; i < p->count; i++)
		str_addf(&oids, "%s%u", i > 0 ? "," : "", p->columns[i].type);
	str_addf(&sql, facts_sql, oids.data == NULL ? "0" : oids.data);
	r = db_run(db, sql.data, &res, err);
	str_fini(&oids);
	str_fini(&sql);
	for (int k = 0; r == 0 && k < PQntuples(res); k++)
		for (size_t i = 0; i < p->count; i++)
			if (p->columns[i].type == oid_at(res, k, 0))
				p->columns[i].elem = oid_at(res, k, 1);
	PQclear(res);
	return r;
}

/* Columns that are NOT NULL in their table. */
static int
find_not_null(struct db *db, const PGresult *desc, struct plan *p,
    struct ps_error *err)
{
	Oid table = p->count == 0 ? 0 : PQftable(desc, 0);
	char sql[256];
	PGresult *res;

	(void)snprintf(sql, sizeof sql,
	    "SELECT attnum FROM pg_catalog.pg_attribute "
	    "WHERE attrelid=%u AND attnotnull AND attnum>0",
	    table);
	if (db_run(db, sql, &res, err) != 0)
		return -1;
	for (int k = 0; k < PQntuples(res); k++)
		for (size_t i = 0; i < p->count; i++)
			if (PQftablecol(desc, (int)i) ==
			    (int)strtol(PQgetvalue(res, k, 0), NULL, 10))
				p->columns[i].not_null = true;
	PQclear(res);
	return 0;
}

/* The one result of what was sent. */
static int
only_result(struct db *db, PGresult **out, struct ps_error *err)
{
	PGresult *more = NULL;

	if (db_result(db, out, err) != 0)
		return -1;
	do {
		PQclear(more);
		if (db_result(db, &more, err) != 0) {
			PQclear(*out);
			return -1;
		}
	} while (more != NULL);
	if (PQresultStatus(*out) == PGRES_COMMAND_OK)
		return 0;
	(void)db_fail(db, *out, err);
	PQclear(*out);
	return -1;
}

static int
describe(struct db *db, const char *sql, PGresult **out, struct ps_error *err)
{
	PGresult *prepared = NULL;

	if (PQsendPrepare(db->conn, "", sql, 0, NULL) == 0)
		return db_broken(db, err);
	if (only_result(db, &prepared, err) != 0)
		return -1;
	PQclear(prepared);
	if (PQsendDescribePrepared(db->conn, "") == 0)
		return db_broken(db, err);
	return only_result(db, out, err);
}

int
plan_make(struct db *db, struct ps_arena *a, struct plan *p,
    struct ps_error *err)
{
	PGresult *desc = NULL;
	int r = 0;

	if (describe(db, p->sql, &desc, err) != 0)
		return -1;
	p->count = (size_t)PQnfields(desc);
	p->columns = ps_calloc(a, p->count + 1, sizeof *p->columns);
	for (size_t i = 0; i < p->count; i++)
		p->columns[i] = (struct column){
			.name = ps_strdup(a, PQfname(desc, (int)i)),
			.type = PQftype(desc, (int)i),
			.typmod = PQfmod(desc, (int)i),
			.map = *p->map,
		};
	if (p->is_table)
		r = find_not_null(db, desc, p, err);
	PQclear(desc);
	if (r != 0 || find_elements(db, p, err) != 0)
		return -1;
	for (size_t i = 0; i < p->count; i++)
		column_map(&p->columns[i]);
	finish(db, a, p);
	return 0;
}
