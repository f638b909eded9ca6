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
static int
find_holder(struct db *db, uint64_t xmin, PGresult **out, struct ps_error *err)
{
	struct str sql;
	int rc;

	str_init(&sql, STR_SQL_LIMIT);
	str_addf(&sql,
	    "SELECT coalesce('pid '||l.pid,'a prepared transaction'), "
	    "coalesce(' of '||a.usename,''), "
	    "extract(epoch from clock_timestamp()-a.xact_start)::int8 "
	    "FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity "
	    "a ON a.pid=l.pid WHERE l.locktype='transactionid' AND l.granted "
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
