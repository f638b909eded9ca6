/*
 * F5: COPY FROM STDIN of a file that lies in memory.
 * floor_copy_in CONNINFO "COPY ... FROM STDIN" FILE
 */
#include "floor.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define CHUNK (256 * 1024)

int
main(int argc, char **argv)
{
	floor_need(argc == 4, "usage: copy_in CONNINFO COPY FILE");
	struct stat st;
	int fd = open(argv[3], O_RDONLY);

	floor_need(fd >= 0 && fstat(fd, &st) == 0, argv[3]);
	size_t size = (size_t)st.st_size;
	const char *text =
	    mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	PGconn *conn = PQconnectdb(argv[1]);

	floor_need(text != MAP_FAILED, argv[3]);
	floor_need(PQstatus(conn) == CONNECTION_OK, PQerrorMessage(conn));
	struct floor f = floor_start();
	PGresult *res = PQexec(conn, argv[2]);

	floor_need(PQresultStatus(res) == PGRES_COPY_IN, PQerrorMessage(conn));
	PQclear(res);
	for (size_t at = 0; at < size; at += CHUNK) {
		size_t n = size - at < CHUNK ? size - at : CHUNK;

		floor_need(PQputCopyData(conn, text + at, (int)n) == 1,
		    PQerrorMessage(conn));
	}
	floor_need(PQputCopyEnd(conn, NULL) == 1, PQerrorMessage(conn));
	res = PQgetResult(conn);
	floor_need(PQresultStatus(res) == PGRES_COMMAND_OK,
	    PQerrorMessage(conn));
	f.rows = strtoull(PQcmdTuples(res), NULL, 10);
	f.bytes = size;
	PQclear(res);
	PQfinish(conn);
	return floor_end(&f);
}
