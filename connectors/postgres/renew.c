#include "renew.h"

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
renew_info(struct db *db, struct ps_arena *a, const struct ps_config *c,
    struct ps_error *err)
{
	struct conninfo info = { .count = 0 };

	if (conninfo_parse(a, ps_strdup(a, ps_config_str(c, "connection.url")),
		ps_strdup(a, ps_config_str(c, "connection.user")),
		ps_strdup(a, ps_config_str(c, "connection.password")), &info,
		err) != 0 ||
	    try_info(db->host, &info, err) != 0)
		return -1;
	db->info = info;
	return 0;
}
