#include "rest/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/caller.h"
#include "http/sign.h"
#include "reconcile/cluster.h"
#include "reconcile/fencing.h"
#include "reconcile/quota.h"
#include "rest/forward_impl.h"
#include "rest/handlers.h"
#include "worker/worker.h"

#define LIMIT_MS    90000
#define ARENA_BYTES 4096
#define LOOK_MS     50

/* ---- task configs, sent ------------------------------------------------ */

struct sending {
	struct sending *next, **link;
	struct call *call;
	journal_done_fn *fn;
	void *ctx;
};

static void
end_sending(struct sending *s)
{
	*s->link = s->next;
	if (s->next != NULL)
		s->next->link = s->link;
	free(s);
}

static void
add_sending(struct forwarder *f, struct sending *s)
{
	s->next = f->sent;
	s->link = &f->sent;
	if (s->next != NULL)
		s->next->link = &s->next;
	f->sent = s;
}

static void
on_answer(void *ctx, const struct call_answer *a)
{
	struct sending *s = ctx;
	journal_done_fn *fn = s->fn;
	void *fn_ctx = s->ctx;
	struct ps_error err = { 0 };

	if (a->status == 0)
		(void)ps_fail(&err, PS_E_RETRY,
		    "the leader could not be asked: %s", a->trouble);
	else if (a->status != 204)
		(void)ps_fail(&err, PS_E_RETRY,
		    "the leader refused the task configs: %d %.300s", a->status,
		    a->body);
	end_sending(s);
	fn(fn_ctx, err.code == PS_OK ? NULL : &err);
}

static char *
tasks_text(struct ps_arena *a, const struct ps_config *tasks, size_t count)
{
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, js_from_config(&tasks[i]));
	text = js_dump(a, list);
	json_decref(list);
	return text;
}

static int
post(struct forwarder *f, struct ps_arena *a, const char *connector,
    const char *body, struct sending *s, struct ps_error *err)
{
	static const char algorithm[] = SIGN_ALGORITHM ": HmacSHA256";
	const char *base = cluster_leader(worker_cluster(f->w)), *signature;
	const struct configs_session_key *key =
	    configs_session_key(journal_configs(worker_journal(f->w)));
	struct call_spec spec = { .method = "POST",
		.body = body,
		.len = strlen(body),
		.limit_ms = LIMIT_MS };

	if (base == NULL)
		return ps_fail(err, PS_E_RETRY,
		    "the cluster has no leader now");
	signature = key == NULL ? NULL : sign_body(a, key, body, strlen(body));
	if (signature == NULL)
		return ps_fail(err, PS_E_RETRY,
		    "the cluster has no session key now");
	spec.url = ps_printf(a, "%s?forward=false",
	    forward_url(a, base,
		ps_printf(a, "/connectors/%s/tasks",
		    text_url_encode(a, connector))));
	spec.headers = (const char *const[]){ "Accept: application/json",
		"Content-Type: application/json", "User-Agent: penstock",
		"Expect:", ps_printf(a, SIGN_HEADER ": %s", signature),
		algorithm, NULL };
	s->call = caller_start(f->caller, &spec, on_answer, s);
	add_sending(f, s);
	return 0;
}

static void
send_tasks(void *ctx, const char *connector, const struct ps_config *tasks,
    size_t count, journal_done_fn *fn, void *fn_ctx)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct sending *s = xcalloc(1, sizeof *s);
	struct ps_error err = { 0 };

	*s = (struct sending){ .fn = fn, .ctx = fn_ctx };
	if (post(ctx, a, connector, tasks_text(a, tasks, count), s, &err) !=
	    0) {
		free(s);
		fn(fn_ctx, &err);
	}
	arena_free(&a);
}

static void
cancel(struct sending *s)
{
	call_cancel(s->call);
	end_sending(s);
}

static void
forget_tasks(void *ctx, const void *fn_ctx)
{
	struct forwarder *f = ctx;

	for (struct sending *s = f->sent, *next; s != NULL; s = next) {
		next = s->next;
		if (s->ctx == fn_ctx)
			cancel(s);
	}
}

void
internal_join(struct forwarder *f)
{
	static const struct cluster_tasks_ops ops = { send_tasks,
		forget_tasks };

	cluster_on_tasks(worker_cluster(f->w), &ops, f);
}

void
internal_leave(struct forwarder *f)
{
	if (worker_cluster(f->w) != NULL)
		cluster_on_tasks(worker_cluster(f->w), NULL, NULL);
	for (struct sending *s = f->sent, *next; s != NULL; s = next) {
		next = s->next;
		cancel(s);
	}
}

/* ---- task configs, taken ----------------------------------------------- */

/* Outlives its exchange if that ends first. */
struct taking {
	struct exchange *x;
};

static void
forget(struct exchange *x)
{
	struct taking *t = x->pending;

	t->x = NULL;
}

