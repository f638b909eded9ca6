#include "source.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>

#include "decode.h"
#include "reader.h"
#include "renew.h"
#include "source_keys.h"
#include "tables.h"
#include "wire.h"

#define WAIT_MS     1000
#define ROW_WAIT_MS 20

struct source {
	const struct ps_host *host;
	const struct ps_class *self;
	const struct ps_config *config; /* of create() */
	struct mem mem;
	struct settings cfg;
	struct db db;
	struct reader *readers;
	size_t count, turn;
	struct reader *active; /* in a turn */
	struct hold hold;
	struct copy copy;
	struct str sql;
	bool copying;
	bool is_renewed;   /* the next turn is another connection's */
	uint64_t failures; /* of queries, since one came to its end */
};

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct source *s = mem_xcalloc(1, sizeof *s);

	mem_init(&s->mem);
	mem_init(&s->db.mem);
	str_init(&s->sql, STR_SQL_LIMIT);
	s->host = h;
	s->self = self;
	s->config = c;
	s->db.host = h;
	if (settings_read(&s->cfg, c, &s->mem.arena, err) != 0) {
		mem_fini(&s->mem);
		free(s);
		return NULL;
	}
	s->db.info = s->cfg.conninfo;
	return s;
}

static const struct ps_source_partition *
partition(struct source *s, const char *first, const char *first_value,
    const char *table)
{
	struct ps_pair pairs[2];
	struct ps_value map;
	size_t n = 0;

	if (first != NULL)
		pairs[n++] =
		    (struct ps_pair){ ps_text(first), ps_text(first_value) };
	if (table != NULL)
		pairs[n++] =
		    (struct ps_pair){ ps_text("table"), ps_text(table) };
	map = ps_map(pairs, n);
	/* cppcheck-suppress returnDanglingLifetime ; the host copies it */
	return s->host->partition(s->host, &map);
}

static void
add_reader(struct source *s, struct reader *r)
{
	r->host = s->host;
	r->cfg = &s->cfg;
	r->db = &s->db;
	r->hold = &s->hold;
	r->left = ps_null();
	mem_init(&r->mem);
	s->readers[s->count++] = *r;
}

static void
add_query(struct source *s)
{
	struct reader r = { .is_query = true, .name = NULL, .full = "query" };

	r.from = ps_printf(&s->mem.arena, "(%s)", s->cfg.query);
	r.topic = s->cfg.prefix;
	r.how = s->cfg.mode == MODE_BULK ? &bulk_strategy : &fenced_strategy;
	r.partition = partition(s, "query", "query", NULL);
	add_reader(s, &r);
}

static int
add_table(struct source *s, const char *quoted, struct ps_error *err)
{
	struct ps_arena *a = &s->mem.arena;
	struct reader r = { .from = quoted };
	const char *schema;

	if (tables_split(a, quoted, &schema, &r.name, err) != 0)
		return -1;
	r.full = ps_printf(a, "%s.%s", schema, r.name);
	r.topic = ps_printf(a, "%s%s", s->cfg.prefix, r.name);
	if (s->cfg.mode == MODE_BULK) {
		r.partition = partition(s, NULL, NULL, r.name);
	} else {
		r.partition = partition(s, "protocol", "1", r.full);
		r.old_partition = partition(s, NULL, NULL, r.name);
	}
	add_reader(s, &r);
	return 0;
}

static int
start(void *state, struct ps_error *err)
{
	struct source *s = state;
	size_t n = s->cfg.tables.count;

	s->readers = mem_xcalloc(n + 1, sizeof *s->readers);
	if (s->cfg.query[0] != '\0') {
		add_query(s);
		return db_open(&s->db, err);
	}
	if (n == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "Task is being started but has been assigned neither "
		    "tables nor a query");
	for (size_t i = 0; i < n; i++)
		if (add_table(s, s->cfg.tables.items[i], err) != 0)
			return -1;
	return db_open(&s->db, err);
}

int
reader_plan(struct reader *r, struct ps_error *err)
{
	const char *select;

	mem_reset(&r->mem);
	select = ps_printf(&r->mem.arena, "SELECT * FROM %s AS " READER_ALIAS,
	    r->from);
	r->plan = (struct plan){ .sql = select,
		.name = r->name,
		.is_table = !r->is_query,
		.map = &r->cfg->map };
	return plan_make(r->db, &r->mem.arena, &r->plan, err);
}

/* Where it goes on, PS_NULL: at its beginning. */
static struct ps_value
find_offset(struct source *s, const struct reader *r)
{
	const struct ps_source_partition *all[] = { r->partition,
		r->old_partition };
	const struct ps_host *h = s->host;
	struct ps_value offset;

	if (r->left.type != PS_NULL)
		return r->left;
	for (size_t i = 0; i < 2 && all[i] != NULL; i++)
		if (h->stored_offset(h, all[i], &s->mem.arena, &offset) == 1)
			return offset;
	return ps_null();
}

