#include "sink.h"

#include <stdlib.h>

#include "gather.h"
#include "inorder.h"
#include "places.h"
#include "renew.h"
#include "staging.h"

#define IDLE_MS 2000 /* without records: memory goes back */
#define LAST_MS 2000 /* for the last positions, when the task ends */

struct sink {
	const struct ps_host *host;
	const struct ps_config *config; /* of create() */
	struct mem mem;                 /* for the task's life */
	struct mem batch;               /* of one put() */
	struct sinkconf cfg;
	struct db db;
	struct gather gather;
	struct places positions;
	struct staging staging;
	bool tracks;    /* positions are kept in the target */
	bool immediate; /* a deferred constraint failed at COMMIT */
	bool was_waiting;
};

static const char *
quoted_table(struct ps_arena *a, const char *name)
{
	const char *dot = strchr(name, '.');
	struct str s;
	char *out;

	str_init(&s, STR_SQL_LIMIT);
	if (dot != NULL) {
		str_ident(&s, ps_strndup(a, name, (size_t)(dot - name)));
		str_put(&s, ".");
	}
	str_ident(&s, dot == NULL ? name : dot + 1);
	out = ps_strndup(a, s.data, s.len);
	str_fini(&s);
	return out;
}

static void
destroy(void *state)
{
	struct sink *s = state;

	db_close(&s->db);
	staging_fini(&s->staging);
	gather_fini(&s->gather);
	places_fini(&s->positions);
	mem_fini(&s->db.mem);
	mem_fini(&s->batch);
	mem_fini(&s->mem);
	free(s);
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct sink *s = mem_xcalloc(1, sizeof *s);

	(void)self;
	s->host = h;
	s->config = c;
	s->db.host = h;
	mem_init(&s->mem);
	mem_init(&s->batch);
	mem_init(&s->db.mem);
	gather_init(&s->gather, h, &s->db, &s->cfg, &s->mem.arena);
	staging_init(&s->staging, h, &s->db, &s->cfg, &s->batch.arena);
	if (sinkconf_read(&s->cfg, c, &s->mem.arena, err) != 0) {
		destroy(s);
		return NULL;
	}
	s->db.info = s->cfg.conninfo;
	s->tracks = s->cfg.offsets_table[0] != '\0';
	places_init(&s->positions, h,
	    quoted_table(&s->mem.arena, s->cfg.offsets_table));
	return s;
}

static int
start(void *state, struct ps_error *err)
{
	struct sink *s = state;

	if (db_open(&s->db, err) != 0)
		return -1;
	return s->tracks ? places_create(&s->positions, &s->db, err) : 0;
}

/* Connected, with positions as the table has them. After a lost connection
 * they tell if the last COMMIT happened. */
static int
be_ready(struct sink *s, struct ps_error *err)
{
	if (!db_is_usable(&s->db)) {
		if (db_open(&s->db, err) != 0)
			return -1;
		gather_forget(&s->gather);
		s->positions.fresh = false;
	}
	s->db.wait_ms = DB_DATA_MS;
	if (s->tracks && !s->positions.fresh)
		return places_reload(&s->positions, &s->db, err);
	return 0;
}

static int
sink_open(void *state, struct ps_topic_position *tps, size_t count,
    struct ps_error *err)
{
	struct sink *s = state;

	if (!s->tracks)
		return 0;
	if (be_ready(s, err) != 0)
		return -1;
	return places_open(&s->positions, &s->db, tps, count, err);
}

/* Was it written before? Notes how far the batch goes. */
static bool
is_done(struct sink *s, const struct ps_record *r)
{
	struct place *p =
	    places_find(&s->positions, r->origin_topic, r->origin_partition);

	if (p == NULL)
		return false;
	if (r->origin_offset < p->stored)
		return true;
	if (r->origin_offset >= p->next)
		p->next = r->origin_offset + 1;
	return false;
}

static int
plan_tables(struct sink *s, struct ps_batch *b, struct ps_error *err)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->records[i].outcome == PS_KEPT &&
		    !is_done(s, &b->records[i]) &&
		    gather_plan(&s->gather, &b->records[i], err) != 0)
			return -1;
	return 0;
}

