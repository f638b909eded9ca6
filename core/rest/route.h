/*
 * route: which function answers which method and path.
 *
 * One table. A path segment `{}` is a parameter, percent-decoded. HEAD is
 * GET, OPTIONS lists the methods; what no row answers is 404 or 405 in
 * Connect's words.
 */
#ifndef PENSTOCK_REST_ROUTE_H
#define PENSTOCK_REST_ROUTE_H

#include "http/exchange.h"

/* Answers the exchange or keeps it for later. */
void route_handle(struct exchange *x);

#endif
