/*
 * guard: every file of a catalog is loaded, whatever one of them does.
 *
 * The process forks, and the child goes on in its place: it loads them all.
 * When it ends in the middle, or hangs, the file it was at becomes an error
 * and the next child goes on without that. So a catalog without such a file
 * is loaded once, where probe.h would load each twice.
 */
#ifndef PENSTOCK_PLUGIN_GUARD_H
#define PENSTOCK_PLUGIN_GUARD_H

#include "plugin/catalog.h"

/* In the child, before it loads anything. -1: it may load nothing. */
typedef int guard_alone_fn(void *ctx, struct ps_error *err);
/* 0 in the child only; the caller has one thread, and waits from here on until
 * the child ends, to end as it did. -1, PS_E_RETRY: there can be no child, and
 * nothing is known of the files. */
int guard_load_all(struct catalog *c, guard_alone_fn *alone, void *ctx,
    struct ps_error *err);

#endif
