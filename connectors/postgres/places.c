#include "places.h"

#include <inttypes.h>
#include <stdlib.h>

#define MOVED_MAX 1000 /* positions that one statement moves */

void
places_init(struct places *p, const struct ps_host *h, const char *quoted)
{
	*p = (struct places){ .host = h, .table = quoted };
}

void
places_fini(struct places *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->places[i].topic);
	free(p->places);
	p->places = NULL;
	p->count = 0;
}

static bool
is_place(const struct place *place, const char *topic, int32_t partition)
{
	return place->partition == partition &&
	       strcmp(place->topic, topic) == 0;
}

struct place *
places_find(struct places *p, const char *topic, int32_t partition)
{
	if (p->found < p->count &&
	    is_place(&p->places[p->found], topic, partition))
		return &p->places[p->found];
	for (p->found = 0; p->found < p->count; p->found++)
		if (is_place(&p->places[p->found], topic, partition))
			return &p->places[p->found];
	return NULL;
}

/* Runs it and forgets it. */
static int
run(struct db *db, struct str *sql, PGresult **out, struct ps_error *err)
{
	int r = db_run_str(db, sql, out, err);

	str_fini(sql);
	return r;
}

int
places_create(struct places *p, struct db *db, struct ps_error *err)
{
	PGresult *res;
	struct str sql;
	bool there;

	str_init(&sql, STR_SQL_LIMIT);
	str_put(&sql, "SELECT 1 FROM pg_attribute WHERE attname='topic_id' "
		      "AND NOT attisdropped AND attrelid=to_regclass(");
	str_literal(&sql, p->table);
	str_put(&sql, ")");
	if (run(db, &sql, &res, err) != 0)
		return -1;
	there = PQntuples(res) > 0;
	PQclear(res);
	if (there)
		return 0;
	str_init(&sql, STR_SQL_LIMIT);
	/* Two tasks may come to this at once: the name's lock decides. All is
	 * one transaction, whose end the lock must see. */
	str_addf(&sql,
	    "SELECT pg_advisory_xact_lock(hashtext('penstock_offsets'));"
	    "CREATE TABLE IF NOT EXISTS %s (connector text, topic text, "
	    "part int, next_offset int8 NOT NULL, epoch int8 NOT NULL, "
	    "topic_id text, PRIMARY KEY (connector, topic, part));"
	    "ALTER TABLE %s ADD COLUMN IF NOT EXISTS topic_id text",
	    p->table, p->table);
	if (run(db, &sql, NULL, err) == 0)
		return 0;
	return ps_fail_in(err,
	    "offsets.table %s cannot be made (make it, or set offsets.table "
	    "to the empty string for at-least-once)",
	    p->table);
}

static void
add_where(struct str *sql, const struct places *p, const char *topic,
    int32_t partition)
{
	str_put(sql, " WHERE connector=");
	str_literal(sql, p->host->connector);
	str_put(sql, " AND topic=");
	str_literal(sql, topic);
	str_addf(sql, " AND part=%d", (int)partition);
}

static struct place *
add_place(struct places *p, const char *topic, int32_t partition)
{
	struct place *place = places_find(p, topic, partition);

	if (place != NULL)
		return place;
	p->places = mem_xrealloc(p->places, (p->count + 1) * sizeof *p->places);
	place = &p->places[p->count++];
	*place = (struct place){ .partition = partition };
	place->topic = mem_xcalloc(1, strlen(topic) + 1);
	memcpy(place->topic, topic, strlen(topic));
	return place;
}

static int64_t
number(const PGresult *res, int column)
{
	return strtoll(PQgetvalue(res, 0, column), NULL, 10);
}

static const char *
id_of(const struct places *p, const char *topic)
{
	return PS_HOST_HAS(p->host, topic_id)
		   ? p->host->topic_id(p->host, topic)
		   : NULL;
}

/* The row says where the partition of this topic is, or of one that had its
 * name before. */
static int
check_topic(const struct places *p, const PGresult *res,
    const struct ps_topic_position *tp, struct ps_error *err)
{
	const char *id = id_of(p, tp->topic);

	if (number(res, 0) < 0 || id == NULL || PQgetisnull(res, 0, 2) ||
	    strcmp(PQgetvalue(res, 0, 2), id) == 0)
		return 0;
	return ps_fail(err, PS_E_GAP,
	    "GAP: topic %s was deleted and created again: what was in "
	    "partition %d from offset %" PRId64 " on is gone",
	    tp->topic, (int)tp->partition, number(res, 0));
}

