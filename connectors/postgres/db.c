#include "db.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "resolve.h"
#include "sqlstate.h"

static const char setup_sql[] =
    "SET DateStyle=ISO; SET TimeZone='UTC'; SET IntervalStyle=postgres;"
    "SET extra_float_digits=1; SET synchronize_seqscans=off;"
    "SET statement_timeout=0; SET lock_timeout=0;"
    "SET idle_in_transaction_session_timeout=0;"
    "SET standard_conforming_strings=on; SET bytea_output=hex;"
    "SET client_min_messages=error";

int64_t
db_now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool
db_is_usable(const struct db *db)
{
	return db->conn != NULL && PQstatus(db->conn) == CONNECTION_OK;
}

/* Texts of libpq end in a newline and may have several lines. */
static void
flat(char *to, size_t room, const char *text)
{
	size_t n = strlen(text);

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	if (n >= room)
		n = room - 1;
	for (size_t i = 0; i < n; i++) {
		to[i] = text[i];
		if (to[i] == '\n')
			to[i] = ' ';
	}
	to[n] = '\0';
}

int
db_broken(struct db *db, struct ps_error *err)
{
	char text[DB_TEXT];

	flat(text, sizeof text, PQerrorMessage(db->conn));
	db->state[0] = '\0';
	return ps_fail(err, PS_E_RETRY, "connection to Postgres: %s",
	    text[0] == '\0' ? "ended" : text);
}

static void
append(struct ps_error *err, const char *text)
{
	size_t n = strlen(err->text);

	(void)snprintf(err->text + n, sizeof err->text - n, " (%s)", text);
}

int
db_fail(struct db *db, const PGresult *res, struct ps_error *err)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
	const char *context = PQresultErrorField(res, PG_DIAG_CONTEXT);
	char text[DB_TEXT];

	if (state == NULL)
		return db_broken(db, err);
	flat(db->context, sizeof db->context, context == NULL ? "" : context);
	(void)snprintf(db->state, sizeof db->state, "%s", state);
	flat(text, sizeof text, primary == NULL ? "?" : primary);
	(void)ps_fail(err, sqlstate_code(state), "Postgres says %s: %s", state,
	    text);
	if (detail != NULL) {
		flat(text, sizeof text, detail);
		append(err, text);
	} else if (strncmp(db->context, "COPY ", 5) == 0 &&
		   strstr(db->context, "column ") != NULL) {
		append(err, strstr(db->context, "column "));
	}
	return -1;
}

int
db_wait(struct db *db, short events, int limit_ms)
{
	struct pollfd fds[] = {
		{ .fd = PQsocket(db->conn), .events = events },
		{ .fd = db->host->wake_fd, .events = POLLIN },
	};

	if (poll(fds, 2, limit_ms) <= 0)
		return 0;
	return fds[0].revents != 0;
}

/* Waits for the socket alone once the wake descriptor is readable but no
 * stop is asked for, or it is too late for that: the statement must come to
 * its end. */
static int
wait_long(struct db *db, short events, int64_t deadline, struct ps_error *err)
{
	bool wake = db->host->wake_fd >= 0;

	if (db->until_ms != 0 && db->until_ms < deadline)
		deadline = db->until_ms;
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = PQsocket(db->conn), .events = events },
			{ .fd = db->host->wake_fd, .events = POLLIN },
		};
		int64_t left = deadline - db_now_ms();

		if (left <= 0)
			return ps_fail(err, PS_E_RETRY,
			    "no answer from Postgres in time");
		if (poll(fds, wake ? 2 : 1, left > 1000 ? 1000 : (int)left) < 0)
			continue;
		if (fds[0].revents != 0)
			return 0;
		if (db->until_ms == 0 && db->host->stopping(db->host))
			return ps_fail(err, PS_E_RETRY, "asked to stop");
		wake = wake && fds[1].revents == 0;
	}
}

static int
flush(struct db *db, int64_t deadline, struct ps_error *err)
{
	int r;

	while ((r = PQflush(db->conn)) == 1) {
		if (wait_long(db, POLLIN | POLLOUT, deadline, err) != 0)
			return -1;
		if (PQconsumeInput(db->conn) == 0)
			return db_broken(db, err);
	}
	return r == 0 ? 0 : db_broken(db, err);
}

int
db_result(struct db *db, PGresult **out, struct ps_error *err)
{
	int64_t deadline = db_now_ms() + db->wait_ms;

	if (flush(db, deadline, err) != 0)
		return -1;
	while (PQisBusy(db->conn)) {
		if (wait_long(db, POLLIN, deadline, err) != 0)
			return -1;
		if (PQconsumeInput(db->conn) == 0)
			return db_broken(db, err);
	}
	*out = PQgetResult(db->conn);
	return 0;
}

static bool
is_error(const PGresult *res)
{
	ExecStatusType s = PQresultStatus(res);

	return s == PGRES_FATAL_ERROR || s == PGRES_BAD_RESPONSE;
}

/* Reads results until there is no more, or until COPY begins. */
static int
collect(struct db *db, PGresult **out, struct ps_error *err)
{
	PGresult *res = NULL, *last = NULL;
	int r = 0;

	for (;;) {
		if (db_result(db, &res, err) != 0) {
			r = -1;
			break;
		}
		if (res == NULL)
			break;
		if (is_error(res))
			r = db_fail(db, res, err);
		PQclear(last);
		last = res;
		if (PQresultStatus(res) == PGRES_COPY_IN ||
		    PQresultStatus(res) == PGRES_COPY_OUT)
			break;
	}
	if (r == 0 && last == NULL)
		r = db_broken(db, err);
	if (r != 0 || out == NULL)
		PQclear(last);
	else
		*out = last;
	return r;
}

