/*
 * F6: statements alone, each a transaction of its own; the rows it reports
 * are those they touched. floor_sql CONNINFO SQL...
 */
#include "floor.h"

#include <libpq-fe.h>

int
main(int argc, char **argv)
{
	floor_need(argc >= 3, "usage: sql CONNINFO SQL...");
	PGconn *conn = PQconnectdb(argv[1]);

	floor_need(PQstatus(conn) == CONNECTION_OK, PQerrorMessage(conn));
	struct floor f = floor_start();

	for (int i = 2; i < argc; i++) {
		PGresult *res = PQexec(conn, argv[i]);

		floor_need(PQresultStatus(res) == PGRES_COMMAND_OK,
		    PQerrorMessage(conn));
		f.rows += strtoull(PQcmdTuples(res), NULL, 10);
		PQclear(res);
	}
	PQfinish(conn);
	return floor_end(&f);
}