/* In the first turn, and when it is something else. */
static int
restore(struct source *s, struct reader *r, struct ps_error *err)
{
	struct ps_value offset;

	if (reader_plan(r, err) != 0)
		return -1;
	if (r->how != &bulk_strategy && keys_make(r, err) != 0)
		return -1;
	offset = find_offset(s, r);
	if (offset.type == PS_MAP && r->how->restore(r, &offset, err) != 0)
		return -1;
	r->anchored = r->anchored || offset.type == PS_MAP ||
		      s->cfg.initial_ms != INITIAL_NOW ||
		      r->k.keys.sql.ts == NULL;
	r->restored = true;
	return 0;
}

/* The next COPY of the active turn, or the turn's end. */
static int
advance(struct source *s, struct ps_error *err)
{
	struct reader *r = s->active;
	int more;

	str_clear(&s->sql);
	more = r->how->next(r, &s->sql, err);
	if (more < 0)
		return -1;
	if (s->sql.overflow)
		return ps_fail(err, PS_E_CONFIG, "%s: the query is too long",
		    r->full);
	r->in_turn = true;
	if (more == 1) {
		if (copy_begin(&s->copy, &s->db, s->sql.data, err) != 0)
			return -1;
		s->copying = r->in_copy = true;
		return 0;
	}
	s->active = NULL;
	r->in_turn = false;
	r->due_ms = db_now_ms() + s->cfg.poll_ms;
	return db_run(&s->db, "COMMIT", NULL, err);
}

static int
try_turn(struct source *s, struct reader *r, struct ps_error *err)
{
	int rc;

	s->active = r;
	r->in_turn = r->is_stale = false;
	if (!r->restored && kind_look(r, err) != 0)
		return -1;
	rc = turn_begin(r, err);
	if (rc != 0)
		return rc;
	if (!r->restored && restore(s, r, err) != 0)
		return -1;
	return advance(s, err);
}

/* 1: there is no turn, the table is locked. */
static int
begin_turn(struct source *s, struct reader *r, struct ps_error *err)
{
	int rc = try_turn(s, r, err);

	if (rc < 0 && !r->is_stale && err->code != PS_E_RETRY)
		r->is_stale = kind_renew(r, &s->mem.arena);
	if (rc < 0 && r->is_stale) {
		ps_error_clear(err);
		if (db_run(&s->db, "ROLLBACK", NULL, err) != 0)
			return -1;
		rc = try_turn(s, r, err);
	}
	if (rc > 0)
		s->active = NULL;
	return rc;
}

/* A table that is due, in turns; else how long to wait for one. */
static struct reader *
find_due(struct source *s, int64_t *wait_ms)
{
	int64_t now = db_now_ms();

	*wait_ms = WAIT_MS;
	for (size_t i = 0; i < s->count; i++) {
		struct reader *r = &s->readers[(s->turn + i) % s->count];

		if (r->due_ms <= now) {
			s->turn = (s->turn + i + 1) % s->count;
			return r;
		}
		if (r->due_ms - now < *wait_ms)
			*wait_ms = r->due_ms - now;
	}
	return NULL;
}

/* Behind the keys that stand before the row's own columns. */
static int
skip_keys(const struct reader *r, const uint8_t **row, size_t *len,
    struct ps_error *err)
{
	size_t n = r->k.keys.order == NULL ? 0 : r->k.keys.fields;

	for (; n > 0; n--) {
		if (*len < 12 || wire_i32(*row) != 8)
			return ps_fail(err, PS_E_FATAL, "a row has no key %s",
			    r->k.keys.order);
		*row += 12;
		*len -= 12;
	}
	return 0;
}

/* Adds the row in s->copy as a record; a value without a form fails it. */
static int
add_row(struct source *s, struct ps_batch *b, struct ps_error *err)
{
	struct reader *r = s->active;
	struct ps_error bad = { .code = PS_OK };
	struct ps_value *values;
	struct ps_record *rec;
	const uint8_t *row = s->copy.data + 2;
	size_t len = s->copy.len - 2;

	if (skip_keys(r, &row, &len, err) != 0)
		return -1;
	row = memcpy(ps_alloc(b->arena, len), row, len);
	values = ps_alloc(b->arena, r->plan.count * sizeof *values);
	rec = ps_batch_add(b);
	rec->topic = r->topic;
	rec->source_partition = r->partition;
	rec->value_schema = r->plan.schema;
	if (decode_row(r->plan.columns, r->plan.count,
		(struct ps_slice){ row, len }, b->arena, values, &bad) == 0) {
		rec->value = ps_struct(values, r->plan.count);
	} else if (bad.code == PS_E_DATA) {
		(void)ps_fail_in(&bad, "table %s", r->full);
		ps_record_fail(b, rec, PS_STAGE_TASK_POLL, s->self->name, &bad);
	} else {
		b->count--;
		return ps_fail(err, bad.code, "%s", bad.text);
	}
	/* Only now: the position covers what is in the batch. */
	r->how->row(r, s->copy.data + 2);
	return 0;
}

static size_t
row_bytes(const struct source *s)
{
	return s->copy.len + sizeof(struct ps_record) +
	       s->active->plan.count * sizeof(struct ps_value);
}

