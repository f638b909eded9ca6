#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "journal/pen_impl.h"
#include "supervise/timer.h"

#define AREA        "pen"
#define ARENA_BYTES 1024
/* Init, commit and abort may each take a session. */
#define ANSWER_SESSIONS 3
#define ANSWER_MORE_MS  5000

static const char *const op_names[] = {
	[CALL_CLAIM] = "claim",
	[CALL_WRITE] = "write",
	[CALL_HEAL] = "heal",
};

static const char *const wrote_names[] = {
	[WROTE_OK] = "ok",
	[WROTE_REFUSED] = "refused",
	[WROTE_FENCED] = "fenced",
	[WROTE_UNKNOWN] = "unknown",
};

/* ---- what was sent ----------------------------------------------------- */

static void
refuse_sent(struct scribe *s, enum wrote wrote, const struct ps_error *err)
{
	for (struct call *c = s->p->calls; c != NULL; c = c->next)
		if (c->by == s)
			pen_finish(s->p, c, wrote, err);
}

/* What it had begun to commit may be there, whatever it says. */
static void
doubt_sent(struct scribe *s, enum wrote otherwise, const struct ps_error *err)
{
	if (!s->commits) {
		refuse_sent(s, otherwise, err);
		return;
	}
	for (struct call *c = s->p->calls; c != NULL; c = c->next) {
		if (c->by != s)
			continue;
		if (c->kind == CALL_HEAL)
			pen_finish(s->p, c, WROTE_UNKNOWN, err);
		else
			pen_doubt(s->p, c, err);
	}
}

/* One record can never be written: the others are written without it. */
static void
refuse_one(struct scribe *s, size_t record, const struct ps_error *err)
{
	size_t at = 0;

	for (struct call *c = s->p->calls; c != NULL; c = c->next) {
		if (c->by != s)
			continue;
		if (record >= at && record < at + c->count) {
			pen_finish(s->p, c, WROTE_REFUSED, err);
		} else {
			c->state = CALL_WAITING;
			c->by = NULL;
		}
		at += c->count;
	}
}

static size_t
sent_records(const struct scribe *s)
{
	size_t count = 0;

	for (const struct call *c = s->p->calls; c != NULL; c = c->next)
		if (c->by == s)
			count += c->count;
	return count;
}

/* ---- the end of it ----------------------------------------------------- */

static void
lose(struct scribe *s, enum wrote how, const struct ps_error *err)
{
	struct pen *p = s->p;

	if (s->retired)
		return;
	s->retired = true;
	p->scribe = NULL;
	p->is_lost = true;
	p->lost_how = how;
	p->lost_why = *err;
	(void)uv_timer_stop(&p->timer);
	pen_refuse_waiting(p,
	    how == WROTE_FENCED ? WROTE_FENCED : WROTE_REFUSED, err);
	pen_soon(p);
}

void
scribe_retire(struct scribe *s, const char *why)
{
	s->retired = true;
	s->p->scribe = NULL;
	(void)uv_timer_stop(&s->p->timer);
	child_kill(s->child, why);
}

static void
on_ended(void *ctx, const struct child_end *end)
{
	struct scribe *s = ctx;
	struct pen *p = s->p;
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct ps_error err = s->failed;

	if (err.code == PS_OK)
		(void)ps_fail(&err, PS_E_RETRY, "scribe: %s%s%s",
		    child_end_text(a, end, 0),
		    end->words[0] == '\0' ? "" : "\n", end->words);
	arena_free(&a);
	doubt_sent(s, WROTE_REFUSED, &err);
	lose(s, WROTE_UNKNOWN, &err);
	p->scribes--;
	free(s);
	pen_release(p);
}

/* ---- what it says ------------------------------------------------------ */

static void
break_off(struct scribe *s, const char *why)
{
	log_error(AREA, "scribe: %s", why);
	child_kill(s->child, why);
}

/* Where what it is about to commit stands, in the order it was given. */
static void
on_committing(struct scribe *s, const struct msg_committing *m)
{
	size_t at = 0;

	if (!s->busy || m->id != s->id)
		return;
	if (!json_is_array(m->offsets) ||
	    (json_array_size(m->offsets) != sent_records(s) &&
		sent_records(s) > 0)) {
		break_off(s, "its offsets are not those of its records");
		return;
	}
	for (struct call *c = s->p->calls; c != NULL; c = c->next)
		for (size_t i = 0; c->by == s && i < c->count; i++)
			c->offsets[i] = json_integer_value(
			    json_array_get(m->offsets, at++));
	s->commits = true;
}

static int
wrote_of(const json_t *result, enum wrote *out)
{
	const char *name = json_string_value(json_object_get(result, "wrote"));

	for (size_t i = 0;
	     name != NULL && i < sizeof wrote_names / sizeof *wrote_names; i++)
		if (strcmp(name, wrote_names[i]) == 0) {
			*out = (enum wrote)i;
			return 0;
		}
	return -1;
}

static void
on_ok(struct scribe *s)
{
	for (struct call *c = s->p->calls; c != NULL; c = c->next) {
		if (c->by != s)
			continue;
		if (c->kind == CALL_CLAIM)
			s->claimed = true;
		pen_finish(s->p, c, WROTE_OK, NULL);
	}
}

