#include "journal/pen.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "journal/pen_impl.h"
#include "store/wire.h"

#define AREA        "pen"
#define ARENA_BYTES 1024

/* ---- answers ----------------------------------------------------------- */

/* A callback may write, claim or close: look anew each time. */
static void
settle(struct pen *p)
{
	struct call *c;

	while (!p->closed && (c = pen_take_finished(p)) != NULL) {
		struct pen_result r = { c->wrote, c->offsets, c->count,
			c->wrote == WROTE_OK ? NULL : &c->err };

		if (c->fn != NULL)
			c->fn(c->ctx, &r);
		pen_call_free(c);
	}
	if (p->closed || !p->is_lost)
		return;
	p->is_lost = false;
	p->ops->lost(p->ctx, p->lost_how, &p->lost_why);
}

static void
on_soon(uv_idle_t *h)
{
	struct pen *p = h->data;

	(void)uv_idle_stop(h);
	settle(p);
}

void
pen_soon(struct pen *p)
{
	if (!p->closed)
		(void)uv_idle_start(&p->soon, on_soon);
}

/* ---- calls ------------------------------------------------------------- */

static int
take_records(struct call *c, const struct store_pairs *records,
    struct ps_error *err)
{
	c->records = json_array();
	c->count = records->count;
	c->offsets = xcalloc(records->count + 1, sizeof *c->offsets);
	for (size_t i = 0; i < records->count; i++) {
		const struct store_pair *r = &records->items[i];
		json_t *key = json_stringn(r->key, r->key_len);
		json_t *value = r->value == NULL
				    ? json_null()
				    : json_stringn(r->value, r->value_len);

		if (key != NULL && value != NULL) {
			(void)json_array_append_new(c->records,
			    json_pack("[o,o]", key, value));
			continue;
		}
		json_decref(key);
		json_decref(value);
		return ps_fail(err, PS_E_DATA,
		    "record '%.*s': its key and value are expected in UTF-8",
		    (int)r->key_len, r->key);
	}
	c->bytes = json_dumpb(c->records, NULL, 0, JSON_COMPACT);
	if (c->bytes > PEN_CALL_MAX)
		return ps_fail(err, PS_E_DATA,
		    "%zu records of %zu bytes in all, expected at most %zu",
		    c->count, c->bytes, PEN_CALL_MAX);
	return 0;
}

static struct call *
call_new(struct pen *p, enum call_kind kind, pen_fn *fn, void *ctx)
{
	struct call *c = xcalloc(1, sizeof *c), **end = &p->calls;

	c->kind = kind;
	c->fn = fn;
	c->ctx = ctx;
	while (*end != NULL)
		end = &(*end)->next;
	*end = c;
	return c;
}

static size_t
waiting_bytes(const struct pen *p)
{
	size_t bytes = 0;

	for (const struct call *c = p->calls; c != NULL; c = c->next)
		if (c->state == CALL_WAITING)
			bytes += c->bytes;
	return bytes;
}

/* Waits for the scribe, or is refused. */
static void
submit(struct pen *p, struct call *c)
{
	struct ps_error err = { 0 };

	if (p->scribe == NULL || !p->scribe->claimed)
		(void)ps_fail(&err, PS_E_RETRY, "this worker does not lead");
	else if (waiting_bytes(p) > PEN_WAITING_MAX)
		(void)ps_fail(&err, PS_E_RETRY,
		    "%zu bytes wait to be written to the config topic, "
		    "expected at most %zu",
		    waiting_bytes(p), PEN_WAITING_MAX);
	if (err.code == PS_OK)
		scribe_send_next(p->scribe);
	else
		pen_finish(p, c, WROTE_REFUSED, &err);
}

static void
write_records(struct pen *p, struct call *c, const struct store_pairs *records)
{
	struct ps_error err = { 0 };

	if (take_records(c, records, &err) == 0)
		submit(p, c);
	else
		pen_finish(p, c, WROTE_REFUSED, &err);
}

void
pen_write(struct pen *p, const struct store_pairs *records, pen_fn *fn,
    void *ctx)
{
	write_records(p, call_new(p, CALL_WRITE, fn, ctx), records);
}