static void
add_open(struct str *sql, const struct places *p,
    const struct ps_topic_position *tp)
{
	const char *id = id_of(p, tp->topic);

	str_addf(sql,
	    "INSERT INTO %s AS o (connector,topic,part,next_offset,epoch,"
	    "topic_id) VALUES (",
	    p->table);
	str_literal(sql, p->host->connector);
	str_put(sql, ",");
	str_literal(sql, tp->topic);
	str_addf(sql, ",%d,%" PRId64 ",1,", (int)tp->partition, tp->offset);
	if (id == NULL)
		str_put(sql, "NULL");
	else
		str_literal(sql, id);
	str_put(sql,
	    ") ON CONFLICT (connector,topic,part) DO UPDATE SET "
	    "epoch=o.epoch+1, topic_id=CASE WHEN o.next_offset<0 THEN "
	    "excluded.topic_id ELSE coalesce(o.topic_id,excluded.topic_id) "
	    "END RETURNING next_offset, epoch, topic_id");
}

static int
open_one(struct places *p, struct db *db, struct ps_topic_position *tp,
    struct ps_error *err)
{
	struct place *place;
	PGresult *res;
	struct str sql;

	str_init(&sql, STR_SQL_LIMIT);
	add_open(&sql, p, tp);
	if (run(db, &sql, &res, err) != 0)
		return -1;
	if (check_topic(p, res, tp, err) != 0) {
		PQclear(res);
		return -1;
	}
	place = add_place(p, tp->topic, tp->partition);
	place->stored = place->next = number(res, 0);
	place->epoch = number(res, 1);
	PQclear(res);
	if (place->stored >= 0)
		tp->offset = place->stored;
	return 0;
}

int
places_open(struct places *p, struct db *db, struct ps_topic_position *tps,
    size_t count, struct ps_error *err)
{
	for (size_t i = 0; i < count; i++)
		if (open_one(p, db, &tps[i], err) != 0)
			return ps_fail_in(err, "offsets.table %s", p->table);
	p->fresh = true;
	return 0;
}

void
places_close(struct places *p, const struct ps_topic_position *tps,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct place *place =
		    places_find(p, tps[i].topic, tps[i].partition);

		if (place == NULL)
			continue;
		free(place->topic);
		*place = p->places[--p->count];
	}
}

static int
reload_one(struct places *p, struct db *db, struct place *place,
    struct ps_error *err)
{
	PGresult *res;
	struct str sql;
	int r = 0;

	str_init(&sql, STR_SQL_LIMIT);
	str_addf(&sql, "SELECT next_offset, epoch FROM %s", p->table);
	add_where(&sql, p, place->topic, place->partition);
	if (run(db, &sql, &res, err) != 0)
		return -1;
	if (PQntuples(res) != 1)
		r = ps_fail(err, PS_E_FATAL,
		    "the position of %s-%d was deleted from %s", place->topic,
		    (int)place->partition, p->table);
	else if (number(res, 1) != place->epoch)
		r = ps_fail(err, PS_E_FATAL,
		    "another task has taken over %s-%d: its epoch in %s is "
		    "%" PRId64 ", ours %" PRId64,
		    place->topic, (int)place->partition, p->table,
		    number(res, 1), place->epoch);
	else
		place->stored = place->next = number(res, 0);
	PQclear(res);
	return r;
}

int
places_reload(struct places *p, struct db *db, struct ps_error *err)
{
	for (size_t i = 0; i < p->count; i++)
		if (reload_one(p, db, &p->places[i], err) != 0)
			return -1;
	p->fresh = true;
	return 0;
}

