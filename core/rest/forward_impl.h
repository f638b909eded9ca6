/*
 * forward_impl: what forward.c and internal.c share.
 */
#ifndef PENSTOCK_REST_FORWARD_IMPL_H
#define PENSTOCK_REST_FORWARD_IMPL_H

#include <uv.h>

#include <penstock/arena.h>

struct forward;
struct sending;

struct forwarder {
	struct worker *w;
	struct caller *caller;
	uv_timer_t again; /* runs while some wait */
	struct forward *waiting;
	struct sending *sent; /* task configs, on their way */
};

/* Workers' urls end in a slash, or not. */
const char *forward_url(struct ps_arena *a, const char *base, const char *path);

#endif
