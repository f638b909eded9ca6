#include "source.h"

#include <poll.h>

#include "settings.h"
#include "str.h"
#include "tables.h"

/* A connection for one question, with the memory of the answer. */
struct look {
	struct mem mem;
	struct settings cfg;
	struct db db;
};

static int
look_begin(struct look *l, const struct ps_host *h, const struct ps_config *c,
    struct ps_error *err)
{
	*l = (struct look){ .db.host = h };
	mem_init(&l->mem);
	mem_init(&l->db.mem);
	if (settings_read(&l->cfg, c, &l->mem.arena, err) != 0)
		return -1;
	l->db.info = l->cfg.conninfo;
	return db_open(&l->db, err);
}

static void
look_end(struct look *l)
{
	db_close(&l->db);
	mem_fini(&l->db.mem);
	mem_fini(&l->mem);
}

static void
validate_tables(const struct ps_config *c, struct ps_report *rep)
{
	const char *query =
	    ps_config_has(c, "query") ? "query" : "query.masked";

	if (ps_config_has(c, "query") && ps_config_has(c, "query.masked"))
		rep->error(rep, "query.masked",
		    "Both query and query.masked are set, one is expected");
	if (ps_config_has(c, query) &&
	    (ps_config_has(c, "table.whitelist") ||
		ps_config_has(c, "table.blacklist") ||
		ps_config_has(c, "table.include.list") ||
		ps_config_has(c, "table.exclude.list")))
		rep->error(rep, query,
		    "Do not specify table filtering configs with 'query'. "
		    "Remove table.whitelist, table.blacklist, "
		    "table.include.list and table.exclude.list, or %s",
		    query);
	if (ps_config_has(c, "table.whitelist") &&
	    ps_config_has(c, "table.blacklist"))
		rep->error(rep, "table.whitelist",
		    "table.blacklist and table.whitelist are exclusive");
}

/* Two keys that mean the same. */
static const struct columns {
	const char *mode; /* part of the modes that make use of them */
	const char *key, *map;
} stamp_columns = { "timestamp", "timestamp.column.name", STAMP_MAP },
  id_columns = { "incrementing", "incrementing.column.name", ID_MAP };

static bool
are_used(const struct ps_config *c, const struct columns *cols)
{
	return strstr(ps_config_str(c, "mode"), cols->mode) != NULL;
}

/* Neither where the mode makes no use of it; bulk may have kept the older. */
static void
validate_use(const struct ps_config *c, struct ps_report *rep,
    const struct columns *cols)
{
	const char *both[] = { cols->key, cols->map };
	const char *mode = ps_config_str(c, "mode");

	if (are_used(c, cols))
		return;
	for (size_t i = strcmp(mode, "bulk") == 0; i < 2; i++)
		if (ps_config_has(c, both[i]))
			rep->error(rep, both[i], "Mode %s makes no use of %s",
			    mode, both[i]);
}

static void
validate_map_text(const struct ps_config *c, struct ps_report *rep,
    const char *map)
{
	struct ps_error err = { .code = PS_OK };
	struct colmap parsed;
	struct mem mem;

	mem_init(&mem);
	if (colmap_read(&parsed, map, c, &mem.arena, &err) != 0)
		rep->error(rep, map, "%s", err.text);
	mem_fini(&mem);
}

static void
validate_columns(const struct ps_config *c, struct ps_report *rep,
    const struct columns *cols)
{
	const char *both[] = { cols->key, cols->map };

	validate_use(c, rep, cols);
	if (!ps_config_has(c, cols->map))
		return;
	if (ps_config_has(c, cols->key))
		for (size_t i = 0; i < 2; i++)
			rep->error(rep, both[i],
			    "%s is \"%s\" and %s is \"%s\", one of them is "
			    "expected",
			    cols->key, ps_config_str(c, cols->key), cols->map,
			    ps_config_str(c, cols->map));
	if (settings_are_of_query(c))
		rep->error(rep, cols->map,
		    "%s is \"%s\", but a query has no table: %s is expected",
		    cols->map, ps_config_str(c, cols->map), cols->key);
	validate_map_text(c, rep, cols->map);
}