void
pen_write_sure(struct pen *p, const struct store_pairs *records, pen_fn *fn,
    void *ctx)
{
	struct call *c = call_new(p, CALL_WRITE, fn, ctx);

	c->is_sure = true;
	write_records(p, c, records);
}

void
pen_heal(struct pen *p, pen_fn *fn, void *ctx)
{
	submit(p, call_new(p, CALL_HEAL, fn, ctx));
}

void
pen_claim(struct pen *p, const struct claim *claim, const char *group,
    pen_fn *fn, void *ctx)
{
	static const char key[] = "penstock-" WIRE_LEADER;
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct store_pair record = { key, sizeof key - 1, wire_claim(a, claim),
		0 };
	struct ps_error err = { 0 };
	struct call *c;
	int taken;

	record.value_len = strlen(record.value);
	pen_drop(p, "a new claim replaces it");
	c = call_new(p, CALL_CLAIM, fn, ctx);
	c->group = xstrdup(group);
	taken = take_records(c, &(struct store_pairs){ &record, 1 }, &err);
	arena_free(&a);
	if (taken == 0)
		p->scribe = scribe_start(p, &err);
	if (p->scribe == NULL)
		pen_finish(p, c, WROTE_REFUSED, &err);
	else
		scribe_send_next(p->scribe);
}

/* Its offsets are known, or it commits nothing: what is read of it now was
 * said before, but maybe not heard. */
static bool
may_be_committed(struct call *c)
{
	if (c->state == CALL_SENT && !c->by->commits)
		scribe_hear(c->by);
	if (c->state == CALL_SENT)
		return c->by->commits && c->kind != CALL_HEAL;
	return c->state == CALL_IN_DOUBT;
}

void
pen_saw(struct pen *p, int64_t offset)
{
	for (struct call *c = p->calls; c != NULL; c = c->next) {
		if (!may_be_committed(c) || c->seen != CALL_UNSEEN ||
		    c->count == 0 || offset < c->offsets[0])
			continue;
		c->seen = offset == c->offsets[0] ? CALL_SEEN : CALL_PASSED;
		if (c->state == CALL_IN_DOUBT)
			pen_doubt(p, c, &c->err);
	}
}

void
pen_forget(struct pen *p, const void *ctx)
{
	for (struct call *c = p->calls; c != NULL; c = c->next)
		if (c->ctx == ctx)
			c->fn = NULL;
}

/* ---- life -------------------------------------------------------------- */

void
pen_lease(struct pen *p, struct clock_ms ends)
{
	p->lease = ends;
	if (p->scribe != NULL)
		scribe_send_lease(p->scribe);
}

void
pen_drop(struct pen *p, const char *why)
{
	struct ps_error err = { 0 };

	if (p->scribe == NULL)
		return;
	(void)ps_fail(&err, PS_E_RETRY, "the scribe was ended: %s", why);
	scribe_retire(p->scribe, why);
	pen_refuse_waiting(p, WROTE_REFUSED, &err);
}

bool
pen_is_ready(const struct pen *p)
{
	return p->scribe != NULL && p->scribe->claimed;
}

struct pen *
pen_new(const struct errand_env *env, const struct pen_ops *ops, void *ctx)
{
	struct pen *p = xcalloc(1, sizeof *p);

	p->env = env;
	p->ops = ops;
	p->ctx = ctx;
	p->soon.data = p;
	p->timer.data = p;
	(void)uv_idle_init(env->loop, &p->soon);
	(void)uv_timer_init(env->loop, &p->timer);
	p->handles = 2;
	return p;
}

void
pen_release(struct pen *p)
{
	if (!p->closed || p->handles > 0 || p->scribes > 0)
		return;
	while (p->calls != NULL) {
		struct call *c = p->calls;

		p->calls = c->next;
		pen_call_free(c);
	}
	free(p);
}

static void
on_closed(uv_handle_t *h)
{
	struct pen *p = h->data;

	p->handles--;
	pen_release(p);
}

void
pen_close(struct pen **pp)
{
	struct pen *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	pen_drop(p, "the worker ends");
	p->closed = true;
	uv_close((uv_handle_t *)&p->soon, on_closed);
	uv_close((uv_handle_t *)&p->timer, on_closed);
}
