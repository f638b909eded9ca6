/*
 * revisions: what a connector's configuration was before, as the config topic
 * holds it.
 *
 * penstock-revision-<slot>-<connector> is {"revision", "at", "by", "how",
 * "config"}. Revision n stands in slot n % REVISIONS_KEPT, so that compaction
 * keeps the newest and a change writes one of them. Kafka Connect skips them.
 */
#ifndef PENSTOCK_STORE_REVISIONS_H
#define PENSTOCK_STORE_REVISIONS_H

#include <stdint.h>

#include <jansson.h>

#include <penstock/config.h>

#include "store/keys.h"

#define REVISIONS_KEPT 20
/* Records of one change. */
#define REVISIONS_ADDED 2

struct revisions;

/* Who changed it, how, and when. */
struct revision_note {
	const char *by; /* NULL: not known */
	const char *how;
	int64_t at_ms;
};

struct revision_change {
	const char *connector;
	const struct ps_config *before; /* NULL: it is new */
	const struct ps_config *after;
	struct revision_note note;
};

struct revisions *revisions_new(void);
void revisions_free(struct revisions **rp);
/* A record penstock-<name>; those of other kinds are left alone. PS_E_DATA:
 * skipped. */
int revisions_apply(struct revisions *r, const char *name, const void *value,
    size_t len, struct ps_error *err);
/* An array, oldest first, NULL: none. Borrowed until the next record. */
const json_t *revisions_of(const struct revisions *r, const char *connector);
/* NULL: it is not there, or not any more. */
const json_t *revisions_find(const struct revisions *r, const char *connector,
    int64_t revision);

/* ---- What to write. Memory from `a`. ---- */

/* What was there before comes first where the history does not know it. How
 * many records. */
size_t revisions_add(const struct revisions *r, struct ps_arena *a,
    const struct revision_change *c, struct store_pair out[REVISIONS_ADDED]);
/* The connector goes, and its history. */
size_t revisions_forget(const struct revisions *r, struct ps_arena *a,
    const char *connector, struct store_pair out[REVISIONS_KEPT]);

#endif
