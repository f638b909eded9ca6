/*
 * term: SIGTERM asks for a stop.
 *
 * The worker sends it halfway through a stop, to a child that may not read
 * its channel; an operator may at any time. It cuts no stop short.
 */
#ifndef PENSTOCK_CHILD_TERM_H
#define PENSTOCK_CHILD_TERM_H

struct gauges;

void term_watch(struct gauges *g);

#endif
