/*
 * crash: the last words of a process that crashes.
 *
 * On a fatal signal two lines go to stderr, which the worker reads: in which
 * plugin call it was, and whether its memory was at the limit. Then the
 * signal does what it does.
 */
#ifndef PENSTOCK_CHILD_CRASH_H
#define PENSTOCK_CHILD_CRASH_H

struct gauges;

/* `g` is looked at when it happens. Without effect under a sanitizer, which
 * reports crashes itself. */
void crash_watch(struct gauges *g);

#endif
