#include "supervise/errand.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "supervise/inventory.h"
#include "supervise/timer.h"

#define AREA        "errand"
#define ARENA_BYTES 1024

struct errand {
	const struct errand_env *env;
	struct gate_ticket ticket;
	uv_timer_t timer;
	struct child *child;
	enum msg_role role;
	char *connector;
	json_t *config;

	char *op;
	json_t *args;
	int64_t id, limit_ms;
	errand_fn *fn; /* NULL: nothing is asked */
	void *ctx;
	errand_cause_fn *on_cause; /* NULL: nobody asks */
	void *on_cause_ctx;
	const struct errand_watch *watch; /* NULL: nobody counts */
	void *watch_ctx;
	struct ps_error failed; /* what the child said at its end */
	bool dead, freed, timer_closed;
};

/* ---- the end ----------------------------------------------------------- */

static void
release(struct errand *e)
{
	if (!e->freed || e->child != NULL || !e->timer_closed)
		return;
	json_decref(e->config);
	json_decref(e->args);
	free(e->connector);
	free(e->op);
	free(e);
}

static void
on_timer_closed(uv_handle_t *h)
{
	struct errand *e = h->data;

	e->timer_closed = true;
	release(e);
}

static void
answer(struct errand *e, const json_t *result, const struct ps_error *err)
{
	errand_fn *fn = e->fn;

	e->fn = NULL;
	(void)uv_timer_stop(&e->timer);
	gate_leave(e->env->gate, &e->ticket);
	if (fn != NULL)
		fn(e->ctx, result, err);
}

/* ---- what the child says ----------------------------------------------- */

enum ps_code
errand_code(const char *name)
{
	if (name != NULL && strcmp(name, "CONFIG") == 0)
		return PS_E_CONFIG;
	if (name != NULL && strcmp(name, "DATA") == 0)
		return PS_E_DATA;
	if (name != NULL && strcmp(name, "RETRY") == 0)
		return PS_E_RETRY;
	return PS_E_FATAL;
}

static void
on_message(void *ctx, const struct msg *m)
{
	struct errand *e = ctx;
	struct ps_error err = { 0 };

	if (m->type == MSG_TYPE_FAILED) {
		(void)ps_fail(&e->failed, errand_code(m->failed.code), "%s",
		    m->failed.text);
		return;
	}
	if (m->type == MSG_TYPE_STATUS && e->on_cause != NULL && !e->freed)
		e->on_cause(e->on_cause_ctx, m->status.cause);
	if (m->type != MSG_TYPE_REPLY || m->reply.id != e->id || e->freed)
		return;
	if (m->reply.error != NULL)
		(void)ps_fail(&err, errand_code(m->reply.code), "%s",
		    m->reply.error);
	else if (m->reply.result == NULL)
		(void)ps_fail(&err, PS_E_FATAL, "%s: reply without a result",
		    e->op);
	answer(e, err.code == PS_OK ? m->reply.result : NULL, &err);
}

static void
on_ended(void *ctx, const struct child_end *end)
{
	struct errand *e = ctx;
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct ps_error err = e->failed;

	e->child = NULL;
	e->dead = true;
	if (e->watch != NULL)
		e->watch->process(e->watch_ctx, false);
	if (err.code == PS_OK)
		(void)ps_fail(&err, PS_E_RETRY,
		    "the connector's process could not answer %s: %s%s%s",
		    e->op == NULL ? "" : e->op, child_end_text(a, end, 0),
		    end->words[0] == '\0' ? "" : "\n", end->words);
	arena_free(&a);
	if (e->freed)
		release(e);
	else
		answer(e, NULL, &err);
}

static void
on_timeout(uv_timer_t *t)
{
	struct errand *e = t->data;
	struct ps_error err = { 0 };

	(void)ps_fail(&err, PS_E_RETRY,
	    "the connector's process did not answer %s in time", e->op);
	if (e->child != NULL)
		child_kill(e->child, "did not answer in time");
	answer(e, NULL, &err);
}

/* ---- asking ------------------------------------------------------------ */

static void
begin_limit(struct errand *e)
{
	if (e->limit_ms > 0)
		timer_in(&e->timer, on_timeout, e->limit_ms);
}

