#include "http/server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "http/incoming.h"
#include "http/listen.h"
#include "http/reply.h"
#include "http/spare.h"
#include "http/tls_server.h"
#include "http/visitors.h"

#define SWEEP_MS             500
#define RUNS_PER_TURN        16
#define NOTHING_DUE          UINT64_MAX
#define CONNECTION_BYTES     (16 * 1024)
#define EXCHANGE_ARENA_BYTES 2048
/* A chunked body this many times over the limit is cut off. */
#define PATIENCE 4
/* Connections that the library still has when they are cut. */
#define SPARE_CONNECTIONS 64
/* Bodies that are not complete, all together: so many of the largest. */
#define BODIES_AT_ONCE 4
#define HEAD_LIMIT_MS  10000

struct server {
	uv_loop_t *loop;
	uv_poll_t poll;
	uv_timer_t due, sweep;
	int handles;
	struct MHD_Daemon *daemon;
	const struct server_ops *ops;
	struct server_options opt;
	struct worker *worker;
	struct exchange *list;
	struct visitors visitors;
	struct spare spare;
	uint64_t accepted; /* connections */
	int fd, port;      /* fd: -1 once another server has it */
	enum tls_client client;
	bool local; /* only this machine can reach it */
	bool closing, running;
	bool draining; /* what comes begins nothing, answers are the last */
};

/* ---- one turn ---------------------------------------------------------- */

static void
turn(struct server *s)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;
	bool again = true;

	if (s->running || s->closing)
		return;
	s->running = true;
	for (int i = 0; i < RUNS_PER_TURN && again; i++) {
		spare_turn_away(&s->spare, s->fd);
		(void)MHD_run(s->daemon);
		ms = NOTHING_DUE;
		(void)MHD_get_timeout(s->daemon, &ms);
		again = ms == 0;
	}
	s->running = false;
	if (ms == NOTHING_DUE) {
		(void)uv_timer_stop(&s->due);
		return;
	}
	uv_timer_set_repeat(&s->due, ms == 0 ? 1 : ms);
	(void)uv_timer_again(&s->due);
}

static void
on_due(uv_timer_t *t)
{
	turn(t->data);
}

static void
on_ready(uv_poll_t *p, int status, int events)
{
	(void)status;
	(void)events;
	turn(p->data);
}

/* ---- answers ----------------------------------------------------------- */

void
server_answer(struct exchange *x, int status)
{
	assert(!x->answered);
	x->answered = true;
	x->status = status;
	x->server->ops->answered(x);
	if (!x->parked)
		return;
	x->parked = false;
	MHD_resume_connection(x->conn);
	/* The loop does the rest: a handler may still be on the stack. */
	(void)uv_timer_start(&x->server->due, on_due, 0, 1);
}

/* ---- limits ------------------------------------------------------------ */

static void
shut(struct exchange *x)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(x->conn, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (info != NULL)
		(void)shutdown(info->connect_fd, SHUT_RDWR);
}

/* The library that could not accept one, for want of a descriptor, listens to
 * nobody until a connection ends: its descriptor does not wake us either. */
static void
listen_again(struct server *s)
{
	uint64_t accepted = s->accepted;

	if (!spare_is_awaited(s->fd))
		return;
	turn(s);
	if (s->accepted == accepted && spare_is_awaited(s->fd))
		visitors_make_way(&s->visitors);
}

/* Parked too long: answered; uploading too long: cut. */
static void
on_sweep(uv_timer_t *t)
{
	struct server *s = t->data;
	struct clock_ms now = clock_now();

	visitors_sweep(&s->visitors, now);
	listen_again(s);
	if (s->list == NULL && s->visitors.count == 0)
		(void)uv_timer_stop(t);
	for (struct exchange *x = s->list, *next; x != NULL; x = next) {
		next = x->next;
		if (clock_since(x->began, now) < s->opt.request_timeout_ms)
			continue;
		if (x->parked)
			s->ops->expired(x);
		else if (!x->answered)
			shut(x);
	}
}

/* ---- who is on the line ------------------------------------------------ */

/* A client's certificate, where one is required. */
static bool
is_certified(const struct exchange *x)
{
	const struct server *s = x->server;
	const union MHD_ConnectionInfo *info;
	unsigned wrong = 0;

	if (s->client != TLS_CLIENT_REQUIRED)
		return true;
	info = MHD_get_connection_info(x->conn,
	    MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info != NULL &&
	       gnutls_certificate_verify_peers2(info->tls_session, &wrong) ==
		   0 &&
	       wrong == 0;
}

static void
handle(struct exchange *x)
{
	x->started = true;
	visitors_move(&x->server->visitors, x->visitor, VISITOR_BUSY);
	if (is_certified(x))
		x->server->ops->handle(x);
	else
		exchange_error(x, 403,
		    "A client certificate that this listener trusts is "
		    "required");
}

/* ---- requests ---------------------------------------------------------- */

static struct visitor *
visitor_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	assert(info != NULL && info->socket_context != NULL);
	return info->socket_context;
}

