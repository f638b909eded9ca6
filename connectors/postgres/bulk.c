/*
 * Bulk reading: the whole table, in ranges of its pages.
 *
 * A pass is resumable: the position is the next page. After a restart the
 * snapshot is another one, in which rows may have moved from pages not yet
 * read to pages that were. Those versions were written by transactions at or
 * above the oldest one running at the first snapshot, so they are read by
 * that first; then the pass goes on. A table that was rewritten since
 * (another filenode) is read from its start.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "reader.h"

#define RANGE_PAGES 512u
#define FORMAT      "1 %" PRIu64 " %" PRIu64 " %" PRIu32

static int
restore(struct reader *r, const struct ps_value *offset, struct ps_error *err)
{
	const struct ps_value *own = ps_map_find(offset, "penstock");
	char text[128], *p, *end;
	uint64_t v[4];
	size_t i;

	if (own == NULL || own->type != PS_STRING || own->len >= sizeof text)
		return 0;
	memcpy(text, own->s, own->len);
	text[own->len] = '\0';
	for (i = 0, p = text; i < 4; i++, p = end) {
		v[i] = strtoull(p, &end, 10);
		if (end == p)
			return ps_fail(err, PS_E_CONFIG,
			    "the stored offset \"%s\" of %s is not of a form "
			    "this version knows",
			    text, r->full);
	}
	r->bulk.filenode = v[1];
	r->bulk.since = v[2];
	r->bulk.block = (uint32_t)v[3];
	r->bulk.in_pass = v[3] != 0;
	return 0;
}

static uint64_t
number_at(const PGresult *res, int column)
{
	return strtoull(PQgetvalue(res, 0, column), NULL, 10);
}

static int
look(struct reader *r, struct ps_error *err)
{
	struct ranges *b = &r->bulk;
	PGresult *res;
	struct str sql;
	int rc;

	str_init(&sql, STR_SQL_LIMIT);
	str_put(&sql,
	    "SELECT x, age((x & 4294967295)::text::xid)::int8 & 4294967295,"
	    "COALESCE(pg_relation_filenode(t),0),"
	    "COALESCE(pg_relation_size(t),0)/"
	    "current_setting('block_size')::int8,"
	    "(SELECT relkind FROM pg_catalog.pg_class c WHERE c.oid=t) "
	    "FROM (SELECT txid_snapshot_xmin(txid_current_snapshot()) x,");
	str_literal(&sql, r->from);
	str_put(&sql, "::regclass t) s");
	rc = db_run(r->db, sql.data, &res, err);
	str_fini(&sql);
	if (rc != 0)
		return -1;
	b->xmin = number_at(res, 0);
	b->next = b->xmin + number_at(res, 1);
	if (number_at(res, 2) != b->filenode) {
		b->filenode = number_at(res, 2);
		b->in_pass = false;
	}
	b->blocks = (uint32_t)number_at(res, 3);
	/* Another kind may have taken its place since the last turn. */
	r->relkind = PQgetvalue(res, 0, 4)[0];
	PQclear(res);
	return 0;
}

static int
begin(struct reader *r, struct ps_error *err)
{
	struct ranges *b = &r->bulk;

	if (reader_plan(r, err) != 0 || turn_check(r, err) != 0)
		return -1;
	b->whole = r->is_query || r->db->version < 140000;
	if (b->whole)
		return 0;
	if (look(r, err) != 0)
		return -1;
	b->whole = r->relkind != 'r' && r->relkind != 'm';
	if (b->whole)
		return 0;
	b->catching_up = b->in_pass;
	if (!b->in_pass) {
		b->block = 0;
		b->since = b->xmin;
	}
	b->in_pass = true;
	return 0;
}

static void
add_range(struct str *sql, struct ranges *b)
{
	if (b->catching_up) {
		b->end = b->block;
		str_addf(sql, " WHERE ctid < '(%" PRIu32 ",0)'", b->block);
		if (b->next - b->since <= INT32_MAX)
			str_addf(sql, " AND age(xmin) <= %" PRIu64,
			    b->next - b->since);
		return;
	}
	b->end = b->blocks - b->block > RANGE_PAGES ? b->block + RANGE_PAGES
						    : b->blocks;
	str_addf(sql,
	    " WHERE ctid >= '(%" PRIu32 ",0)' AND ctid < '(%" PRIu32 ",0)'",
	    b->block, b->end);
}

static int
next(struct reader *r, struct str *sql, struct ps_error *err)
{
	struct ranges *b = &r->bulk;

	if (!r->in_turn && begin(r, err) != 0)
		return -1;
	if (r->in_turn && (b->whole || !b->in_pass))
		return 0;
	if (!b->whole && !b->catching_up && b->block >= b->blocks) {
		b->in_pass = false;
		b->block = 0;
		return 0;
	}
	str_addf(sql, "COPY (SELECT %s FROM %s AS " READER_ALIAS, r->plan.list,
	    r->from);
	if (!b->whole)
		add_range(sql, b);
	str_addf(sql, " %s) TO STDOUT (FORMAT binary)", r->cfg->suffix);
	return 1;
}

static void
row(struct reader *r, const uint8_t *fields)
{
	(void)r, (void)fields;
}

static void
done(struct reader *r)
{
	struct ranges *b = &r->bulk;

	if (b->whole)
		return;
	if (b->catching_up) {
		b->catching_up = false;
		b->since = b->xmin;
		return;
	}
	b->block = b->end;
	if (b->block >= b->blocks) {
		b->in_pass = false;
		b->block = 0;
	}
}

static struct ps_value
offset(struct reader *r, struct ps_arena *a)
{
	struct ranges *b = &r->bulk;
	struct ps_pair *pair;

	if (b->whole)
		return ps_null();
	pair = ps_alloc(a, sizeof *pair);
	pair->key = ps_text("penstock");
	pair->value =
	    ps_text(ps_printf(a, FORMAT, b->filenode, b->since, b->block));
	return ps_map(pair, 1);
}

const struct strategy bulk_strategy = { restore, next, row, done, offset };