static void
on_refused(struct scribe *s, const json_t *record, const struct ps_error *err)
{
	if (json_is_integer(record) && json_integer_value(record) >= 0)
		refuse_one(s, (size_t)json_integer_value(record), err);
	else
		refuse_sent(s, WROTE_REFUSED, err);
	/* What it was for; it has nothing else to do. */
	if (!s->claimed && !s->retired)
		scribe_retire(s, "its claim was refused");
}

static void
on_reply(struct scribe *s, const struct msg_reply *m)
{
	struct ps_error err = { 0 };
	enum wrote wrote;

	if (!s->busy || m->id != s->id)
		return;
	s->busy = false;
	if (!s->retired)
		(void)uv_timer_stop(&s->p->timer);
	if (wrote_of(m->result, &wrote) != 0) {
		break_off(s, "its answer is none of ok, refused, fenced");
		return;
	}
	(void)ps_fail(&err, errand_code(m->code), "%s",
	    m->error == NULL ? "no reason given" : m->error);
	switch (wrote) {
	case WROTE_OK:
		on_ok(s);
		break;
	case WROTE_REFUSED:
		on_refused(s, json_object_get(m->result, "record"), &err);
		break;
	case WROTE_FENCED:
		doubt_sent(s, WROTE_FENCED, &err);
		lose(s, WROTE_FENCED, &err);
		child_kill(s->child, "another leads");
		break;
	case WROTE_UNKNOWN:
		doubt_sent(s, WROTE_REFUSED, &err);
		lose(s, WROTE_UNKNOWN, &err);
		child_kill(s->child, "its transaction is in doubt");
		break;
	}
	s->commits = false;
	if (!s->retired)
		scribe_send_next(s);
}

static void
on_message(void *ctx, const struct msg *m)
{
	struct scribe *s = ctx;

	if (m->type == MSG_TYPE_FAILED)
		(void)ps_fail(&s->failed, errand_code(m->failed.code), "%s",
		    m->failed.text);
	if (m->type == MSG_TYPE_COMMITTING)
		on_committing(s, &m->committing);
	if (m->type == MSG_TYPE_REPLY)
		on_reply(s, &m->reply);
}

void
scribe_hear(struct scribe *s)
{
	child_pump(s->child);
}

/* ---- what it is told --------------------------------------------------- */

static void
on_timeout(uv_timer_t *t)
{
	struct pen *p = t->data;

	if (p->scribe != NULL)
		child_kill(p->scribe->child, "did not answer in time");
}

static int64_t
session_ms(const struct pen *p)
{
	return options_int(p->env->options, "session.timeout.ms");
}

/* All of the first one's kind that go together, in their order. */
static json_t *
take_batch(struct scribe *s, struct call *first)
{
	json_t *records = json_array();
	size_t bytes = 0;

	for (struct call *c = first; c != NULL; c = c->next) {
		if (c->state != CALL_WAITING)
			continue;
		if (c != first &&
		    (c->kind != CALL_WRITE || first->kind != CALL_WRITE ||
			bytes + c->bytes > PEN_BATCH_MAX))
			break;
		if (c->records != NULL)
			(void)json_array_extend(records, c->records);
		c->state = CALL_SENT;
		c->by = s;
		bytes += c->bytes;
	}
	return records;
}

void
scribe_send_next(struct scribe *s)
{
	struct msg m = { .type = MSG_TYPE_REQUEST };
	struct call *first = s->p->calls;
	json_t *args;

	while (first != NULL && first->state != CALL_WAITING)
		first = first->next;
	if (s->busy || first == NULL)
		return;
	args = json_pack("{s:o}", "records", take_batch(s, first));
	if (first->group != NULL)
		(void)json_object_set_new(args, "group",
		    json_string(first->group));
	m.request.id = ++s->id;
	m.request.op = op_names[first->kind];
	m.request.args = args;
	s->busy = true;
	s->commits = false;
	timer_in(&s->p->timer, on_timeout,
	    ANSWER_SESSIONS * session_ms(s->p) + ANSWER_MORE_MS);
	child_send(s->child, &m);
	json_decref(args);
}

void
scribe_send_lease(struct scribe *s)
{
	struct msg m = { .type = MSG_TYPE_LEASE };

	m.lease.ends_ms = s->p->lease.ms;
	child_send(s->child, &m);
}

static void
send_config(struct scribe *s)
{
	const struct options *o = s->p->env->options;
	json_t *what = json_pack("{s:s, s:s, s:I}", "group.id", o->group,
	    "config.storage.topic",
	    ps_config_str(&o->all, "config.storage.topic"),
	    "session.timeout.ms", (json_int_t)session_ms(s->p));
	struct msg m = { .type = MSG_TYPE_CONFIG,
		.config = { .task = -1,
		    .config = what,
		    .worker = o->worker,
		    .plugins = o->plugins } };

	child_send(s->child, &m);
	json_decref(what);
}

struct scribe *
scribe_start(struct pen *p, struct ps_error *err)
{
	static const struct child_ops ops = { on_message, on_ended, NULL };
	struct child_spec spec = { MSG_SCRIBE, NULL, -1, p->env->program,
		p->env->keep_fd, NULL, 0 };
	struct scribe *s = xcalloc(1, sizeof *s);

	s->p = p;
	s->child = child_start(p->env->loop, &spec, &ops, s, err);
	if (s->child == NULL) {
		free(s);
		return NULL;
	}
	p->scribes++;
	scribe_send_lease(s);
	send_config(s);
	return s;
}
