/*
 * How a turn comes to a snapshot in which all that it reads is there.
 *
 * A statement that rewrites a table (ALTER … TYPE, TRUNCATE and loading it
 * again) leaves nothing of it to snapshots that are older: not the rows
 * before it, not those after. A snapshot is taken with the first query, and
 * that may wait for the table's lock until such a statement was committed.
 * So the lock comes first: LOCK TABLE takes no snapshot. What it does not reach
 * (what is read through a query or a view, a table of which the role may read
 * only columns, before 13 partitions) is locked when it is planned, with a
 * snapshot: then it is looked whether that is still good, and if not the turn
 * begins anew, now with all locks free.
 */
#include "reader.h"
#include "sqlstate.h"

#define LOCK_MS 5000 /* then other tables have their turn */

static bool
is_lockable(const struct reader *r)
{
	return !r->is_query && r->may_lock &&
	       (r->relkind == 'r' || r->relkind == 'p');
}

/* Before 13 each of them needed a grant of its own to be locked with it. */
static bool
locks_partitions(const struct db *db)
{
	return db->version >= 130000;
}

/* All of it, since before the snapshot. */
static bool
is_locked(const struct reader *r)
{
	return is_lockable(r) && locks_partitions(r->db);
}

static void
add_lock(struct str *sql, const struct reader *r)
{
	str_addf(sql,
	    "; SET LOCAL lock_timeout=%d;"
	    " LOCK TABLE %s%s IN ACCESS SHARE MODE; SET LOCAL lock_timeout=0",
	    LOCK_MS, locks_partitions(r->db) ? "" : "ONLY ", r->from);
}

int
turn_begin(struct reader *r, struct ps_error *err)
{
	struct str sql;
	int rc;

	str_init(&sql, STR_SQL_LIMIT);
	str_addf(&sql, "BEGIN ISOLATION LEVEL %s READ ONLY",
	    r->cfg->is_serializable ? "SERIALIZABLE" : "REPEATABLE READ");
	if (is_lockable(r))
		add_lock(&sql, r);
	rc = db_run(r->db, sql.data, NULL, err);
	str_fini(&sql);
	if (rc == 0) {
		hold_unlocked(r->hold, r->db, r->full);
		return 0;
	}
	if (!sqlstate_is_locked(r->db->state) || !db_is_usable(r->db))
		return -1;
	ps_error_clear(err);
	if (db_run(r->db, "ROLLBACK", NULL, err) != 0 ||
	    hold_locked(r->hold, r->db, r->from, r->full, err) != 0)
		return -1;
	return 1;
}

/* Of what this transaction has locked: made, rewritten or made a partition
 * after its snapshot. Functions see the catalog as it is now, a query as it
 * was; relations that the catalog keeps elsewhere have no file in it. */
static void
add_stale(struct str *sql, const struct db *db)
{
	str_put(sql,
	    "SELECT FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_class "
	    "c ON c.oid=l.relation WHERE l.locktype='relation' AND "
	    "l.pid=pg_catalog.pg_backend_pid() AND (c.oid IS NULL OR "
	    "c.relfilenode<>0 AND "
	    "c.relfilenode<>pg_catalog.pg_relation_filenode(c.oid)");
	if (db->version >= 120000)
		str_put(sql, " OR NOT c.relispartition AND "
			     "pg_catalog.pg_partition_root(c.oid)<>c.oid");
	str_put(sql, ") LIMIT 1");
}

int
turn_check(struct reader *r, struct ps_error *err)
{
	PGresult *res;
	struct str sql;
	int rc;

	if (is_locked(r))
		return 0;
	str_init(&sql, STR_SQL_LIMIT);
	/* Planning locks partitions as well. */
	str_addf(&sql, "EXPLAIN %s;", r->plan.sql);
	add_stale(&sql, r->db);
	rc = db_run_str(r->db, &sql, &res, err);
	str_fini(&sql);
	if (rc != 0)
		return -1;
	r->is_stale = PQntuples(res) > 0;
	PQclear(res);
	if (r->is_stale)
		return ps_fail(err, PS_E_RETRY,
		    "a table was changed while the turn waited for it");
	return 0;
}
