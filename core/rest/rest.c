#include "rest/rest.h"

#include <stdlib.h>

#include "access/audit.h"
#include "access/guard.h"
#include "access/users.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "http/server.h"
#include "http/tls.h"
#include "rest/forward.h"
#include "rest/internal.h"
#include "rest/route.h"
#include "worker/worker.h"

#define AREA               "rest"
#define IDLE_TIMEOUT_MS    90000
#define REQUEST_TIMEOUT_MS 90000
#define PER_ADDRESS_MAX    64
#define LOOK_MS            1000
#define DRAIN_MS           5000
#define DRAIN_LOOK_MS      20
/* Servers of earlier certificates whose connections are still open. */
#define RETIRED_MAX 4

/* One listener: its server, and those that its certificates replaced. */
struct door {
	struct server *server;
	struct server *retired[RETIRED_MAX]; /* oldest first */
	struct tls *tls;                     /* NULL: plain */
};

struct rest {
	struct worker *worker;
	struct guard *guard;
	struct audit *audit;
	struct forwarder *forwarder; /* NULL: a standalone worker's */
	struct headers *headers;
	uv_timer_t look, drain;
	struct clock_ms draining; /* since then */
	void (*drained)(void *ctx);
	void *drained_ctx;
	int handles;
	size_t count;
	struct door doors[];
};

static void
on_expired(struct exchange *x)
{
	struct wall_ms since;
	const char *stage = worker_stage(x->worker, &since);

	exchange_forget(x);
	exchange_error(x, 500,
	    "Request timed out. The worker is currently %s, which began at %s",
	    stage, wall_iso(x->a, since));
}

static void
on_gone(struct exchange *x)
{
	exchange_forget(x);
	audit_end(x); /* who asked may be gone, what was asked goes on */
	audit_sync(x->audit);
}

/* Also a line of the access log. */
static void
on_answered(struct exchange *x)
{
	log_debug(AREA, "%s %s \"%s %s\" %d %zu bytes %lld ms",
	    x->from == NULL ? "-" : x->from,
	    x->who == NULL ? "-" : x->who->name, x->method, x->path, x->status,
	    x->answer_len, (long long)clock_since(x->began, clock_now()));
	audit_end(x);
}

/* Once for all that were answered in this turn of the loop. */
static void
on_sending(struct exchange *x)
{
	audit_sync(x->audit);
}

static const struct server_ops ops = {
	.handle = route_handle,
	.expired = on_expired,
	.answered = on_answered,
	.sending = on_sending,
	.gone = on_gone,
};

/* ---- certificates ------------------------------------------------------ */

static void
sweep_retired(struct door *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < RETIRED_MAX; i++) {
		struct server *s = d->retired[i];

		d->retired[i] = NULL;
		if (s != NULL && server_is_idle(s))
			server_close(&s);
		else if (s != NULL)
			d->retired[kept++] = s;
	}
}

static void
retire(struct door *d, struct server *s)
{
	sweep_retired(d);
	if (d->retired[RETIRED_MAX - 1] != NULL) {
		server_close(&d->retired[0]);
		sweep_retired(d);
	}
	for (size_t i = 0; i < RETIRED_MAX; i++)
		if (d->retired[i] == NULL) {
			d->retired[i] = s;
			return;
		}
}

/* New connections get what the files say now. */
static void
renew(struct door *d)
{
	struct ps_error err = { 0 };
	struct server *next = server_follow(d->server, tls_pem(d->tls), &err);

	if (next == NULL) {
		log_error(AREA,
		    "%s; the certificate that was read before stays in use",
		    err.text);
		return;
	}
	log_info(AREA, "port %d serves a new certificate", server_port(next));
	retire(d, d->server);
	d->server = next;
}

static void
on_look(uv_timer_t *t)
{
	struct rest *r = t->data;
	bool stale = false, any = false;

	for (size_t i = 0; i < r->count; i++) {
		struct door *d = &r->doors[i];

		if (d->tls == NULL)
			continue;
		if (tls_changed(d->tls, &stale))
			renew(d);
		any = any || stale;
		sweep_retired(d);
	}
	metric_set(worker_metrics(r->worker), METRIC_GAUGE,
	    "penstock_rest_certificates_stale", "", any ? 1 : 0);
}

/* ---- opening ----------------------------------------------------------- */

static int
open_door(struct rest *r, struct door *d, const struct listener *l,
    struct ps_error *err)
{
	const struct options *o = worker_options(r->worker);
	struct server_options so = {
		.listener = l,
		.body_max_bytes = (size_t)options_int(o, "rest.body.max.bytes"),
		.connections_max =
		    (unsigned)options_int(o, "rest.connections.max"),
		.per_address_max = PER_ADDRESS_MAX,
		.idle_timeout_ms = IDLE_TIMEOUT_MS,
		.request_timeout_ms = REQUEST_TIMEOUT_MS,
		.guard = r->guard,
		.audit = r->audit,
		.forwarder = r->forwarder,
		.headers = r->headers,
	};
	if (l->tls) {
		d->tls = tls_new(o, l, err);
		if (d->tls == NULL)
			return -1;
		so.tls = tls_pem(d->tls);
		if (r->forwarder != NULL && (l->serves & SERVES_API) != 0)
			forwarder_use_tls(r->forwarder, d->tls);
	}
	d->server =
	    server_open(worker_loop(r->worker), &so, &ops, r->worker, err);
	return d->server == NULL ? -1 : 0;
}

