/*
 * place: an object that is all there becomes visible under its key.
 *
 * By one PUT when it is small, else by completing its multipart upload, and
 * only if nothing is there. If something is: the very same bytes are done.
 * What was there before our task had the partition is a former task's, which
 * cut elsewhere, and is written over if it is still that. What came later is
 * of a task that had the partition after ours: then ours has nothing to say.
 */
#ifndef PENSTOCK_CONNECTORS_S3_PLACE_H
#define PENSTOCK_CONNECTORS_S3_PLACE_H

#include "object.h"

/* `done` or `failure` is set once the store has said so, or `settles`. */
void place_object(struct object *o);
/* What it settles is logged. */
void place_settle(struct object *o);

#endif
