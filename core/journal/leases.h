/*
 * leases: the lease topic, read from its end and written, by a client of its
 * own: nothing that is done to the other topics delays a heartbeat.
 */
#ifndef PENSTOCK_JOURNAL_LEASES_H
#define PENSTOCK_JOURNAL_LEASES_H

#include <uv.h>

#include "options/options.h"
#include "store/wire.h"

struct leases;

struct leases_ops {
	/* All that is written from now on will be read. */
	void (*listens)(void *ctx);
	/* As read; borrowed. What cannot be read is logged and skipped. */
	void (*record)(void *ctx, const struct wire_lease *r, int64_t offset);
	/* The client can do no more. */
	void (*broken)(void *ctx, const struct ps_error *err);
};

struct leases *leases_open(uv_loop_t *loop, const struct options *o,
    const struct leases_ops *ops, void *ctx, struct ps_error *err);
/* The topic exists. */
int leases_listen(struct leases *l, struct ps_error *err);
/* Waits at most limit_ms for what is on its way. */
void leases_close(struct leases **lp, int limit_ms);
/* What cannot be written is lost, as on its way. */
void leases_beat(struct leases *l, const struct beat *b);
void leases_verdict(struct leases *l, const struct who *who);
/* The last outage, "" when it works. */
const char *leases_trouble(const struct leases *l);

#endif
