/*
 * rest: the worker's REST API, opened and closed as a whole.
 */
#ifndef PENSTOCK_REST_REST_H
#define PENSTOCK_REST_REST_H

#include <penstock/error.h>

struct rest;
struct worker;

/* Answers from here on, on every listener, whatever the worker's state. */
struct rest *rest_open(struct worker *w, struct ps_error *err);
/* The worker has started: it is part of its cluster by this way. */
void rest_join(struct rest *r);
/* Of the first listener. */
int rest_port(const struct rest *r);
/* Accepts no more; `drained` is called, once, when what is on its way is
 * answered, or some seconds later. */
void rest_quiesce(struct rest *r, void (*drained)(void *ctx), void *ctx);
/* After rest_quiesce, before `drained`: it is called now. */
void rest_hurry(struct rest *r);
/* What is still on its way is told so. Accepts NULL inside. */
void rest_close(struct rest **rp);

#endif
