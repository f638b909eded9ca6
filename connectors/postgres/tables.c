#include "tables.h"

static void
add_in(struct str *sql, const struct ps_list *names)
{
	for (size_t i = 0; i < names->count; i++) {
		str_put(sql, i > 0 ? "," : "");
		str_literal(sql, names->items[i]);
	}
}

/* Does one of the forms of the name equal, or match, one of the list? */
static void
add_match(struct str *sql, const struct ps_list *names, bool is_pattern)
{
	static const char *const forms[] = { "c.relname",
		"n.nspname||'.'||c.relname",
		"current_database()||'.'||n.nspname||'.'||c.relname" };

	for (size_t i = 0; i < 3; i++) {
		str_put(sql, i > 0 ? " OR " : "(");
		if (!is_pattern) {
			str_addf(sql, "%s IN (", forms[i]);
			add_in(sql, names);
			str_put(sql, ")");
			continue;
		}
		for (size_t k = 0; k < names->count; k++) {
			str_addf(sql, "%s%s ~ ", k > 0 ? " OR " : "", forms[i]);
			str_put(sql, "('^(?:'||");
			str_literal(sql, names->items[k]);
			str_put(sql, "||')$')");
		}
	}
	str_put(sql, ")");
}

/* The table, or all of its columns: the system's that positions are made of,
 * too. */
static void
add_readable(struct str *sql)
{
	str_put(sql,
	    " AND (has_table_privilege(c.oid,'SELECT') OR "
	    "has_any_column_privilege(c.oid,'SELECT') AND NOT EXISTS ("
	    "SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid=c.oid AND "
	    "(a.attnum>0 AND NOT a.attisdropped OR a.attname IN "
	    "('xmin','ctid')) AND "
	    "NOT has_column_privilege(c.oid,a.attnum,'SELECT')))");
}

static void
add_query(struct str *sql, const struct settings *s)
{
	str_put(sql, "SELECT 0, '\"'||replace(n.nspname,'\"','\"\"')||"
		     "'\".\"'||replace(c.relname,'\"','\"\"')||'\"', c.relname "
		     "FROM pg_catalog.pg_class c "
		     "JOIN pg_catalog.pg_namespace n ON n.oid=c.relnamespace "
		     "WHERE n.nspname<>'information_schema' "
		     "AND n.nspname !~ '^pg_' AND c.relpersistence<>'t' "
		     "AND position(c.relkind in ");
	str_literal(sql, s->kinds);
	str_put(sql, ") > 0");
	add_readable(sql);
	if (s->schema_pattern != NULL) {
		str_put(sql, " AND n.nspname LIKE ");
		str_literal(sql, s->schema_pattern);
	}
	if (s->include.count > 0) {
		str_put(sql, " AND ");
		add_match(sql, &s->include, s->is_pattern);
	}
	if (s->exclude.count > 0) {
		str_put(sql, " AND NOT ");
		add_match(sql, &s->exclude, s->is_pattern);
	}
	str_put(sql, " ORDER BY c.relname, n.nspname");
}

int
tables_find(struct db *db, const struct settings *s, struct ps_arena *a,
    struct ps_list *out, struct ps_error *err)
{
	PGresult *res = NULL;
	const char **items;
	struct str sql;
	int r, n;

	str_init(&sql, STR_SQL_LIMIT);
	add_query(&sql, s);
	r = sql.overflow ? ps_fail(err, PS_E_CONFIG,
			       "the table list is longer "
			       "than a statement may be")
			 : db_run(db, sql.data, &res, err);
	str_fini(&sql);
	n = r == 0 ? PQntuples(res) : 0;
	items = (const char **)ps_calloc(a, (size_t)n + 1, sizeof *items);
	for (int i = 0; i < n && r == 0; i++) {
		if (i > 0 && strcmp(PQgetvalue(res, i, 2),
				 PQgetvalue(res, i - 1, 2)) == 0)
			r = ps_fail(err, PS_E_CONFIG,
			    "%s and %s would share one topic, which is named "
			    "after the table alone: choose with "
			    "table.whitelist or schema.pattern",
			    items[i - 1], PQgetvalue(res, i, 1));
		items[i] = ps_strdup(a, PQgetvalue(res, i, 1));
	}
	PQclear(res);
	*out = (struct ps_list){ items, (size_t)n };
	return r;
}

/* Reads one "quoted" name; where it ends, or NULL. */
static const char *
unquote(struct ps_arena *a, const char *p, const char **out)
{
	char *to = ps_alloc(a, strlen(p) + 1);

	*out = to;
	if (*p++ != '"')
		return NULL;
	for (; *p != '\0'; *to++ = *p++) {
		if (*p != '"')
			continue;
		if (p[1] != '"')
			break;
		p++;
	}
	*to = '\0';
	return *p == '"' ? p + 1 : NULL;
}

int
tables_split(struct ps_arena *a, const char *quoted, const char **schema,
    const char **name, struct ps_error *err)
{
	const char *p = unquote(a, quoted, schema);

	if (p != NULL && *p == '.')
		p = unquote(a, p + 1, name);
	else
		p = NULL;
	if (p == NULL || *p != '\0')
		return ps_fail(err, PS_E_CONFIG,
		    "tables: %s is not of the form \"schema\".\"table\"",
		    quoted);
	return 0;
}
