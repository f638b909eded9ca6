#include "copy.h"

#include "wire.h"

#define SIGNATURE_BYTES 11u /* with the NUL at its end */

int
copy_begin(struct copy *c, struct db *db, const char *sql, struct ps_error *err)
{
	PGresult *res;

	*c = (struct copy){ .db = db };
	if (db_run(db, sql, &res, err) != 0)
		return -1;
	if (PQresultStatus(res) != PGRES_COPY_OUT) {
		PQclear(res);
		return ps_fail(err, PS_E_FATAL, "no COPY was begun by: %s",
		    sql);
	}
	PQclear(res);
	return 0;
}

void
copy_fini(struct copy *c)
{
	PQfreemem(c->buffer);
	c->buffer = NULL;
}

static enum copy_state
end(struct copy *c, struct ps_error *err)
{
	enum copy_state state = COPY_END;
	PGresult *res;

	do {
		if (db_result(c->db, &res, err) != 0)
			return COPY_FAILED;
		if (res != NULL && PQresultStatus(res) != PGRES_COMMAND_OK) {
			(void)db_fail(c->db, res, err);
			state = COPY_FAILED;
		}
		PQclear(res);
	} while (res != NULL);
	return state;
}

/* Signature, flags and extension stand before the first row, in the same
 * message or in one of their own. */
static int
skip_header(struct copy *c, struct ps_error *err)
{
	size_t n = SIGNATURE_BYTES + 8;

	if (c->len < n || memcmp(c->data, "PGCOPY\n\377\r\n", 11) != 0)
		return ps_fail(err, PS_E_FATAL,
		    "the server sent no binary COPY");
	n += (size_t)(uint32_t)wire_i32(c->data + SIGNATURE_BYTES + 4);
	if (n > c->len)
		return ps_fail(err, PS_E_FATAL, "a COPY header is cut off");
	c->data += n;
	c->len -= n;
	c->begun = true;
	return 0;
}

static enum copy_state
fetch(struct copy *c, struct ps_error *err)
{
	int n;

	PQfreemem(c->buffer);
	c->buffer = NULL;
	n = PQgetCopyData(c->db->conn, &c->buffer, 1);
	if (n == 0) {
		if (PQconsumeInput(c->db->conn) == 0) {
			(void)db_broken(c->db, err);
			return COPY_FAILED;
		}
		n = PQgetCopyData(c->db->conn, &c->buffer, 1);
	}
	if (n == 0)
		return COPY_WAIT;
	if (n < 0)
		return end(c, err);
	c->data = (const uint8_t *)c->buffer;
	c->len = (size_t)n;
	return COPY_ROW;
}

enum copy_state
copy_next(struct copy *c, struct ps_error *err)
{
	enum copy_state state;

	do {
		state = fetch(c, err);
		if (state != COPY_ROW)
			return state;
		if (!c->begun && skip_header(c, err) != 0)
			return COPY_FAILED;
		/* Empty after the header, or the trailer. */
	} while (c->len < 2 || wire_i16(c->data) < 0);
	return COPY_ROW;
}
