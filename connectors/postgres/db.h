/*
 * db: one connection to Postgres that never blocks without a limit.
 *
 * Every wait also watches the host's wake descriptor and ends when the task
 * is asked to stop. After a PS_E_RETRY the connection may be broken:
 * db_is_usable() tells, db_close() and db_open() make a new one.
 */
#ifndef PENSTOCK_POSTGRES_DB_H
#define PENSTOCK_POSTGRES_DB_H

#include <libpq-fe.h>

#include <penstock/host.h>

#include "conninfo.h"
#include "mem.h"
#include "str.h"

enum { DB_CONTROL_MS = 30000, DB_DATA_MS = 600000, DB_TEXT = 1024 };

struct db {
	const struct ps_host *host;
	struct conninfo info;
	struct mem mem; /* of one connection's resolved addresses */
	PGconn *conn;
	int version; /* 150004 */
	bool ascii;  /* the server does not check encodings */
	int wait_ms; /* limit of one statement */
	/* Of all that is asked from now on (db_now_ms), 0: none. Until then
	 * nothing is given up because the task is asked to stop. */
	int64_t until_ms;
	/* SQLSTATE of what the last db_run() failed on, empty: it has none.
	 * And where the last error happened, as the server says. */
	char state[6], context[128];
};

int64_t db_now_ms(void);
/* Connects within connect_timeout; sets the session up. */
int db_open(struct db *db, struct ps_error *err);
/* Cancels what runs. Not connected: nothing. */
void db_close(struct db *db);
bool db_is_usable(const struct db *db);

/* Runs one or several statements; `out` (may be NULL) is the last result. */
int
db_run(struct db *db, const char *sql, PGresult **out, struct ps_error *err);
/* The same for a text that may have met its ceiling: PS_E_FATAL then. */
int db_run_str(struct db *db, const struct str *sql, PGresult **out,
    struct ps_error *err);
/* Waits for `events` on the socket: 1, or 0 after `limit_ms` or when the
 * wake descriptor is readable. */
int db_wait(struct db *db, short events, int limit_ms);
/* The next result, NULL when there is no more; -1 on a broken connection. */
int db_result(struct db *db, PGresult **out, struct ps_error *err);
/* Fills `err` from a failed result, and db->state. Always -1. */
int db_fail(struct db *db, const PGresult *res, struct ps_error *err);
/* Sends `len` bytes to the COPY … FROM STDIN that `sql` begins. */
int db_copy_in(struct db *db, const char *sql, const char *data, size_t len,
    struct ps_error *err);
/* Fills `err` from a broken connection. Always -1. */
int db_broken(struct db *db, struct ps_error *err);

#endif
