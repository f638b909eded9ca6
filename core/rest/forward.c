#include "rest/forward.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "http/caller.h"
#include "http/sign.h"
#include "reconcile/cluster.h"
#include "rest/forward_impl.h"
#include "worker/worker.h"

/* A leader is found again within a session and a little more. */
#define PATIENCE_MS 20000
#define AGAIN_MS    50
#define LIMIT_MS    90000

/* One exchange on its way, in its arena. */
struct forward {
	struct forward *next, **link; /* of those that wait */
	struct forwarder *f;
	struct exchange *x;
	enum forward_to to;
	void (*run)(struct exchange *x);
	struct call *call;
	struct clock_ms began;
};

/* ---- where to ---------------------------------------------------------- */

enum place { HERE, THERE, NOWHERE_YET };

static enum place
find_leader(const struct cluster *c, const char **url)
{
	if (cluster_leads(c))
		return HERE;
	*url = cluster_leader(c);
	return *url == NULL ? NOWHERE_YET : THERE;
}

/* Of what is not there this worker says so itself. */
static enum place
find_owner(const struct exchange *x, int64_t task, const char **url)
{
	const struct cluster *c = worker_cluster(x->worker);
	const struct configs_connector *cfg = configs_find(
	    journal_configs(worker_journal(x->worker)), x->param[0]);

	if (cfg == NULL || task >= (int64_t)cfg->task_count ||
	    cluster_owns(c, x->param[0], (int)task, cfg->tasks_offset))
		return HERE;
	*url = cluster_owner(c, x->param[0], (int)task);
	return *url == NULL ? NOWHERE_YET : THERE;
}

static enum place
find(const struct exchange *x, enum forward_to to, const char **url)
{
	int64_t task = 0;

	*url = NULL;
	switch (to) {
	case FORWARD_NOWHERE:
		return HERE;
	case FORWARD_LEADER:
		return find_leader(worker_cluster(x->worker), url);
	case FORWARD_OWNER:
		return find_owner(x, -1, url);
	case FORWARD_TASK_OWNER:
		if (text_int64(x->param[1], 0, INT32_MAX, &task) != 0)
			return HERE;
		return find_owner(x, task, url);
	}
	return HERE;
}

/* ---- waiting ----------------------------------------------------------- */

static void
stop_waiting(struct forward *w)
{
	if (w->link == NULL)
		return;
	*w->link = w->next;
	if (w->next != NULL)
		w->next->link = w->link;
	w->link = NULL;
}

static void
wait_more(struct forward *w)
{
	struct forwarder *f = w->f;

	w->next = f->waiting;
	w->link = &f->waiting;
	if (w->next != NULL)
		w->next->link = &w->next;
	f->waiting = w;
	(void)uv_timer_again(&f->again);
}

static void
forget(struct exchange *x)
{
	struct forward *w = x->pending;

	x->pending = NULL;
	stop_waiting(w);
	if (w->call != NULL)
		call_cancel(w->call);
	journal_forget(worker_journal(x->worker), w);
}

/* Its exchange is free to be answered. */
static struct exchange *
take(struct forward *w)
{
	struct exchange *x = w->x;

	stop_waiting(w);
	x->pending = NULL;
	x->forget = NULL;
	return x;
}

static void
give_up(struct forward *w)
{
	struct exchange *x = take(w);

	if (w->to == FORWARD_LEADER)
		exchange_error(x, 409,
		    "Cannot complete request momentarily due to no known "
		    "leader URL, likely because a rebalance was underway.");
	else
		exchange_error(x, 409,
		    "Cannot complete request because of a conflicting "
		    "operation (e.g. worker rebalance)");
}

/* ---- the answer -------------------------------------------------------- */

static void
relay(struct forward *w)
{
	struct exchange *x = take(w);

	exchange_text(x, x->status,
	    x->answer_len == 0 ? NULL : "application/json", x->answer,
	    x->answer_len);
}

static void
on_read(void *ctx, const struct ps_error *err)
{
	struct forward *w = ctx;

	if (err == NULL) {
		relay(w);
		return;
	}
	exchange_error(take(w), 500,
	    "The leader has %s it, but this worker has not read %s yet: %s",
	    w->x->status >= 400 ? "refused" : "done",
	    w->x->status >= 400 ? "why" : "it", err->text);
}

/* Who asks this worker next is not to see less than what was answered: what
 * was done, or what it was refused for. */
static void
relay_when_read(struct forward *w, const struct call_answer *a)
{
	struct journal *j = worker_journal(w->x->worker);
	int64_t offset;

	w->x->location =
	    a->location == NULL ? NULL : ps_strdup(w->x->a, a->location);
	w->x->etag = a->etag == NULL ? NULL : ps_strdup(w->x->a, a->etag);
	if (a->passed == NULL ||
	    text_int64(a->passed, 0, INT64_MAX, &offset) != 0 ||
	    configs_offset(journal_configs(j)) >= offset)
		relay(w);
	else
		journal_read_to_end(j, JOURNAL_CONFIG, on_read, w);
}

static bool
is_refusal(const struct call_answer *a)
{
	json_t *body = js_parse(a->body, a->len, "answer", NULL);
	bool is_one =
	    json_is_object(body) && json_object_get(body, "message") != NULL;

	json_decref(body);
	return is_one;
}

