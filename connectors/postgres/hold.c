#include "hold.h"

#include <inttypes.h>
#include <stdlib.h>

#include "str.h"

#define QUIET_MS 5000  /* so long it is nothing unusual */
#define AGAIN_MS 30000 /* its age is told anew */

static void
clear(struct hold *h, const struct db *db)
{
	if (h->told)
		db->host->waiting(db->host, NULL);
	*h = (struct hold){ .xmin = 0 };
}

/* Of others' sessions a plain role sees the lock and the pid alone. */
static void
add_holder(struct str *sql)
{
	str_put(sql,
	    "SELECT coalesce('pid '||l.pid,'a prepared transaction'), "
	    "coalesce(' of '||a.usename,''), "
	    "extract(epoch from clock_timestamp()-a.xact_start)::int8 "
	    "FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity "
	    "a ON a.pid=l.pid WHERE l.granted AND ");
}

static int
find_holder(struct db *db, uint64_t xmin, PGresult **out, struct ps_error *err)
{
	struct str sql;
	int rc;

	str_init(&sql, STR_SQL_LIMIT);
	add_holder(&sql);
	str_addf(&sql,
	    "l.locktype='transactionid' "
	    "AND l.mode='ExclusiveLock' AND l.transactionid::text='%" PRIu64
	    "' LIMIT 1",
	    xmin & UINT32_MAX);
	rc = db_run(db, sql.data, out, err);
	str_fini(&sql);
	return rc;
}

static int
tell(struct hold *h, struct db *db, struct ps_error *err)
{
	long long age = (long long)(db_now_ms() - h->since_ms) / 1000;
	PGresult *res;
	char cause[256];

	if (find_holder(db, h->xmin, &res, err) != 0)
		return -1;
	if (PQntuples(res) > 0) {
		if (!PQgetisnull(res, 0, 2))
			age = strtoll(PQgetvalue(res, 0, 2), NULL, 10);
		(void)snprintf(cause, sizeof cause,
		    "rows committed since wait for the end of the oldest "
		    "writing transaction: %s%s, %lld s old",
		    PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1), age);
		db->host->waiting(db->host, cause);
		h->told = true;
		h->told_ms = db_now_ms();
	}
	PQclear(res);
	return 0;
}

int
hold_look(struct hold *h, struct db *db, const struct hnow *now,
    struct ps_error *err)
{
	int64_t now_ms = db_now_ms();

	if (h->locked != NULL)
		return 0;
	if (now->next == now->xmin) {
		clear(h, db);
		return 0;
	}
	if (h->xmin != now->xmin) {
		clear(h, db);
		h->xmin = now->xmin;
		h->since_ms = now_ms;
	}
	if (now_ms - h->since_ms < QUIET_MS ||
	    (h->told && now_ms - h->told_ms < AGAIN_MS))
		return 0;
	return tell(h, db, err);
}

int
hold_locked(struct hold *h, struct db *db, const char *from, const char *name,
    struct ps_error *err)
{
	bool is_known;
	PGresult *res;
	struct str sql;
	char cause[512];
	int rc;

	str_init(&sql, STR_SQL_LIMIT);
	add_holder(&sql);
	str_put(&sql,
	    "l.locktype='relation' AND l.mode='AccessExclusiveLock' AND "
	    "l.database=(SELECT oid FROM pg_catalog.pg_database WHERE "
	    "datname=current_database()) AND l.relation=");
	str_literal(&sql, from);
	str_put(&sql, "::regclass LIMIT 1");
	rc = db_run(db, sql.data, &res, err);
	str_fini(&sql);
	if (rc != 0)
		return -1;
	is_known = PQntuples(res) > 0;
	(void)snprintf(cause, sizeof cause,
	    "%s is not read while a statement that changes it has its lock%s"
	    "%s%s",
	    name, is_known ? ": " : "", is_known ? PQgetvalue(res, 0, 0) : "",
	    is_known ? PQgetvalue(res, 0, 1) : "");
	PQclear(res);
	db->host->waiting(db->host, cause);
	h->locked = name;
	return 0;
}

void
hold_unlocked(struct hold *h, struct db *db, const char *name)
{
	if (h->locked != name)
		return;
	db->host->waiting(db->host, NULL);
	*h = (struct hold){ .xmin = 0 };
}