/* The descriptor, and whose it is. */
static struct visitor *
new_visitor(struct server *s, struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *fd, *from;

	fd = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	from =
	    MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	assert(fd != NULL && from != NULL);
	return visitors_add(&s->visitors, fd->connect_fd, from->client_addr);
}

static void
on_connection(void *ctx, struct MHD_Connection *conn, void **of,
    enum MHD_ConnectionNotificationCode what)
{
	struct server *s = ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		s->accepted++;
		*of = new_visitor(s, conn);
		if (!uv_is_active((uv_handle_t *)&s->sweep))
			(void)uv_timer_start(&s->sweep, on_sweep, SWEEP_MS,
			    SWEEP_MS);
	} else if (*of != NULL) {
		visitors_remove(&s->visitors, *of);
		*of = NULL;
	}
}

static struct exchange *
exchange_open(struct server *s, struct MHD_Connection *conn, const char *method,
    const char *path)
{
	struct ps_arena *a = arena_new(EXCHANGE_ARENA_BYTES);
	struct exchange *x = ps_calloc(a, 1, sizeof *x);

	x->a = a;
	x->server = s;
	x->conn = conn;
	x->visitor = visitor_of(conn);
	visitors_move(&s->visitors, x->visitor, VISITOR_SENDING);
	x->worker = s->worker;
	x->began = clock_now();
	x->guard = s->opt.guard;
	x->audit = s->opt.audit;
	x->forwarder = s->opt.forwarder;
	incoming_read(x, method, path, s->opt.body_max_bytes);
	x->next = s->list;
	if (s->list != NULL)
		s->list->prev = x;
	s->list = x;
	return x;
}

static void
exchange_close(struct exchange *x)
{
	struct server *s = x->server;
	struct ps_arena *a = x->a;

	s->ops->gone(x);
	visitors_move(&s->visitors, x->visitor, VISITOR_SILENT);
	if (x->prev != NULL)
		x->prev->next = x->next;
	else
		s->list = x->next;
	if (x->next != NULL)
		x->next->prev = x->prev;
	buf_fini(&x->body);
	buf_fini(&x->written);
	arena_free(&a);
}

static enum MHD_Result
take_body(struct exchange *x, const char *data, size_t *len)
{
	size_t got = *len;

	*len = 0;
	if (buf_append(&x->body, data, got) == 0) {
		visitors_hold(&x->server->visitors, x->visitor, got);
		return MHD_YES;
	}
	/* Read on without keeping it, or the client never sees our 413. */
	x->too_large = true;
	x->dropped += got;
	if (x->dropped > x->server->opt.body_max_bytes * PATIENCE)
		return MHD_NO;
	return MHD_YES;
}

static enum MHD_Result
answer_or_park(struct exchange *x)
{
	if (x->answered) {
		x->server->ops->sending(x);
		return reply_queue(x, x->server->opt.headers);
	}
	if (!x->parked) {
		x->parked = true;
		MHD_suspend_connection(x->conn);
	}
	return MHD_YES;
}

/* The shape is libmicrohttpd's. NOLINTBEGIN(readability-function-size) */
static enum MHD_Result
on_access(void *ctx, struct MHD_Connection *conn, const char *path,
    const char *method, const char *version, const char *data, size_t *len,
    void **state)
{
	struct server *s = ctx;
	struct exchange *x = *state;

	(void)version;
	if (x == NULL) {
		*state = x = exchange_open(s, conn, method, path);
		if (!x->too_large)
			return MHD_YES;
		/* No reading of what is known to be refused. */
		handle(x);
		return answer_or_park(x);
	}
	if (*len > 0)
		return take_body(x, data, len);
	if (!x->started)
		handle(x);
	return answer_or_park(x);
}

/* NOLINTEND(readability-function-size) */

static void
on_completed(void *ctx, struct MHD_Connection *conn, void **state,
    enum MHD_RequestTerminationCode why)
{
	(void)ctx;
	(void)conn;
	(void)why;
	if (*state != NULL)
		exchange_close(*state);
	*state = NULL;
}

static size_t
keep_escapes(void *ctx, struct MHD_Connection *conn, char *text)
{
	(void)ctx;
	(void)conn;
	return strlen(text); /* %2F in a name is not a separator */
}

/* ---- opening and closing ----------------------------------------------- */

static struct MHD_Daemon *
start_daemon(struct server *s, int fd)
{
	const struct server_options *o = &s->opt;
	struct MHD_OptionItem tls[TLS_SERVER_OPTIONS];
	unsigned flags = tls_server_options(o->tls, tls);

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
				    flags,
	    0, NULL, NULL, on_access, s, MHD_OPTION_ARRAY, tls, /* */
	    MHD_OPTION_LISTEN_SOCKET, fd,                       /* */
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,   /* */
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,    /* */
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,     /* */
	    MHD_OPTION_CONNECTION_LIMIT,
	    o->connections_max + SPARE_CONNECTIONS, /* */
	    MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)(o->idle_timeout_ms / 1000), /* */
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
	    MHD_OPTION_END);
}