static void
on_answer(void *ctx, const struct call_answer *a)
{
	struct forward *w = ctx;
	struct exchange *x = w->x;

	w->call = NULL;
	if (a->unsent && clock_since(w->began, clock_now()) < PATIENCE_MS) {
		wait_more(w);
		return;
	}
	x->answer = ps_strndup(x->a, a->body, a->len);
	x->answer_len = a->len;
	x->status = a->status;
	if (a->status == 0)
		exchange_error(take(w), 500,
		    "IO Error trying to forward REST request: %s", a->trouble);
	else if (a->status >= 400 && !is_refusal(a))
		exchange_error(take(w), 500,
		    "IO Error trying to forward REST request: the answer, of "
		    "status %d, is no error of a worker's",
		    a->status);
	else if (a->status >= 200 && (a->status < 300 || a->status >= 400))
		relay_when_read(w, a);
	else
		exchange_error(take(w), 500,
		    "Unexpected status code when handling forwarded request: "
		    "%d",
		    a->status);
}

/* ---- passing on -------------------------------------------------------- */

const char *
forward_url(struct ps_arena *a, const char *base, const char *path)
{
	size_t len = strlen(base);

	if (len > 0 && base[len - 1] == '/')
		len--;
	return ps_printf(a, "%.*s%s", (int)len, base, path);
}

/* All that was asked for, once. */
static const char *
url_of(struct exchange *x, const char *base)
{
	const char *url = ps_printf(x->a, "%s?forward=false",
	    forward_url(x->a, base, x->path));

	for (const struct query_arg *q = x->query; q != NULL; q = q->next)
		url = ps_printf(x->a, "%s&%s=%s", url,
		    text_url_encode(x->a, q->name),
		    text_url_encode(x->a, q->value));
	return url;
}

static void
pass_on(struct forward *w, const char *base)
{
	struct exchange *x = w->x;
	const char *headers[8] = { "Accept: application/json",
		"User-Agent: penstock", "Expect:" };
	const char *origin = sign_forwarded(x);
	size_t n = 3;
	struct call_spec spec = { .method = x->method,
		.url = url_of(x, base),
		.headers = headers,
		.limit_ms = LIMIT_MS };

	if (x->authorization != NULL)
		headers[n++] =
		    ps_printf(x->a, "Authorization: %s", x->authorization);
	if (x->if_match != NULL)
		headers[n++] = ps_printf(x->a, "If-Match: %s", x->if_match);
	if (origin != NULL)
		headers[n++] = ps_printf(x->a, SIGN_FORWARDED ": %s", origin);
	if (x->body.len > 0) {
		headers[n] = "Content-Type: application/json";
		spec.body = x->body.data;
		spec.len = x->body.len;
	}
	w->call = caller_start(w->f->caller, &spec, on_answer, w);
}

static void
look(struct forward *w)
{
	const char *url;

	switch (find(w->x, w->to, &url)) {
	case HERE:
		w->run(take(w));
		break;
	case THERE:
		stop_waiting(w);
		pass_on(w, url);
		break;
	case NOWHERE_YET:
		if (clock_since(w->began, clock_now()) >= PATIENCE_MS)
			give_up(w);
		else if (w->link == NULL)
			wait_more(w);
		break;
	}
}

static void
on_again(uv_timer_t *t)
{
	struct forwarder *f = t->data;

	for (struct forward *w = f->waiting, *next; w != NULL; w = next) {
		next = w->next;
		look(w);
	}
	if (f->waiting == NULL)
		(void)uv_timer_stop(t);
}

static void
begin(struct exchange *x, enum forward_to to, void (*run)(struct exchange *x))
{
	struct forward *w = ps_calloc(x->a, 1, sizeof *w);

	w->f = x->forwarder;
	w->x = x;
	w->to = to;
	w->run = run;
	w->began = clock_now();
	x->pending = w;
	x->forget = forget;
	look(w);
}

void
forward_origin(struct exchange *x)
{
	x->tells_offset = exchange_query(x, "forward") != NULL;
	if (x->tells_offset)
		sign_take_forwarded(x);
}

bool
forward_takes(struct exchange *x, enum forward_to to,
    void (*run)(struct exchange *x))
{
	const char *url;

	if (x->forwarder == NULL || find(x, to, &url) == HERE)
		return false;
	if (x->tells_offset)
		exchange_error(x, 409,
		    "Cannot complete request because of a conflicting "
		    "operation (e.g. worker rebalance)");
	else
		begin(x, to, run);
	return true;
}

/* ---- life -------------------------------------------------------------- */

struct forwarder *
forwarder_new(struct worker *w)
{
	struct forwarder *f = xcalloc(1, sizeof *f);

	f->w = w;
	f->caller = caller_new(worker_loop(w));
	f->again.data = f;
	(void)uv_timer_init(worker_loop(w), &f->again);
	(void)uv_timer_start(&f->again, on_again, AGAIN_MS, AGAIN_MS);
	return f;
}

void
forwarder_use_tls(struct forwarder *f, const struct tls *tls)
{
	caller_use_tls(f->caller, tls);
}

static void
on_closed(uv_handle_t *h)
{
	free(h->data);
}

/* The servers are closed: nothing waits any more. */
void
forwarder_free(struct forwarder **fp)
{
	struct forwarder *f = *fp;

	*fp = NULL;
	if (f == NULL)
		return;
	caller_free(&f->caller);
	uv_close((uv_handle_t *)&f->again, on_closed);
}
