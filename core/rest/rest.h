/*
 * rest: the worker's REST API, opened and closed as a whole.
 */
#ifndef PENSTOCK_REST_REST_H
#define PENSTOCK_REST_REST_H

#include <penstock/error.h>

struct server;
struct worker;

/* Answers from here on, whatever the worker's state. */
struct server *rest_open(struct worker *w, struct ps_error *err);

#endif
