#include "reader.h"

int
kind_look(struct reader *r, struct ps_error *err)
{
	PGresult *res;
	struct str sql;
	int rc;

	if (r->is_query)
		return 0;
	str_init(&sql, STR_SQL_LIMIT);
	str_put(&sql, "SELECT relkind, has_table_privilege(oid,'SELECT') "
		      "FROM pg_catalog.pg_class WHERE oid=");
	str_literal(&sql, r->from);
	str_put(&sql, "::regclass");
	rc = db_run(r->db, sql.data, &res, err);
	str_fini(&sql);
	if (rc != 0)
		return -1;
	r->relkind = PQgetvalue(res, 0, 0)[0];
	r->may_lock = PQgetvalue(res, 0, 1)[0] == 't';
	PQclear(res);
	r->how = r->cfg->mode == MODE_BULK ? &bulk_strategy
		 : r->relkind == 'v' || r->relkind == 'f' || r->relkind == 'm'
		     ? &fenced_strategy
		     : &window_strategy;
	return 0;
}

bool
kind_renew(struct reader *r, struct ps_arena *a)
{
	const struct strategy *how = r->how;
	struct ps_error no = { .code = PS_OK };
	bool may_lock = r->may_lock;
	char relkind = r->relkind;

	if (r->is_query || !r->restored || !db_is_usable(r->db))
		return false;
	if (db_run(r->db, "ROLLBACK", NULL, &no) != 0 || kind_look(r, &no) != 0)
		return false;
	if (r->relkind == relkind && r->may_lock == may_lock)
		return false;
	r->left = how->offset(r, a);
	r->k = (struct keyed){ .rows = 0 };
	r->bulk = (struct ranges){ .block = 0 };
	r->restored = false;
	return true;
}
