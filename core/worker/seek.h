/*
 * seek: the place that somebody wants a connector to go on from.
 *
 * {"timestamp"}, {"offset"}, {"to": "beginning" or "end"}, or {"offsets": as
 * REST has them}. Pure.
 */
#ifndef PENSTOCK_WORKER_SEEK_H
#define PENSTOCK_WORKER_SEEK_H

#include <stdint.h>

#include <jansson.h>

#include <penstock/error.h>

enum seek_to {
	SEEK_TO_TIME,
	SEEK_TO_OFFSET,
	SEEK_TO_BEGINNING,
	SEEK_TO_END,
	SEEK_TO_GIVEN,
};

struct seek_wish {
	enum seek_to to;
	int64_t number; /* TIMESTAMP: ms; OFFSET */
};

/* PS_E_CONFIG says what is wrong. */
int seek_parse(const json_t *doc, struct seek_wish *out, struct ps_error *err);

/* A partition of a topic; -1: none. */
struct seek_place {
	int64_t low, high; /* what there is */
	int64_t at;        /* the first record of that time or a later one */
};

/* Where to go on in a partition: the end when no record is that young. */
int64_t seek_target(const struct seek_wish *w, const struct seek_place *p);
/* A source's offset, moved: null or a new reference; NULL: it has nothing
 * that says so, as a timestamp of Connect's JDBC sources does. */
json_t *seek_moved(const struct seek_wish *w, const json_t *offset);

#endif
