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

/* Combinations of keys that make no sense, without a connection. */
static void
validate_keys(const struct ps_config *c, struct ps_report *rep)
{
	bool query = ps_config_has(c, "query");
	const char *mode = ps_config_str(c, "mode");

	if (query && (ps_config_has(c, "table.whitelist") ||
			 ps_config_has(c, "table.blacklist") ||
			 ps_config_has(c, "table.include.list") ||
			 ps_config_has(c, "table.exclude.list")))
		rep->error(rep, "query",
		    "Do not specify table filtering configs with 'query'. "
		    "Remove table.whitelist, table.blacklist, "
		    "table.include.list and table.exclude.list, or query");
	if (ps_config_has(c, "table.whitelist") &&
	    ps_config_has(c, "table.blacklist"))
		rep->error(rep, "table.whitelist",
		    "table.blacklist and table.whitelist are exclusive");
	if (strncmp(mode, "timestamp", 9) == 0 &&
	    !ps_config_has(c, "timestamp.column.name"))
		rep->error(rep, "timestamp.column.name",
		    "Mode %s needs timestamp.column.name", mode);
	if (strcmp(mode, "incrementing") == 0 &&
	    ps_config_has(c, "timestamp.column.name"))
		rep->error(rep, "timestamp.column.name",
		    "Mode incrementing makes no use of timestamp.column.name");
	if (strcmp(mode, "timestamp") == 0 &&
	    ps_config_has(c, "incrementing.column.name"))
		rep->error(rep, "incrementing.column.name",
		    "Mode timestamp makes no use of "
		    "incrementing.column.name");
	if (query && strstr(mode, "incrementing") != NULL &&
	    !ps_config_has(c, "incrementing.column.name"))
		rep->error(rep, "incrementing.column.name",
		    "A query needs incrementing.column.name in mode %s", mode);
}

void
discover_validate(const struct ps_host *h, const struct ps_config *c,
    struct ps_report *rep)
{
	struct ps_error err = { .code = PS_OK };
	struct look l;
	struct ps_list tables;

	validate_keys(c, rep);
	if (look_begin(&l, h, c, &err) != 0)
		rep->error(rep,
		    strncmp(err.text, "table.types", 11) == 0
			? "table.types"
			: "connection.url",
		    "%s", err.text);
	else if (!ps_config_has(c, "query") &&
		 tables_find(&l.db, &l.cfg, &l.mem.arena, &tables, &err) != 0)
		rep->error(rep,
		    l.cfg.is_pattern ? "table.include.list" : "table.whitelist",
		    "%s", err.text);
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

	if (ps_config_has(c, "query")) {
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

/* Sleeps until the next look: false when asked to stop. */
static bool
pause_ms(const struct ps_host *h, int64_t ms)
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
	while (r == 0 && pause_ms(h, l->cfg.table_poll_ms)) {
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
	if (r == 0 && ps_config_has(c, "query"))
		while (pause_ms(h, 3600000))
			continue;
	else if (r == 0)
		r = watch_tables(&l, h);
	look_end(&l);
	return r;
}