/* Those from `*at` on, as many as one statement is to have. */
static int
move_some(struct places *p, struct db *db, size_t *at, struct ps_error *err)
{
	size_t wanted = 0;
	PGresult *res;
	struct str sql;
	bool all;

	str_init(&sql, STR_SQL_LIMIT);
	str_addf(&sql, "UPDATE %s o SET next_offset=v.new FROM (VALUES ",
	    p->table);
	for (; *at < p->count && wanted < MOVED_MAX; ++*at) {
		const struct place *place = &p->places[*at];

		if (place->next <= place->stored)
			continue;
		str_put(&sql, wanted++ > 0 ? ",(" : "(");
		str_literal(&sql, place->topic);
		str_addf(&sql,
		    ",%d,%" PRId64 "::int8,%" PRId64 "::int8,%" PRId64
		    "::int8)",
		    (int)place->partition, place->stored, place->next,
		    place->epoch);
	}
	str_put(&sql, ") v(topic,part,old,new,epoch) WHERE o.connector=");
	str_literal(&sql, p->host->connector);
	str_put(&sql, " AND o.topic=v.topic AND o.part=v.part AND "
		      "o.next_offset=v.old AND o.epoch=v.epoch");
	if (wanted == 0) {
		str_fini(&sql);
		return 0;
	}
	if (run(db, &sql, &res, err) != 0)
		return ps_fail_in(err, "offsets.table %s", p->table);
	all = strtoull(PQcmdTuples(res), NULL, 10) == wanted;
	PQclear(res);
	if (all)
		return 0;
	p->fresh = false;
	return ps_fail(err, PS_E_RETRY,
	    "a position in %s is not where this task left it", p->table);
}

int
places_move(struct places *p, struct db *db, struct ps_error *err)
{
	size_t at = 0;

	while (at < p->count)
		if (move_some(p, db, &at, err) != 0)
			return -1;
	return 0;
}

bool
places_is_behind(struct places *p, const struct ps_topic_position *tps,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct place *place =
		    places_find(p, tps[i].topic, tps[i].partition);

		if (place != NULL && tps[i].offset > place->stored)
			return true;
	}
	return false;
}

void
places_reach(struct places *p, const struct ps_topic_position *tps,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct place *place =
		    places_find(p, tps[i].topic, tps[i].partition);

		if (place != NULL && tps[i].offset > place->next)
			place->next = tps[i].offset;
	}
}

void
places_hold_back(struct places *p, struct ps_topic_position *tps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct place *place =
		    places_find(p, tps[i].topic, tps[i].partition);

		if (place != NULL && tps[i].offset > place->stored)
			tps[i].offset =
			    place->stored < 0 ? PS_NO_OFFSET : place->stored;
	}
}

void
places_moved(struct places *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->places[i].next > p->places[i].stored)
			p->places[i].stored = p->places[i].next;
}

static int
forget_all(struct places *p, struct db *db, struct ps_error *err)
{
	struct str sql;

	str_init(&sql, STR_SQL_LIMIT);
	str_addf(&sql, "DELETE FROM %s WHERE connector=", p->table);
	str_literal(&sql, p->host->connector);
	return run(db, &sql, NULL, err);
}

static int
alter_one(struct places *p, struct db *db, const struct ps_topic_position *tp,
    struct ps_error *err)
{
	struct str sql;

	str_init(&sql, STR_SQL_LIMIT);
	if (tp->offset == PS_NO_OFFSET) {
		str_addf(&sql, "DELETE FROM %s", p->table);
		add_where(&sql, p, tp->topic, tp->partition);
		return run(db, &sql, NULL, err);
	}
	str_addf(&sql,
	    "INSERT INTO %s AS o (connector,topic,part,next_offset,epoch) "
	    "VALUES (",
	    p->table);
	str_literal(&sql, p->host->connector);
	str_put(&sql, ",");
	str_literal(&sql, tp->topic);
	str_addf(&sql,
	    ",%d,%" PRId64 ",1) ON CONFLICT (connector,topic,part) DO UPDATE "
	    "SET next_offset=excluded.next_offset, epoch=o.epoch+1, "
	    "topic_id=NULL",
	    (int)tp->partition, tp->offset);
	return run(db, &sql, NULL, err);
}

int
places_alter(struct places *p, struct db *db,
    const struct ps_topic_position *tps, size_t count, struct ps_error *err)
{
	if (count == 0)
		return forget_all(p, db, err);
	if (db_run(db, "BEGIN", NULL, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (alter_one(p, db, &tps[i], err) != 0)
			return -1;
	return db_run(db, "COMMIT", NULL, err);
}
