#include "colmap.h"

#include <stdlib.h>

#include "sqlstate.h"
#include "str.h"

struct colmap_entry {
	const char *expression;
	struct ps_list columns;
};

/* What is between the brackets, cut at each '|'; empty ones are kept. */
static struct ps_list
split(struct ps_arena *a, const char *text, size_t len)
{
	const char **items, *end = text + len;
	size_t n = 1;

	for (const char *p = text; p < end; p++)
		n += *p == '|';
	items = (const char **)ps_alloc(a, n * sizeof *items);
	n = 0;
	for (const char *p = text; p <= end; p++) {
		if (p < end && *p != '|')
			continue;
		items[n++] = ps_strndup(a, text, (size_t)(p - text));
		text = p + 1;
	}
	return (struct ps_list){ items, n };
}

static bool
has_empty(const struct ps_list *columns)
{
	for (size_t i = 0; i < columns->count; i++)
		if (columns->items[i][0] == '\0')
			return true;
	return false;
}

/* Expressions may hold colons: the last one ends it. */
static int
read_entry(struct colmap_entry *e, const char *key, const char *text,
    struct ps_arena *a, struct ps_error *err)
{
	bool is_id = strcmp(key, ID_MAP) == 0;
	const char *colon = strrchr(text, ':');
	size_t len = colon == NULL ? 0 : strlen(colon + 1);
	bool bracketed = len > 1 && colon[1] == '[' && colon[len] == ']';

	if (len > 0 && colon > text && (bracketed || is_id)) {
		e->expression = ps_strndup(a, text, (size_t)(colon - text));
		e->columns =
		    split(a, colon + 1 + bracketed, len - (bracketed ? 2 : 0));
		if (has_empty(&e->columns) == false &&
		    (is_id == false || e->columns.count == 1))
			return 0;
	}
	return ps_fail(err, PS_E_CONFIG, "%s: \"%s\" is not of the form %s",
	    key, text,
	    is_id ? "EXPRESSION:column" : "EXPRESSION:[column|column]");
}

bool
colmap_is_key(const char *key)
{
	return strcmp(key, STAMP_MAP) == 0 || strcmp(key, ID_MAP) == 0;
}

/* Of an expression's class, without its last bracket: one that stands first,
 * or ends a name as in [:alpha:], is its own. */
static size_t
class_len(const char *text)
{
	size_t i = text[1] == '^' ? 2 : 1;

	i += text[i] == ']';
	while (text[i] != '\0' && text[i] != ']') {
		if (text[i] == '[' && strspn(text + i + 1, ":.=") > 0)
			i += 1 + strcspn(text + i + 1, "]");
		else if (text[i] == '\\')
			i++;
		i += text[i] != '\0';
	}
	return i;
}

/* Of what no comma and no bracket inside of it counts for. */
static size_t
atom_len(const char *text, bool is_named)
{
	size_t len;

	if (text[0] == '\\')
		return text[1] == '\0' ? 1 : 2;
	if (text[0] != '[')
		return 1;
	len = is_named ? strcspn(text, "]") : class_len(text);
	if (text[len] != '\0')
		return len + 1;
	return is_named ? 1 : len;
}

static size_t
depth_behind(size_t depth, char c)
{
	if (c == '(' || c == '{')
		return depth + 1;
	return (c == ')' || c == '}') && depth > 0 ? depth - 1 : depth;
}

/* Up to the comma that ends it: one in an expression's brackets, or behind a
 * backslash, is its own. What a column's name opens need not be closed: if it
 * is not, the first comma behind the colon ends it. */
static size_t
entry_len(const char *text)
{
	size_t depth = 0, named = 0, i;
	bool is_named = false;

	for (i = 0; text[i] != '\0'; i += atom_len(text + i, is_named)) {
		if (text[i] == ',' && depth == 0)
			return i;
		if (text[i] == ',' && is_named && named == 0)
			named = i;
		is_named = is_named || (text[i] == ':' && depth == 0);
		depth = depth_behind(depth, text[i]);
	}
	return depth > 0 && named > 0 ? named : i;
}

static const char *
trimmed(struct ps_arena *a, const char *text, size_t len)
{
	static const char blanks[] = " \t\r\n";
	size_t before = strspn(text, blanks);

	before = before < len ? before : len;
	while (len > before && strchr(blanks, text[len - 1]) != NULL)
		len--;
	return ps_strndup(a, text + before, len - before);
}

int
colmap_read(struct colmap *m, const char *key, const struct ps_config *c,
    struct ps_arena *a, struct ps_error *err)
{
	const char *text = ps_config_str(c, key);
	struct colmap_entry *entries =
	    ps_calloc(a, strlen(text) / 2 + 1, sizeof *entries);
	size_t count = 0, len;

	for (; *text != '\0'; text += len + (text[len] == ',')) {
		len = entry_len(text);
		if (read_entry(&entries[count++], key, trimmed(a, text, len), a,
			err) != 0)
			return -1;
	}
	*m = (struct colmap){ key, entries, count };
	return 0;
}

/* The server matches, by its own expressions, as with table.include.list. */
static void
add_question(struct str *sql, const struct colmap *m, const char *schema,
    const char *table)
{
	str_put(sql, "SELECT coalesce((SELECT min(i) FROM (VALUES ");
	for (size_t i = 0; i < m->count; i++) {
		str_addf(sql, "%s(%zu,", i > 0 ? "," : "", i);
		str_literal(sql, m->entries[i].expression);
		str_put(sql, ")");
	}
	str_put(sql, ") p(i,e), (VALUES (0,");
	str_literal(sql, table);
	str_put(sql, "),(1,");
	str_literal(sql, schema);
	str_put(sql, "||'.'||");
	str_literal(sql, table);
	str_put(sql, "),(2,current_database()||'.'||");
	str_literal(sql, schema);
	str_put(sql, "||'.'||");
	str_literal(sql, table);
	str_put(sql, ")) f(k,n) WHERE n ~ ('^(?:'||e||')$')),-1)");
}

/* The server says what is wrong with it, but not with which. */
static int
fail_expression(const struct colmap *m, struct ps_error *err)
{
	struct ps_error why = *err;

	ps_error_clear(err);
	return ps_fail(err, PS_E_CONFIG, "%s: %s", m->key, why.text);
}

int
colmap_find(const struct colmap *m, struct db *db, const char *schema,
    const char *table, struct ps_list *out, struct ps_error *err)
{
	PGresult *res = NULL;
	struct str sql;
	long found;
	int rc;

	str_init(&sql, STR_SQL_LIMIT);
	add_question(&sql, m, schema, table);
	rc = sql.overflow ? ps_fail(err, PS_E_CONFIG,
				"%s is longer than a statement may be", m->key)
			  : db_run(db, sql.data, &res, err);
	str_fini(&sql);
	if (rc != 0 && sqlstate_is_bad_expression(db->state))
		return fail_expression(m, err);
	if (rc != 0)
		return -1;
	found = strtol(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	if (found < 0 || (size_t)found >= m->count)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: no expression matches %s.%s, one of database.schema."
		    "table, schema.table or table is expected to",
		    m->key, schema, table);
	*out = m->entries[found].columns;
	return 0;
}
