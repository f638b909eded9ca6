#include "renew.h"

static bool
is_renewable(const char *key)
{
	static const char *const keys[] = { "connection.url", "connection.user",
		"connection.password" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static bool
is_same(const char *x, const char *y)
{
	return x == y || (x != NULL && y != NULL && strcmp(x, y) == 0);
}

static int
check_others(const struct ps_config *old, const struct ps_config *c,
    struct ps_error *err)
{
	for (size_t i = 0; i < c->count; i++) {
		const char *key = c->settings[i].key;

		if (!is_renewable(key) &&
		    !is_same(c->settings[i].value, ps_config_get(old, key)))
			return ps_fail(err, PS_E_FATAL, "%s", key);
	}
	return 0;
}

/* Does the server let them in? */
static int
try_info(const struct ps_host *h, const struct conninfo *info,
    struct ps_error *err)
{
	struct db db = { .host = h, .info = *info };
	int result;

	mem_init(&db.mem);
	result = db_open(&db, err);
	db_close(&db);
	mem_fini(&db.mem);
	return result;
}

int
renew_info(struct db *db, struct ps_arena *a, const struct ps_config *old,
    const struct ps_config *c, struct ps_error *err)
{
	struct conninfo info = { .count = 0 };

	if (check_others(old, c, err) != 0 ||
	    conninfo_parse(a, ps_strdup(a, ps_config_str(c, "connection.url")),
		ps_strdup(a, ps_config_str(c, "connection.user")),
		ps_strdup(a, ps_config_str(c, "connection.password")), &info,
		err) != 0 ||
	    try_info(db->host, &info, err) != 0)
		return -1;
	db->info = info;
	return 0;
}
