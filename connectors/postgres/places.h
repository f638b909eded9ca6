/*
 * places: how far each partition is written, kept beside the rows.
 *
 * One row per connector, topic and partition, changed in the transaction
 * that writes the records: from the value read at open() to the new one, by
 * the task that opened it last (its epoch). So what is written is written
 * once, the COMMIT of a task that was replaced fails, and after a COMMIT
 * without an answer the row tells if it happened.
 */
#ifndef PENSTOCK_POSTGRES_PLACES_H
#define PENSTOCK_POSTGRES_PLACES_H

#include <penstock/host.h>

#include "db.h"
#include "str.h"

struct place {
	char *topic;
	int32_t partition;
	int64_t stored; /* next offset, as in the table; -1: none yet */
	int64_t next;   /* after this batch */
	int64_t epoch;
};

struct places {
	const struct ps_host *host;
	const char *table; /* quoted */
	struct place *places;
	size_t count;
	size_t found; /* the last that was looked for */
	bool fresh;   /* `stored` is what the table has */
};

void places_init(struct places *p, const struct ps_host *h, const char *quoted);
void places_fini(struct places *p);
/* Makes the table unless it is there. */
int places_create(struct places *p, struct db *db, struct ps_error *err);
/* Takes the partitions over from whoever had them; fills in offsets. */
int places_open(struct places *p, struct db *db, struct ps_topic_position *tps,
    size_t count, struct ps_error *err);
void places_close(struct places *p, const struct ps_topic_position *tps,
    size_t count);
/* NULL: not opened. */
struct place *
places_find(struct places *p, const char *topic, int32_t partition);
/* Reads them again; PS_E_FATAL when another task has one. */
int places_reload(struct places *p, struct db *db, struct ps_error *err);
/* In the transaction: moves all with next > stored. PS_E_RETRY: they are not
 * where they were (reload). */
int places_move(struct places *p, struct db *db, struct ps_error *err);
/* Is one of these further than the table says? */
bool places_is_behind(struct places *p, const struct ps_topic_position *tps,
    size_t count);
/* What was dropped before put() needs no rows: places_move goes so far. */
void places_reach(struct places *p, const struct ps_topic_position *tps,
    size_t count);
/* Takes back what is further than the table says. */
void
places_hold_back(struct places *p, struct ps_topic_position *tps, size_t count);
/* The COMMIT is answered. */
void places_moved(struct places *p);
/* An operator's change: PS_NO_OFFSET forgets; none of them: all. */
int places_alter(struct places *p, struct db *db,
    const struct ps_topic_position *tps, size_t count, struct ps_error *err);

#endif
