#include "target.h"

#include <stdlib.h>
#include <strings.h>

#include "utf8.h"

#define NAME_BYTES 63u

/* Replaces ${topic}. */
static const char *
expand(struct ps_arena *a, const char *format, const char *topic)
{
	const char *mark = strstr(format, "${topic}");

	if (mark == NULL)
		return format;
	return ps_printf(a, "%.*s%s%s", (int)(mark - format), format, topic,
	    mark + 8);
}

int
target_name(struct target *t, struct ps_arena *a, const char *format,
    const char *topic, struct ps_error *err)
{
	const char *name = expand(a, format, topic), *dot = strchr(name, '.');
	struct str s;

	t->name = name;
	t->schema =
	    dot == NULL ? NULL : ps_strndup(a, name, (size_t)(dot - name));
	t->bare = dot == NULL ? name : dot + 1;
	if (!utf8_is_valid(name, strlen(name)) || t->bare[0] == '\0')
		return ps_fail(err, PS_E_FATAL,
		    "topic %s has no table name: \"%s\"", topic, name);
	if (strlen(t->bare) > NAME_BYTES ||
	    (t->schema != NULL && strlen(t->schema) > NAME_BYTES))
		return ps_fail(err, PS_E_FATAL,
		    "table name \"%s\" is longer than the %u bytes that "
		    "Postgres tells apart",
		    name, NAME_BYTES);
	str_init(&s, STR_SQL_LIMIT);
	if (t->schema != NULL) {
		str_ident(&s, t->schema);
		str_put(&s, ".");
	}
	str_ident(&s, t->bare);
	t->quoted = ps_strndup(a, s.data, s.len);
	str_fini(&s);
	return 0;
}

static enum kind
kind_of(const char *name)
{
	static const struct {
		const char *name;
		enum kind kind;
	} kinds[] = {
		{ "json", KIND_JSON },
		{ "jsonb", KIND_JSON },
		{ "bytea", KIND_BYTEA },
		{ "date", KIND_DATE },
		{ "time", KIND_TIME },
		{ "timetz", KIND_TIME },
		{ "timestamp", KIND_STAMP },
		{ "timestamptz", KIND_STAMP },
		{ "text", KIND_TEXT },
		{ "varchar", KIND_TEXT },
		{ "bpchar", KIND_TEXT },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].kind;
	return KIND_PLAIN;
}

/* Domains count as their base type. */
static const char catalog_sql[] =
    "SELECT a.attname, a.attgenerated<>'', "
    "COALESCE(b.typname,t.typname), "
    "CASE WHEN t.typcategory='A' AND t.typlen=-1 THEN e.typname ELSE '' END "
    "FROM pg_catalog.pg_attribute a "
    "JOIN pg_catalog.pg_type t ON t.oid=a.atttypid "
    "LEFT JOIN pg_catalog.pg_type b ON b.oid=t.typbasetype AND t.typtype='d' "
    "LEFT JOIN pg_catalog.pg_type e ON e.oid=t.typelem "
    "WHERE a.attnum>0 AND NOT a.attisdropped AND a.attrelid=to_regclass(";

static void
take_columns(struct target *t, const PGresult *res)
{
	struct ps_arena *a = &t->mem.arena;

	t->count = (size_t)PQntuples(res);
	t->columns = ps_calloc(a, t->count + 1, sizeof *t->columns);
	for (size_t i = 0; i < t->count; i++) {
		struct tcolumn *c = &t->columns[i];
		const char *elem = PQgetvalue(res, (int)i, 3);
		struct str s;

		c->name = ps_strdup(a, PQgetvalue(res, (int)i, 0));
		c->name_len = strlen(c->name);
		c->generated = PQgetvalue(res, (int)i, 1)[0] == 't';
		c->kind = elem[0] != '\0' ? KIND_ARRAY
					  : kind_of(PQgetvalue(res, (int)i, 2));
		c->elem = kind_of(elem);
		str_init(&s, STR_SQL_LIMIT);
		str_ident(&s, c->name);
		c->quoted = ps_strndup(a, s.data, s.len);
		str_fini(&s);
	}
}

int
target_read(struct target *t, struct db *db, struct ps_error *err)
{
	PGresult *res;
	struct str sql;
	int r;

	str_init(&sql, STR_SQL_LIMIT);
	str_put(&sql, catalog_sql);
	str_literal(&sql, t->quoted);
	str_put(&sql, ") ORDER BY a.attnum");
	r = db_run_str(db, &sql, &res, err);
	str_fini(&sql);
	if (r != 0)
		return ps_fail_in(err, "table %s", t->name);
	mem_reset(&t->mem);
	take_columns(t, res);
	t->exists = t->count > 0;
	t->plan_count = t->plan_next = 0;
	t->staged = false;
	PQclear(res);
	return 0;
}

void
target_fini(struct target *t)
{
	for (size_t i = 0; i < TARGET_PLANS; i++)
		free(t->plans[i].key_map);
	mem_fini(&t->mem);
}

int
target_find(const struct target *t, const char *name, size_t len)
{
	int found = -1;

	for (size_t i = 0; i < t->count; i++)
		if (t->columns[i].name_len == len) {
			if (memcmp(t->columns[i].name, name, len) == 0)
				return (int)i;
			if (strncasecmp(t->columns[i].name, name, len) == 0)
				found = (int)i;
		}
	return found;
}
