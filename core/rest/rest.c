#include "rest/rest.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "rest/ask.h"
#include "rest/route.h"
#include "rest/server.h"
#include "worker/worker.h"

#define IDLE_TIMEOUT_MS    90000
#define REQUEST_TIMEOUT_MS 90000
#define PER_ADDRESS_MAX    64

static void
on_expired(struct exchange *x)
{
	struct wall_ms since;
	const char *stage = worker_stage(x->worker, &since);

	ask_forget(x);
	exchange_error(x, 500,
	    "Request timed out. The worker is currently %s, which began at %s",
	    stage, wall_iso(x->a, since));
}

static const struct server_ops ops = {
	.handle = route_handle,
	.expired = on_expired,
	.gone = ask_forget,
};

struct rest {
	size_t count;
	struct server *servers[];
};

static struct server *
open_one(struct worker *w, const struct listener *l, struct ps_error *err)
{
	const struct options *o = worker_options(w);
	struct server_options so = {
		.listener = l,
		.body_max_bytes = (size_t)options_int(o, "rest.body.max.bytes"),
		.connections_max =
		    (unsigned)options_int(o, "rest.connections.max"),
		.per_address_max = PER_ADDRESS_MAX,
		.idle_timeout_ms = IDLE_TIMEOUT_MS,
		.request_timeout_ms = REQUEST_TIMEOUT_MS,
	};

	return server_open(worker_loop(w), &so, &ops, w, err);
}

struct rest *
rest_open(struct worker *w, struct ps_error *err)
{
	const struct options *o = worker_options(w);
	struct rest *r =
	    xcalloc(1, sizeof *r + o->listener_count * sizeof *r->servers);

	for (size_t i = 0; i < o->listener_count; i++) {
		r->servers[i] = open_one(w, &o->listeners[i], err);
		if (r->servers[i] == NULL) {
			rest_close(&r);
			return NULL;
		}
		r->count++;
	}
	return r;
}

int
rest_port(const struct rest *r)
{
	return server_port(r->servers[0]);
}

void
rest_close(struct rest **rp)
{
	struct rest *r = *rp;

	*rp = NULL;
	for (size_t i = 0; r != NULL && i < r->count; i++)
		server_close(&r->servers[i]);
	free(r);
}