/* Combinations of keys that make no sense, without a connection. */
static void
validate_keys(const struct ps_config *c, struct ps_report *rep)
{
	const char *mode = ps_config_str(c, "mode");

	validate_tables(c, rep);
	validate_columns(c, rep, &stamp_columns);
	validate_columns(c, rep, &id_columns);
	if (are_used(c, &stamp_columns) &&
	    !ps_config_has(c, "timestamp.column.name") &&
	    !ps_config_has(c, STAMP_MAP))
		rep->error(rep, "timestamp.column.name",
		    "Mode %s needs timestamp.column.name", mode);
	if (settings_are_of_query(c) && are_used(c, &id_columns) &&
	    !ps_config_has(c, "incrementing.column.name"))
		rep->error(rep, "incrementing.column.name",
		    "A query needs incrementing.column.name in mode %s", mode);
}

/* Every table has its entry; expressions are the server's to judge. */
static void
validate_map(struct look *l, const struct colmap *m,
    const struct ps_list *tables, struct ps_report *rep)
{
	for (size_t i = 0; m->count > 0 && i < tables->count; i++) {
		struct ps_error err = { .code = PS_OK };
		const char *schema, *name;
		struct ps_list columns;

		if (tables_split(&l->mem.arena, tables->items[i], &schema,
			&name, &err) == 0 &&
		    colmap_find(m, &l->db, schema, name, &columns, &err) == 0)
			continue;
		rep->error(rep, m->key, "%s", err.text);
		return;
	}
}

static void
validate_connected(struct look *l, const struct ps_config *c,
    struct ps_report *rep)
{
	struct ps_error err = { .code = PS_OK };
	struct ps_list tables;

	if (settings_are_of_query(c))
		return;
	if (tables_find(&l->db, &l->cfg, &l->mem.arena, &tables, &err) != 0) {
		rep->error(rep,
		    l->cfg.is_pattern ? "table.include.list"
				      : "table.whitelist",
		    "%s", err.text);
		return;
	}
	if (mode_has_stamp(l->cfg.mode))
		validate_map(l, &l->cfg.stamp_map, &tables, rep);
	if (mode_has_id(l->cfg.mode))
		validate_map(l, &l->cfg.id_map, &tables, rep);
}

void
discover_validate(const struct ps_host *h, const struct ps_config *c,
    struct ps_report *rep)
{
	struct ps_error err = { .code = PS_OK };
	struct look l;

	validate_keys(c, rep);
	if (look_begin(&l, h, c, &err) == 0)
		validate_connected(&l, c, rep);
	else if (l.cfg.refused == NULL)
		rep->error(rep, "connection.url", "%s", err.text);
	else if (!colmap_is_key(l.cfg.refused)) /* or it is said */
		rep->error(rep, l.cfg.refused, "%s", err.text);
	look_end(&l);
}

/* Tables in order, task i of n gets its even share of neighbours. */
static void
share_out(const struct ps_list *tables, size_t n, struct ps_task_configs *out)
{
	for (size_t i = 0, next = 0; i < n; i++) {
		size_t end = tables->count * (i + 1) / n;
		struct ps_setting setting = { .key = "tables" };
		struct str list;

		str_init(&list, STR_SQL_LIMIT);
		for (size_t k = next; k < end; k++) {
			str_put(&list, k > next ? "," : "");
			str_put(&list, tables->items[k]);
		}
		setting.value = list.data == NULL ? "" : list.data;
		ps_task_add(out, &setting, 1);
		str_fini(&list);
		next = end;
	}
}

/* Is one of the forms of the table's name that of the list? */
static bool
is_named(const struct look *l, struct ps_arena *a, const char *table,
    const char *given)
{
	const char *schema, *name, *form;

	if (tables_split(a, table, &schema, &name, NULL) != 0)
		return false;
	form = ps_printf(a, "%s.%s.%s", PQdb(l->db.conn), schema, name);
	for (; form != NULL; form = strchr(form, '.')) {
		form += *form == '.';
		if (strcmp(form, given) == 0)
			return true;
	}
	return false;
}