static void
start_handles(struct server *s)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	assert(info != NULL);
	s->handles = 3;
	s->poll.data = s->due.data = s->sweep.data = s;
	(void)uv_poll_init(s->loop, &s->poll, info->epoll_fd);
	(void)uv_timer_init(s->loop, &s->due);
	(void)uv_timer_start(&s->due, on_due, 0, 1);
	(void)uv_timer_init(s->loop, &s->sweep);
	(void)uv_poll_start(&s->poll, UV_READABLE, on_ready);
}

/* The socket is the server's from here on, also when it fails. */
static struct server *
open_on(int fd, uv_loop_t *loop, const struct server_options *o,
    const struct server_ops *ops, struct worker *w, struct ps_error *err)
{
	struct server *s = xcalloc(1, sizeof *s);

	s->loop = loop;
	s->opt = *o;
	s->ops = ops;
	s->worker = w;
	s->fd = fd;
	s->port = listen_port(fd);
	s->local = listen_is_local(fd);
	s->visitors = (struct visitors){ .total_max = o->connections_max,
		.per_address_max = o->per_address_max,
		.held_max = o->body_max_bytes * BODIES_AT_ONCE,
		.head_limit_ms = HEAD_LIMIT_MS,
		.plain = o->tls == NULL };
	s->client = o->tls == NULL ? TLS_CLIENT_NONE : o->tls->client;
	s->daemon = start_daemon(s, fd);
	s->opt.tls = NULL; /* borrowed until here */
	if (s->daemon == NULL) {
		(void)ps_fail(err, PS_E_CONFIG, "cannot serve %s on port %d%s",
		    o->tls == NULL ? "http" : "https", s->port,
		    o->tls == NULL ? ""
				   : ": are the private key and the "
				     "certificate each other's?");
		(void)close(fd);
		free(s);
		return NULL;
	}
	s->spare.plain = s->visitors.plain;
	spare_init(&s->spare);
	start_handles(s);
	return s;
}

struct server *
server_open(uv_loop_t *loop, const struct server_options *o,
    const struct server_ops *ops, struct worker *w, struct ps_error *err)
{
	int fd = listen_open(o->listener, err);

	return fd < 0 ? NULL : open_on(fd, loop, o, ops, w, err);
}

static void
accept_no_more(struct server *s)
{
	if (s->fd < 0)
		return;
	if (MHD_quiesce_daemon(s->daemon) == s->fd)
		(void)close(s->fd);
	s->fd = -1;
}

struct server *
server_follow(struct server *s, const struct tls_pem *tls, struct ps_error *err)
{
	struct server_options o = s->opt;
	struct server *next;
	int fd;

	assert(s->fd >= 0);
	fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0) {
		(void)ps_fail(err, PS_E_RETRY, "%s", strerror(errno));
		return NULL;
	}
	o.tls = tls;
	next = open_on(fd, s->loop, &o, s->ops, s->worker, err);
	if (next == NULL)
		return NULL;
	accept_no_more(s);
	return next;
}

void
server_drain(struct server *s)
{
	s->draining = true;
	accept_no_more(s);
}

bool
server_is_draining(const struct server *s)
{
	return s->draining;
}

bool
server_is_busy(const struct server *s)
{
	const struct exchange *x = s->list;

	while (x != NULL && !x->started)
		x = x->next;
	return x != NULL;
}

bool
server_is_idle(const struct server *s)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info == NULL || info->num_connections == 0;
}

bool
server_is_local(const struct server *s)
{
	return s->local;
}

int
server_port(const struct server *s)
{
	return s->port;
}

unsigned
server_serves(const struct server *s)
{
	return s->opt.listener->serves;
}

static void
on_handle_closed(uv_handle_t *h)
{
	struct server *s = h->data;

	if (--s->handles > 0)
		return;
	spare_fini(&s->spare);
	free(s);
}

static void
cut_off(struct exchange *x)
{
	exchange_error(x, 503, "Worker is shutting down%s",
	    strcmp(x->method, "GET") == 0
		? ""
		: ". Whether it does what was asked for is not known: look "
		  "before you ask again");
}

void
server_close(struct server **sp)
{
	struct server *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	s->draining = true;
	for (struct exchange *x = s->list; x != NULL; x = x->next)
		if (x->parked)
			cut_off(x);
	(void)MHD_run(s->daemon);
	s->closing = true;
	uv_close((uv_handle_t *)&s->poll, on_handle_closed);
	uv_close((uv_handle_t *)&s->due, on_handle_closed);
	uv_close((uv_handle_t *)&s->sweep, on_handle_closed);
	MHD_stop_daemon(s->daemon);
}