static int
open_doors(struct rest *r, struct ps_error *err)
{
	const struct options *o = worker_options(r->worker);
	bool any = false;

	for (; r->count < o->listener_count; r->count++) {
		struct door *d = &r->doors[r->count];

		if (open_door(r, d, &o->listeners[r->count], err) != 0) {
			tls_free(&d->tls);
			return -1;
		}
		any = any || d->tls != NULL;
	}
	if (any) {
		(void)uv_timer_start(&r->look, on_look, LOOK_MS, LOOK_MS);
		uv_unref((uv_handle_t *)&r->look);
	}
	return 0;
}

/* Whoever reaches it may do everything: that is to be seen. */
static void
warn_open(const struct rest *r)
{
	bool wide = false;

	for (size_t i = 0; i < r->count; i++) {
		const struct server *s = r->doors[i].server;

		if (!guard_is_open(r->guard) || server_is_local(s))
			continue;
		wide = true;
		log_warn(AREA,
		    "port %d can be reached from other machines and asks "
		    "nobody for a name: whoever reaches it may do everything. "
		    "Set rest.auth.users.file or rest.auth.jwt.keys.file, or "
		    "listen on 127.0.0.1",
		    server_port(s));
	}
	metric_set(worker_metrics(r->worker), METRIC_GAUGE,
	    "penstock_rest_open_to_all", "", wide ? 1 : 0);
}

struct rest *
rest_open(struct worker *w, struct ps_error *err)
{
	const struct options *o = worker_options(w);
	struct rest *r =
	    xcalloc(1, sizeof *r + o->listener_count * sizeof *r->doors);

	r->worker = w;
	r->handles = 2;
	r->look.data = r->drain.data = r;
	(void)uv_timer_init(worker_loop(w), &r->look);
	(void)uv_timer_init(worker_loop(w), &r->drain);
	if (o->kind == WORKER_DISTRIBUTED)
		r->forwarder = forwarder_new(w);
	r->guard = guard_new(o, err);
	r->audit = r->guard == NULL ? NULL : audit_new(o, err);
	r->headers = r->audit == NULL ? NULL : headers_new(&o->all, err);
	if (r->headers == NULL || open_doors(r, err) != 0) {
		rest_close(&r);
		return NULL;
	}
	warn_open(r);
	return r;
}

void
rest_join(struct rest *r)
{
	if (r->forwarder != NULL)
		internal_join(r->forwarder);
}

int
rest_port(const struct rest *r)
{
	return server_port(r->doors[0].server);
}

/* ---- draining ---------------------------------------------------------- */

static void
drain_door(const struct door *d)
{
	for (size_t i = 0; i < RETIRED_MAX; i++)
		if (d->retired[i] != NULL)
			server_drain(d->retired[i]);
	server_drain(d->server);
}

static bool
is_busy(const struct rest *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct door *d = &r->doors[i];

		if (server_is_busy(d->server))
			return true;
		for (size_t n = 0; n < RETIRED_MAX; n++)
			if (d->retired[n] != NULL &&
			    server_is_busy(d->retired[n]))
				return true;
	}
	return false;
}

static void
on_drain(uv_timer_t *t)
{
	struct rest *r = t->data;

	if (!is_busy(r) || clock_since(r->draining, clock_now()) >= DRAIN_MS)
		rest_hurry(r);
}

void
rest_quiesce(struct rest *r, void (*drained)(void *ctx), void *ctx)
{
	for (size_t i = 0; i < r->count; i++)
		drain_door(&r->doors[i]);
	(void)uv_timer_stop(&r->look); /* or one would accept anew */
	r->draining = clock_now();
	r->drained = drained;
	r->drained_ctx = ctx;
	(void)uv_timer_start(&r->drain, on_drain, 0, DRAIN_LOOK_MS);
}

void
rest_hurry(struct rest *r)
{
	(void)uv_timer_stop(&r->drain);
	r->drained(r->drained_ctx);
}

/* ---- closing ----------------------------------------------------------- */

static void
close_door(struct door *d)
{
	for (size_t i = 0; i < RETIRED_MAX; i++)
		server_close(&d->retired[i]);
	server_close(&d->server);
	tls_free(&d->tls);
}

static void
finish(struct rest *r)
{
	guard_free(&r->guard);
	audit_free(&r->audit);
	headers_free(&r->headers);
	free(r);
}

static void
on_handle_closed(uv_handle_t *h)
{
	struct rest *r = h->data;

	if (--r->handles == 0)
		finish(r);
}

void
rest_close(struct rest **rp)
{
	struct rest *r = *rp;

	*rp = NULL;
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		close_door(&r->doors[i]);
	if (r->forwarder != NULL) {
		internal_leave(r->forwarder);
		forwarder_free(&r->forwarder);
	}
	uv_close((uv_handle_t *)&r->look, on_handle_closed);
	uv_close((uv_handle_t *)&r->drain, on_handle_closed);
}
