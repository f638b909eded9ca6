/*
 * server: HTTP on the worker's loop.
 *
 * libmicrohttpd without threads: its epoll descriptor is one uv_poll, its
 * time-outs one uv_timer. A parked exchange is a suspended connection. Bodies,
 * connections and waits are bounded.
 */
#ifndef PENSTOCK_REST_SERVER_H
#define PENSTOCK_REST_SERVER_H

#include <uv.h>

#include "rest/exchange.h"
#include "worker/options.h"

struct server_options {
	const struct listener *listener; /* kept */
	size_t body_max_bytes;
	unsigned connections_max, per_address_max;
	int64_t idle_timeout_ms;
	int64_t request_timeout_ms;
};

struct server_ops {
	/* A request is complete. */
	void (*handle)(struct exchange *x);
	/* A parked exchange is past its time: answer it now. */
	void (*expired)(struct exchange *x);
	/* The exchange ends; forget `pending`. */
	void (*gone)(struct exchange *x);
};

struct server *server_open(uv_loop_t *loop, const struct server_options *o,
    const struct server_ops *ops, struct worker *w, struct ps_error *err);
int server_port(const struct server *s);
/* enum listener_serves */
unsigned server_serves(const struct server *s);
/* Answers what is parked with 503 and closes; memory ends on the loop. */
void server_close(struct server **sp);
/* The exchange's answer stands: send it. For exchange.c. */
void server_answer(struct exchange *x, int status);

#endif
