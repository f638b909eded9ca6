/*
 * change: what is answered when a configuration was written.
 */
#ifndef PENSTOCK_REST_CHANGE_H
#define PENSTOCK_REST_CHANGE_H

#include "http/exchange.h"
#include "worker/requests.h"

/* 200 or 201 with the connector that the path names, as it is now. */
void change_written(struct exchange *x, const struct answer *answer);

#endif
