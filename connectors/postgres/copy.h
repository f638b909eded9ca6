/*
 * copy: rows of a COPY … TO STDOUT (FORMAT binary), one at a time.
 */
#ifndef PENSTOCK_POSTGRES_COPY_H
#define PENSTOCK_POSTGRES_COPY_H

#include "db.h"

enum copy_state {
	COPY_ROW,
	COPY_WAIT, /* nothing yet: db_wait() for input */
	COPY_END,
	COPY_FAILED,
};

struct copy {
	struct db *db;
	char *buffer;        /* libpq's, of the row */
	const uint8_t *data; /* from the field count on */
	size_t len;
	bool begun; /* the header was seen */
};

/* Sends the statement; rows can be asked for. */
int copy_begin(struct copy *c, struct db *db, const char *sql,
    struct ps_error *err);
/* The next row in `data`, valid until the next call. */
enum copy_state copy_next(struct copy *c, struct ps_error *err);
void copy_fini(struct copy *c);

#endif
