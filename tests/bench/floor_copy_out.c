/*
 * F1: COPY TO STDOUT, drained. floor_copy_out CONNINFO "COPY ... TO STDOUT"
 */
#include "floor.h"

#include <libpq-fe.h>

int
main(int argc, char **argv)
{
	floor_need(argc == 3, "usage: copy_out CONNINFO COPY");
	PGconn *conn = PQconnectdb(argv[1]);

	floor_need(PQstatus(conn) == CONNECTION_OK, PQerrorMessage(conn));
	struct floor f = floor_start();
	PGresult *res = PQexec(conn, argv[2]);

	floor_need(PQresultStatus(res) == PGRES_COPY_OUT, PQerrorMessage(conn));
	PQclear(res);

	char *row = NULL;
	int len;

	while ((len = PQgetCopyData(conn, &row, 0)) > 0) {
		f.rows++;
		f.bytes += (unsigned)len;
		PQfreemem(row);
	}
	floor_need(len == -1, PQerrorMessage(conn));
	PQclear(PQgetResult(conn));
	PQfinish(conn);
	return floor_end(&f);
}
