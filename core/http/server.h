/*
 * server: HTTP on the worker's loop.
 *
 * libmicrohttpd without threads: its epoll descriptor is one uv_poll, its
 * time-outs one uv_timer. A parked exchange is a suspended connection. Bodies,
 * connections and waits are bounded.
 */
#ifndef PENSTOCK_HTTP_SERVER_H
#define PENSTOCK_HTTP_SERVER_H

#include <uv.h>

#include "http/exchange.h"
#include "http/headers.h"
#include "options/options.h"

struct tls_pem;

struct server_options {
	const struct listener *listener; /* kept */
	size_t body_max_bytes;
	unsigned connections_max, per_address_max;
	int64_t idle_timeout_ms;
	int64_t request_timeout_ms;
	struct guard *guard; /* borrowed by each exchange, like … */
	struct audit *audit;
	struct forwarder *forwarder;   /* of its exchanges; NULL: none */
	const struct headers *headers; /* NULL: none */
	const struct tls_pem *tls;     /* NULL: plain; read while it opens */
};

struct server_ops {
	/* A request is complete. */
	void (*handle)(struct exchange *x);
	/* A parked exchange is past its time: answer it now. */
	void (*expired)(struct exchange *x);
	/* Its answer stands. */
	void (*answered)(struct exchange *x);
	/* The first byte of it goes out when this returns. */
	void (*sending)(struct exchange *x);
	/* The exchange ends; forget `pending`. */
	void (*gone)(struct exchange *x);
};

struct server *server_open(uv_loop_t *loop, const struct server_options *o,
    const struct server_ops *ops, struct worker *w, struct ps_error *err);
/* Another server on the same socket, with other certificates: the old one
 * accepts no more, and is to be closed when it is idle. On failure nothing
 * has changed. */
struct server *server_follow(struct server *s, const struct tls_pem *tls,
    struct ps_error *err);
bool server_is_idle(const struct server *s); /* no connection is open */
int server_port(const struct server *s);
/* Does it listen on the loopback interface alone? */
bool server_is_local(const struct server *s);
/* enum listener_serves */
unsigned server_serves(const struct server *s);
/* It accepts no more connections, and ends each with the answer that is on its
 * way. What else comes on one is to begin nothing. */
void server_drain(struct server *s);
bool server_is_draining(const struct server *s);
/* Has a complete request no answer yet, or one that is not sent? */
bool server_is_busy(const struct server *s);
/* Answers what is parked with 503 and closes; memory ends on the loop. */
void server_close(struct server **sp);
/* The exchange's answer stands: send it. For exchange.c. */
void server_answer(struct exchange *x, int status);

#endif