/* Hands on the batch's rows, folded by key or, with `o`, one by one; reports
 * the records that have none. */
static int
take_rows(struct sink *s, struct ps_batch *b, struct inorder *o,
    struct ps_error *err)
{
	for (size_t i = 0; i < b->count; i++) {
		struct ps_error bad = { .code = PS_OK };
		const struct ps_record *r = &b->records[i];
		struct target *t;
		struct row row;

		if (r->outcome != PS_KEPT || is_done(s, r))
			continue;
		if (gather_row(&s->gather, r, &t, &row, &bad) != 0) {
			if (bad.code != PS_E_DATA)
				return ps_fail(err, bad.code, "%s", bad.text);
			if (s->host->report(s->host, r, &bad, err) != 0)
				return -1;
		} else if (o != NULL) {
			inorder_add(o, t, &row);
		} else {
			gather_add(&s->gather, t, &row);
		}
	}
	return 0;
}

static int
gather_rows(struct sink *s, struct ps_batch *b, struct ps_error *err)
{
	gather_begin(&s->gather, &s->batch.arena);
	if (take_rows(s, b, NULL, err) != 0)
		return -1;
	for (struct rows *rs = s->gather.first; rs != NULL; rs = rs->next)
		if (staging_prepare(&s->staging, rs->t, err) != 0)
			return -1;
	return 0;
}

/* The tag counts: COMMIT of an aborted transaction is no error. */
static int
commit(struct sink *s, struct ps_error *err)
{
	PGresult *res;
	bool done;

	if (db_run(&s->db, "COMMIT", &res, err) != 0)
		return -1;
	done = strcmp(PQcmdStatus(res), "COMMIT") == 0;
	PQclear(res);
	return done ? 0
		    : ps_fail(err, PS_E_RETRY,
			  "Postgres answered COMMIT by a rollback");
}

static int
begin(struct sink *s, struct ps_error *err)
{
	if (db_run(&s->db,
		s->immediate ? "BEGIN; SET CONSTRAINTS ALL IMMEDIATE" : "BEGIN",
		NULL, err) != 0)
		return -1;
	/* First of all: whoever was replaced gets no further. */
	return s->tracks ? places_move(&s->positions, &s->db, err) : 0;
}

/* Rows met each other, or what is in the tables: once more from the
 * beginning, in the order of the records. */
static int
write_in_order(struct sink *s, struct ps_batch *b, struct ps_error *err)
{
	struct inorder o;
	int r = -1;

	ps_error_clear(err);
	mem_reset(&s->batch);
	gather_begin(&s->gather, &s->batch.arena);
	inorder_init(&o, &s->gather, &s->staging, &s->batch.arena, b->count);
	if (db_run(&s->db, "ROLLBACK", NULL, err) == 0 &&
	    take_rows(s, b, &o, err) == 0 && begin(s, err) == 0)
		r = inorder_write(&o, err);
	inorder_fini(&o);
	return r;
}

static int
write_rows(struct sink *s, struct ps_batch *b, struct ps_error *err)
{
	if (begin(s, err) != 0)
		return -1;
	for (struct rows *rs = s->gather.first; rs != NULL; rs = rs->next)
		if (staging_apply(&s->staging, rs, err) != 0)
			return s->staging.entangled ? write_in_order(s, b, err)
						    : -1;
	return 0;
}

/* One transaction for all records of the batch. */
static int
write_batch(struct sink *s, struct ps_batch *b, struct ps_error *err)
{
	mem_reset(&s->batch);
	gather_begin(&s->gather, &s->batch.arena);
	if (plan_tables(s, b, err) != 0 || gather_rows(s, b, err) != 0 ||
	    write_rows(s, b, err) != 0)
		return -1;
	if (commit(s, err) == 0) {
		places_moved(&s->positions);
		return 0;
	}
	/* Deferred constraints: find the record by checking at once. */
	if (err->code != PS_E_DATA || s->immediate)
		return -1;
	s->immediate = true;
	ps_error_clear(err);
	if (gather_rows(s, b, err) != 0 || write_rows(s, b, err) != 0 ||
	    commit(s, err) != 0)
		return -1;
	places_moved(&s->positions);
	return 0;
}

