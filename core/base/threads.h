/*
 * threads: may there be so many more?
 *
 * A library that is refused a thread may go on as something of no use, or end
 * the process. Whoever lets one make threads asks here first.
 */
#ifndef PENSTOCK_BASE_THREADS_H
#define PENSTOCK_BASE_THREADS_H

#include <stddef.h>

#include <penstock/error.h>

#define THREADS_MAX 1024

/* That many were there at once and are gone. -1: PS_E_RETRY, and why not.
 * What others start meanwhile is not foreseen. */
int threads_room(size_t count, struct ps_error *err);

#endif