int
db_run(struct db *db, const char *sql, PGresult **out, struct ps_error *err)
{
	db->state[0] = '\0';
	if (db->conn == NULL)
		return ps_fail(err, PS_E_RETRY, "not connected to Postgres");
	if (PQsendQuery(db->conn, sql) == 0)
		return db_broken(db, err);
	return collect(db, out, err);
}

int
db_run_str(struct db *db, const struct str *sql, PGresult **out,
    struct ps_error *err)
{
	if (sql->overflow)
		return ps_fail(err, PS_E_FATAL,
		    "a statement is longer than %zu bytes: %.60s…", sql->limit,
		    sql->data == NULL ? "" : sql->data);
	return db_run(db, sql->data, out, err);
}

#define CHUNK_BYTES 65536u

/* libpq keeps what the socket does not take: let it go before more comes. */
static int
send_all(struct db *db, const char *data, size_t len, struct ps_error *err)
{
	int64_t deadline = db_now_ms() + db->wait_ms;

	while (len > 0) {
		size_t n = len < CHUNK_BYTES ? len : CHUNK_BYTES;
		int r = PQputCopyData(db->conn, data, (int)n);

		if (r < 0)
			return db_broken(db, err);
		if (flush(db, deadline, err) != 0)
			return -1;
		if (r == 0)
			continue;
		data += n;
		len -= n;
	}
	return 0;
}

int
db_copy_in(struct db *db, const char *sql, const char *data, size_t len,
    struct ps_error *err)
{
	PGresult *res = NULL;
	bool begun;

	if (db_run(db, sql, &res, err) != 0)
		return -1;
	begun = PQresultStatus(res) == PGRES_COPY_IN;
	PQclear(res);
	if (!begun)
		return ps_fail(err, PS_E_FATAL, "no COPY was begun by: %s",
		    sql);
	if (send_all(db, data, len, err) != 0)
		return -1;
	if (PQputCopyEnd(db->conn, NULL) != 1)
		return db_broken(db, err);
	return collect(db, NULL, err);
}

static int
connect_poll(struct db *db, int64_t deadline, struct ps_error *err)
{
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	while (next != PGRES_POLLING_OK) {
		if (wait_long(db,
			next == PGRES_POLLING_READING ? POLLIN : POLLOUT,
			deadline, err) != 0)
			return -1;
		next = PQconnectPoll(db->conn);
		if (next == PGRES_POLLING_FAILED)
			return db_broken(db, err);
	}
	return 0;
}

static int
begin_connect(struct db *db, struct conninfo *info, int64_t limit_ms,
    struct ps_error *err)
{
	if (resolve_hosts(&db->mem.arena, info, (int)limit_ms, err) != 0)
		return -1;
	info->keys[info->count] = NULL;
	info->values[info->count] = NULL;
	db->conn = PQconnectStartParams(info->keys, info->values, 0);
	if (db->conn == NULL)
		abort();
	if (PQstatus(db->conn) == CONNECTION_BAD)
		return db_broken(db, err);
	return connect_poll(db, db_now_ms() + limit_ms, err);
}

/* Killing us must not leave our statement running, nor our bytes under way. */
static int
set_up(struct db *db, struct ps_error *err)
{
	static const struct linger none = { .l_onoff = 1, .l_linger = 0 };
	const char *encoding = PQparameterStatus(db->conn, "server_encoding");

	(void)setsockopt(PQsocket(db->conn), SOL_SOCKET, SO_LINGER, &none,
	    sizeof none);
	if (PQsetnonblocking(db->conn, 1) != 0)
		return db_broken(db, err);
	db->version = PQserverVersion(db->conn);
	db->ascii = encoding != NULL && strcmp(encoding, "SQL_ASCII") == 0;
	if (db_run(db, setup_sql, NULL, err) != 0)
		return -1;
	if (db->version < 140000)
		return 0;
	return db_run(db, "SET client_connection_check_interval='2s'", NULL,
	    err);
}

int
db_open(struct db *db, struct ps_error *err)
{
	struct conninfo info = db->info;
	const char *limit = conninfo_get(&db->info, "connect_timeout");
	int64_t limit_ms = 1000 * strtol(limit, NULL, 10);

	db_close(db);
	mem_reset(&db->mem);
	db->wait_ms = DB_CONTROL_MS;
	if (limit_ms < 1000 || limit_ms > DB_DATA_MS)
		limit_ms = 10000;
	if (db->until_ms != 0 && db->until_ms - db_now_ms() < limit_ms)
		limit_ms = db->until_ms - db_now_ms();
	if (limit_ms <= 0)
		return ps_fail(err, PS_E_RETRY,
		    "no time to connect to Postgres");
	if (begin_connect(db, &info, limit_ms, err) != 0 ||
	    set_up(db, err) != 0) {
		db_close(db);
		return ps_fail_in(err, "%s:%s/%s",
		    conninfo_get(&db->info, "host"),
		    conninfo_get(&db->info, "port"),
		    conninfo_get(&db->info, "dbname") == NULL
			? ""
			: conninfo_get(&db->info, "dbname"));
	}
	return 0;
}

void
db_close(struct db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
}