static void
on_put(void *ctx, const struct ps_error *err)
{
	struct taking *t = ctx;
	struct exchange *x = t->x;

	free(t);
	if (x == NULL)
		return;
	x->pending = NULL;
	x->forget = NULL;
	if (err == NULL)
		exchange_empty(x, 204);
	else
		exchange_error(x, 500, "%s", err->text);
}

static int
take_tasks(struct exchange *x, const json_t *body, struct ps_config **out,
    struct ps_error *err)
{
	size_t count = json_array_size(body);
	struct ps_config *tasks = ps_calloc(x->a, count + 1, sizeof *tasks);

	if (!json_is_array(body))
		return ps_fail(err, PS_E_DATA,
		    "The request body is no JSON array of task configs");
	for (size_t i = 0; i < count; i++)
		if (js_to_config(x->a, json_array_get(body, i), &tasks[i],
			err) != 0)
			return ps_fail_in(err, "task %zu", i);
	*out = tasks;
	return 0;
}

static bool
is_not_the_leaders(struct exchange *x)
{
	if (sign_is_refused(x))
		return true;
	if (cluster_leads(worker_cluster(x->worker)))
		return false;
	exchange_error(x, 409,
	    "Cannot complete request because of a conflicting operation (e.g. "
	    "worker rebalance)");
	return true;
}

static bool
has_room(struct exchange *x, size_t count)
{
	struct quota q = { worker_options(x->worker),
		journal_configs(worker_journal(x->worker)),
		worker_metrics(x->worker) };
	struct ps_error err = { 0 };

	if (quota_check_tasks(&q, x->param[0], count, &err) == 0)
		return true;
	exchange_error(x, 403, "%s", err.text);
	return false;
}

void
rest_put_tasks(struct exchange *x)
{
	struct ps_error err = { 0 };
	struct ps_config *tasks = NULL;
	struct taking *t;
	json_t *body;

	if (is_not_the_leaders(x))
		return;
	body = js_parse(buf_str(&x->body), x->body.len, "request body", &err);
	if (body == NULL || take_tasks(x, body, &tasks, &err) != 0) {
		json_decref(body);
		exchange_error(x, 400, "%s", err.text);
		return;
	}
	if (!has_room(x, json_array_size(body))) {
		json_decref(body);
		return;
	}
	t = xcalloc(1, sizeof *t);
	t->x = x;
	x->pending = t;
	x->forget = forget;
	reconcile_put_tasks(worker_reconcile(x->worker), x->param[0], tasks,
	    json_array_size(body), on_put, t);
	json_decref(body);
}

/* ---- fencing ----------------------------------------------------------- */

/* The leader fences by itself whatever tasks wait for that: the request waits
 * with them. */
struct fencing {
	uv_timer_t timer;
	struct exchange *x;
	int64_t generation; /* of the task configs */
};

static void
on_fencing_closed(uv_handle_t *h)
{
	free(h->data);
}

static void
forget_fencing(struct exchange *x)
{
	struct fencing *f = x->pending;

	uv_close((uv_handle_t *)&f->timer, on_fencing_closed);
	x->pending = NULL;
}

static const struct configs_connector *
config_of(const struct exchange *x)
{
	return configs_find(journal_configs(worker_journal(x->worker)),
	    x->param[0]);
}

static void
on_look(uv_timer_t *t)
{
	struct fencing *f = t->data;
	struct exchange *x = f->x;
	const struct configs_connector *cfg = config_of(x);
	bool is_over = cfg == NULL || cfg->tasks_offset != f->generation;

	if (!is_over && cfg->pending_fencing)
		return;
	exchange_forget(x);
	if (is_over)
		exchange_error(x, 409,
		    "Failed to complete zombie fencing because a new set of "
		    "task configs was generated");
	else
		exchange_empty(x, 204);
}

static void
wait_for_fencing(struct exchange *x, int64_t generation)
{
	struct fencing *f = xcalloc(1, sizeof *f);

	f->x = x;
	f->generation = generation;
	f->timer.data = f;
	(void)uv_timer_init(worker_loop(x->worker), &f->timer);
	(void)uv_timer_start(&f->timer, on_look, LOOK_MS, LOOK_MS);
	x->pending = f;
	x->forget = forget_fencing;
}

void
rest_fence(struct exchange *x)
{
	const struct configs_connector *cfg = config_of(x);

	if (is_not_the_leaders(x))
		return;
	if (cfg == NULL)
		exchange_error(x, 404, "Connector %s not found", x->param[0]);
	else if (strcmp(inventory_connector_type(worker_inventory(x->worker),
			    ps_config_str(&cfg->config, "connector.class")),
		     "sink") == 0)
		exchange_error(x, 400, "Connector %s is not a source connector",
		    x->param[0]);
	else if (!fencing_is_on(worker_options(x->worker)))
		exchange_error(x, 409,
		    "This worker leads and does not fence, as its "
		    "exactly.once.source.support is not enabled");
	else if (!cfg->pending_fencing)
		exchange_empty(x, 204);
	else
		wait_for_fencing(x, cfg->tasks_offset);
}
