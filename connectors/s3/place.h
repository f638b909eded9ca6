/*
 * place: an object that is all there becomes visible under its key.
 *
 * By one PUT when it is small, else by completing its multipart upload; what
 * the store answers is judged here.
 */
#ifndef PENSTOCK_CONNECTORS_S3_PLACE_H
#define PENSTOCK_CONNECTORS_S3_PLACE_H

#include "object.h"

/* `done` or `failure` is set once the store has said so. */
void place_object(struct object *o);

#endif