/* The first entry that no table has; patterns may match what they like. */
static const char *
unmatched(struct look *l, const struct ps_list *tables)
{
	size_t k;

	for (size_t i = 0; i < l->cfg.include.count; i++) {
		const char *given = l->cfg.include.items[i];

		for (k = 0; k < tables->count && !l->cfg.is_pattern; k++)
			if (is_named(l, &l->mem.arena, tables->items[k], given))
				break;
		if (k == tables->count || tables->count == 0)
			return given;
		if (l->cfg.is_pattern)
			return NULL;
	}
	return NULL;
}

/* Tables that are not there yet are waited for, not in silence. */
static void
tell_missing(struct look *l, const struct ps_host *h,
    const struct ps_list *tables)
{
	const char *database = PQdb(l->db.conn), *given = unmatched(l, tables);
	const char *cause = NULL;

	if (given != NULL)
		cause = ps_printf(&l->mem.arena,
		    "%s: database %s has no table %s that %s may read",
		    l->cfg.is_pattern ? "table.include.list"
				      : "table.whitelist",
		    database, given, PQuser(l->db.conn));
	else if (tables->count == 0)
		cause = ps_printf(&l->mem.arena,
		    "database %s has no table that %s may read", database,
		    PQuser(l->db.conn));
	if (cause != NULL)
		h->log(h, PS_WARN, "%s", cause);
	h->waiting(h, cause);
}

int
discover_task_configs(const struct ps_host *h, const struct ps_config *c,
    size_t max, struct ps_task_configs *out, struct ps_error *err)
{
	struct ps_list tables;
	struct look l;
	int r;

	if (settings_are_of_query(c)) {
		ps_task_add(out, NULL, 0);
		return 0;
	}
	r = look_begin(&l, h, c, err);
	if (r == 0)
		r = tables_find(&l.db, &l.cfg, &l.mem.arena, &tables, err);
	if (r == 0)
		tell_missing(&l, h, &tables);
	if (r == 0)
		share_out(&tables, tables.count < max ? tables.count : max,
		    out);
	look_end(&l);
	return r;
}

static bool
is_same(const struct ps_list *a, const struct ps_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

/* Connects anew each time: an idle session for a minute is worth nothing. */
static int
list_now(struct look *l, struct mem *mem, struct ps_list *out,
    struct ps_error *err)
{
	int r = db_open(&l->db, err);

	mem_reset(mem);
	if (r == 0)
		r = tables_find(&l->db, &l->cfg, &mem->arena, out, err);
	db_close(&l->db);
	return r;
}

/* Until the next look; false when asked to stop. */
static bool
sleep_ms(const struct ps_host *h, int64_t ms)
{
	int64_t end = db_now_ms() + ms;

	while (db_now_ms() < end) {
		struct pollfd wake = { .fd = h->wake_fd, .events = POLLIN };
		int64_t left = end - db_now_ms();

		if (h->stopping(h))
			return false;
		(void)poll(&wake, 1, left > 1000 ? 1000 : (int)left);
		if (wake.revents != 0)
			return false;
	}
	return !h->stopping(h);
}

static int
watch_tables(struct look *l, const struct ps_host *h)
{
	struct ps_list now;
	struct mem mem;
	int r = 0;

	mem_init(&mem);
	while (r == 0 && sleep_ms(h, l->cfg.table_poll_ms)) {
		struct ps_error outage = { .code = PS_OK };

		if (list_now(l, &mem, &now, &outage) != 0)
			h->log(h, PS_WARN, "looking for tables: %s",
			    outage.text);
		else if (!is_same(&l->cfg.tables, &now))
			r = 1;
	}
	mem_fini(&mem);
	return r;
}

int
discover_watch(const struct ps_host *h, const struct ps_config *c,
    struct ps_error *err)
{
	struct look l = { .db.host = h };
	int r;

	mem_init(&l.mem);
	mem_init(&l.db.mem);
	r = settings_read(&l.cfg, c, &l.mem.arena, err);
	l.db.info = l.cfg.conninfo;
	if (r == 0 && settings_are_of_query(c))
		while (sleep_ms(h, 3600000))
			continue;
	else if (r == 0)
		r = watch_tables(&l, h);
	look_end(&l);
	return r;
}