static void
tell(struct sink *s, const struct ps_error *err)
{
	if (err != NULL && err->code == PS_E_RETRY) {
		s->host->waiting(s->host, err->text);
		s->was_waiting = true;
	} else if (s->was_waiting) {
		s->host->waiting(s->host, NULL);
		s->was_waiting = false;
	}
}

/* What was begun is rolled back by the end of the session, and positions are
 * what the table says then. */
static int
put(void *state, struct ps_batch *b, struct ps_error *err)
{
	struct sink *s = state;
	int r;

	if (b->count == 0) {
		mem_reset(&s->batch);
		staging_trim(&s->staging);
		return 0;
	}
	r = be_ready(s, err);
	if (r == 0)
		r = write_batch(s, b, err);
	s->immediate = false;
	if (r == 0)
		s->host->retry_after(s->host, IDLE_MS);
	if (r != 0)
		db_close(&s->db);
	tell(s, r == 0 ? NULL : err);
	return r;
}

/* Records that a filter dropped never come here, but their offsets count: the
 * target's position must not stay behind the group's, or it ends in what
 * retention has removed. A statement per 1000 positions, each a transaction
 * of its own: a part that is moved is true without the others. */
static int
move_past_dropped(struct sink *s, const struct ps_topic_position *tps,
    size_t count, struct ps_error *err)
{
	if (be_ready(s, err) != 0)
		return -1;
	places_reach(&s->positions, tps, count);
	if (places_move(&s->positions, &s->db, err) != 0)
		return -1;
	places_moved(&s->positions);
	return 0;
}

static int
pre_commit(void *state, struct ps_topic_position *tps, size_t count,
    struct ps_error *err)
{
	struct sink *s = state;
	int r;

	if (!s->tracks || !places_is_behind(&s->positions, tps, count))
		return 0;
	if (s->host->stopping(s->host))
		s->db.until_ms = db_now_ms() + LAST_MS;
	r = move_past_dropped(s, tps, count, err);
	s->db.until_ms = 0;
	tell(s, r == 0 ? NULL : err);
	if (r == 0)
		return 0;
	db_close(&s->db);
	if (err->code != PS_E_RETRY)
		return -1;
	/* It is made up for by the next commit, or by the next task. */
	ps_error_clear(err);
	places_hold_back(&s->positions, tps, count);
	return 0;
}

static void
sink_close(void *state, const struct ps_topic_position *tps, size_t count,
    enum ps_close_reason why)
{
	struct sink *s = state;

	(void)why;
	places_close(&s->positions, tps, count);
}

static int
alter_offsets(const struct ps_host *h, const struct ps_config *c,
    const struct ps_topic_position *tps, size_t count, struct ps_error *err)
{
	struct sink *s = create(h, NULL, c, err);
	int r;

	if (s == NULL)
		return -1;
	r = start(s, err);
	if (r == 0 && s->tracks)
		r = places_alter(&s->positions, &s->db, tps, count, err);
	if (r == 0)
		r = s->tracks;
	destroy(s);
	return r;
}

static void
validate(const struct ps_host *h, const struct ps_config *c,
    struct ps_report *rep)
{
	struct ps_error err = { .code = PS_OK };
	struct sink *s;

	sinkconf_validate(c, rep);
	s = create(h, NULL, c, &err);
	if (s == NULL || db_open(&s->db, &err) != 0)
		rep->error(rep, "connection.url", "%s", err.text);
	if (s != NULL)
		destroy(s);
}

/* No transaction is open between two calls of put(). */
static int
reconfigure(void *state, const struct ps_config *c, struct ps_error *err)
{
	struct sink *s = state;

	if (renew_info(&s->db, &s->mem.arena, c, err) != 0)
		return -1;
	db_close(&s->db);
	return 0;
}

static bool
sink_headers(void *state)
{
	(void)state;
	return false;
}

const struct ps_sink_ops sink_ops = {
	.validate = validate,
	.create = create,
	.start = start,
	.open = sink_open,
	.put = put,
	.pre_commit = pre_commit,
	.close = sink_close,
	.alter_offsets = alter_offsets,
	.destroy = destroy,
	.reconfigure = reconfigure,
	.headers = sink_headers,
};