static void
send_config(struct errand *e)
{
	const struct options *o = e->env->options;
	const struct inventory *i = e->env->inventory;
	bool knows = e->role == MSG_CONNECTOR && i != NULL;
	struct msg m = { .type = MSG_TYPE_CONFIG,
		.config = { .connector = e->connector,
		    .task = -1,
		    .config = e->config,
		    .worker = o->worker,
		    .plugins = o->plugins,
		    .known = knows ? inventory_names(i) : NULL,
		    .standalone = o->kind == WORKER_STANDALONE } };

	child_send(e->child, &m);
}

static void
send_lease(struct errand *e)
{
	struct msg m = { .type = MSG_TYPE_LEASE };

	if (e->role == MSG_CONNECTOR)
		child_send(e->child, &m);
}

static void
send_request(struct errand *e)
{
	struct msg m = { .type = MSG_TYPE_REQUEST,
		.request = { .id = ++e->id, .op = e->op, .args = e->args } };

	child_send(e->child, &m);
}

static void
on_enter(void *ctx)
{
	struct errand *e = ctx;
	static const struct child_ops ops = { on_message, on_ended, NULL };
	struct child_spec spec = { e->role, e->connector, -1, e->env->program,
		e->env->keep_fd, NULL, 0 };
	struct ps_error err = { 0 };

	if (e->watch != NULL && !e->watch->may_start(e->watch_ctx))
		(void)ps_fail(&err, PS_E_RETRY,
		    "the worker may start no process now");
	else
		e->child = child_start(e->env->loop, &spec, &ops, e, &err);
	if (e->child == NULL) {
		answer(e, NULL, &err);
		return;
	}
	if (e->watch != NULL) {
		e->watch->process(e->watch_ctx, true);
		begin_limit(e);
	}
	send_lease(e);
	send_config(e);
	send_request(e);
}

void
errand_ask(struct errand *e, const char *op, json_t *args, int64_t limit_ms,
    errand_fn *fn, void *ctx)
{
	assert(e->fn == NULL);
	free(e->op);
	json_decref(e->args);
	e->op = xstrdup(op);
	e->args = args == NULL ? json_object() : args;
	e->fn = fn;
	e->ctx = ctx;
	e->limit_ms = limit_ms;
	if (e->watch == NULL || e->child != NULL)
		begin_limit(e);
	if (e->child != NULL) {
		send_request(e);
		return;
	}
	e->failed.code = PS_OK;
	e->dead = false;
	gate_wait(e->env->gate, &e->ticket);
}

/* ---- life -------------------------------------------------------------- */

struct errand *
errand_new(const struct errand_env *env, const struct errand_spec *spec)
{
	struct errand *e = xcalloc(1, sizeof *e);

	e->env = env;
	e->role = spec->role;
	if (spec->connector != NULL)
		e->connector = xstrdup(spec->connector);
	if (spec->config != NULL)
		e->config = js_from_config(spec->config);
	e->ticket.enter = on_enter;
	e->ticket.ctx = e;
	e->timer.data = e;
	(void)uv_timer_init(env->loop, &e->timer);
	return e;
}

void
errand_on_cause(struct errand *e, errand_cause_fn *fn, void *ctx)
{
	e->on_cause = fn;
	e->on_cause_ctx = ctx;
}

void
errand_on_process(struct errand *e, const struct errand_watch *watch, void *ctx)
{
	e->watch = watch;
	e->watch_ctx = ctx;
}

void
errand_kill(struct errand **ep)
{
	if (*ep != NULL && (*ep)->child != NULL)
		child_kill((*ep)->child, "not needed any more");
	errand_free(ep);
}

void
errand_free(struct errand **ep)
{
	struct errand *e = *ep;

	if (e == NULL)
		return;
	*ep = NULL;
	e->freed = true;
	e->fn = NULL;
	gate_leave(e->env->gate, &e->ticket);
	if (e->child != NULL && e->role == MSG_CONNECTOR)
		child_stop(e->child, ERRAND_STOP_MS);
	else if (e->child != NULL)
		child_kill(e->child, "not needed any more");
	uv_close((uv_handle_t *)&e->timer, on_timer_closed);
}