/* Fills the batch from the running COPY; 1 when it came to its end. */
static int
fill(struct source *s, struct ps_batch *b, struct ps_error *err)
{
	size_t used = 0;

	while (used < b->budget_bytes) {
		switch (copy_next(&s->copy, err)) {
		case COPY_FAILED:
			return -1;
		case COPY_END:
			s->copying = s->active->in_copy = false;
			s->active->how->done(s->active);
			s->failures = 0;
			return 1;
		case COPY_WAIT:
			if (db_wait(&s->db, POLLIN,
				b->count > 0 ? ROW_WAIT_MS : WAIT_MS) == 0)
				return 0;
			break;
		case COPY_ROW:
			used += row_bytes(s);
			if (add_row(s, b, err) != 0)
				return -1;
			break;
		}
	}
	return 0;
}

/* The turn is over, or lost with the connection. What was added before an
 * error stays: it was read. */
static int
give_up(struct source *s, struct ps_error *err)
{
	if (s->active != NULL) {
		s->active->in_turn = s->active->in_copy = false;
		(void)ps_fail_in(err, "reading %s", s->active->full);
	}
	copy_fini(&s->copy);
	s->copying = false;
	s->active = NULL;
	db_close(&s->db);
	return -1;
}

static int
wait_for_due(struct source *s, int64_t wait_ms)
{
	struct pollfd wake = { .fd = s->host->wake_fd, .events = POLLIN };

	(void)s;
	(void)poll(&wake, 1, (int)wait_ms);
	return 0;
}

/* "Now" is the first look and stays so: stored with no row yet, in a record
 * that goes nowhere. */
static void
anchor(struct reader *r, struct ps_batch *b)
{
	struct ps_record *rec;

	if (r->anchored)
		return;
	rec = ps_batch_add(b);
	rec->topic = r->topic;
	rec->source_partition = r->partition;
	rec->source_offset = r->how->offset(r, b->arena);
	rec->outcome = PS_DROPPED;
	r->anchored = true;
}

static int
make_progress(struct source *s, struct ps_batch *b, struct ps_error *err)
{
	struct reader *r = s->active;
	int64_t wait_ms;
	int end;

	if (r == NULL) {
		r = find_due(s, &wait_ms);
		if (r == NULL)
			return wait_for_due(s, wait_ms);
		end = begin_turn(s, r, err);
		if (end != 0)
			return end < 0 ? -1 : 0;
		anchor(r, b);
	}
	if (!s->copying)
		return 0;
	end = fill(s, b, err);
	/* A row is the last of them: an anchor stays what it is. */
	if (b->count > 0 && b->records[b->count - 1].outcome != PS_DROPPED)
		b->records[b->count - 1].source_offset =
		    r->how->offset(r, b->arena);
	return end == 1 ? advance(s, err) : end;
}

/* query.retry.attempts: of queries, not of connecting. */
static int
count_failure(struct source *s, struct ps_error *err)
{
	struct ps_error why;

	(void)give_up(s, err);
	if (err->code != PS_E_RETRY || s->cfg.query_retries < 0 ||
	    s->host->stopping(s->host) ||
	    s->failures++ < (uint64_t)s->cfg.query_retries)
		return -1;
	why = *err;
	ps_error_clear(err);
	return ps_fail(err, PS_E_FATAL,
	    "query.retry.attempts=%lld are spent: %s",
	    (long long)s->cfg.query_retries, why.text);
}

static int
source_poll(void *state, struct ps_batch *b, struct ps_error *err)
{
	struct source *s = state;

	if (s->is_renewed && s->active == NULL) {
		db_close(&s->db);
		s->is_renewed = false;
	}
	if (!db_is_usable(&s->db) && db_open(&s->db, err) != 0)
		return give_up(s, err);
	if (make_progress(s, b, err) == 0)
		return 0;
	return count_failure(s, err);
}

static int
reconfigure(void *state, const struct ps_config *c, struct ps_error *err)
{
	struct source *s = state;

	if (renew_info(&s->db, &s->mem.arena, c, err) != 0)
		return -1;
	s->is_renewed = true;
	return 0;
}

static enum ps_support
exactly_once(const struct ps_config *c)
{
	(void)c;
	return PS_SUPPORTED;
}

static void
destroy(void *state)
{
	struct source *s = state;

	copy_fini(&s->copy);
	db_close(&s->db);
	for (size_t i = 0; i < s->count; i++)
		mem_fini(&s->readers[i].mem);
	free(s->readers);
	str_fini(&s->sql);
	mem_fini(&s->db.mem);
	mem_fini(&s->mem);
	free(s);
}

const struct ps_source_ops source_ops = {
	.validate = discover_validate,
	.task_configs = discover_task_configs,
	.watch = discover_watch,
	.create = create,
	.start = start,
	.poll = source_poll,
	.exactly_once = exactly_once,
	.alter_offsets = source_alter_offsets,
	.destroy = destroy,
	.reconfigure = reconfigure,
};
