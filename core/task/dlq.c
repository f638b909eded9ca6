#include "task/dlq.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "kafka/conf.h"
#include "kafka/producer.h"
#include "letters/letters.h"
#include "record/batch.h"
#include "task/asking.h"
#include "task/dlq_form.h"
#include "task/wait.h"

enum { ROOM_MS = 120000, PENDING_MAX = 10000, CLOSE_MS = 2000 };

/* One dead letter on its way, with copies of all it carries. */
struct letter {
	struct letter *prev, *next;
	struct ps_arena *arena;
	char *topic;
	int32_t partition;
	int64_t offset;
	/* The same without what makes it large; NULL: nothing is left out. */
	const struct producer_record *less;
	bool wants_less;
};

struct dlq {
	struct task *task;
	const char *topic_name;
	int replicas;
	struct dlq_form form;
	struct producer *producer; /* NULL before the first letter */
	struct producer_topic *topic;
	struct letter *first, *last;
	size_t pending;
	size_t wanting; /* letters that are to go without a part */
	struct ps_error failed;
};

int
dlq_new(struct task *t, struct dlq **out, struct ps_error *err)
{
	const struct ps_config *c = &t->settings.common;
	struct dlq *d;

	(void)err;
	*out = NULL;
	if (!ps_config_has(c, "errors.deadletterqueue.topic.name"))
		return 0;
	d = xcalloc(1, sizeof *d);
	d->task = t;
	d->topic_name = ps_config_get(c, "errors.deadletterqueue.topic.name");
	d->replicas = (int)ps_config_int(c,
	    "errors.deadletterqueue.topic.replication.factor");
	/* Without them a source's letter could not be put back. */
	d->form = (struct dlq_form){ t->settings.connector, t->settings.task,
		!settings_is_sink(&t->settings) ||
		    ps_config_bool(c,
			"errors.deadletterqueue.context.headers.enable") };
	*out = d;
	return 0;
}

static void
end_letter(struct dlq *d, struct letter *l)
{
	struct ps_arena *a = l->arena;

	if (l->prev == NULL)
		d->first = l->next;
	else
		l->prev->next = l->next;
	if (l->next == NULL)
		d->last = l->prev;
	else
		l->next->prev = l->prev;
	d->pending--;
	arena_free(&a);
}

static void
want_less(struct dlq *d, struct letter *l)
{
	l->wants_less = true;
	d->wanting++;
}

/* A letter that is not written leaves its record uncommitted and ends the
 * task: it would be nowhere else. */
static void
on_report(void *ctx, const struct producer_report *r)
{
	struct dlq *d = (struct dlq *)ctx;
	struct letter *l = (struct letter *)r->opaque;

	if (r->failed == NULL) {
		end_letter(d, l);
		return;
	}
	if (r->failed->code == PS_E_DATA && l->less != NULL) {
		want_less(d, l);
		return;
	}
	d->task->measures.letters_failed++;
	(void)ps_fail(&d->failed, r->failed->code,
	    "Could not produce message to dead letter queue. topic=%s: record "
	    "%s-%d@%lld: %s%s",
	    d->topic_name, l->topic, (int)l->partition, (long long)l->offset,
	    r->failed->text,
	    r->failed->code == PS_E_DATA
		? ". Let it be taken (the topic's max.message.bytes, the "
		  "producer's max.request.size), or skip the record by "
		  "altering the connector's offsets"
		: "");
}

void
dlq_free(struct dlq **dp)
{
	struct dlq *d = *dp;

	if (d == NULL)
		return;
	if (d->producer != NULL)
		producer_free(&d->producer, CLOSE_MS);
	while (d->first != NULL)
		end_letter(d, d->first);
	free(d);
	*dp = NULL;
}

/* ---- Waiting ---- */

static int
has_room(void *ctx, int slice_ms, struct ps_error *err)
{
	struct dlq *d = (struct dlq *)ctx;

	if (d->pending >= PENDING_MAX && dlq_serve(d, slice_ms, err) != 0)
		return -1;
	return d->pending < PENDING_MAX;
}

static int
wait_for_room(struct dlq *d, struct ps_error *err)
{
	const struct wait room = { "room for a dead letter", ROOM_MS, has_room,
		d };

	return d->pending < PENDING_MAX ? 0 : wait_until(d->task, &room, err);
}

/* ---- The topic ---- */

static int
wait_answer(struct dlq *d, struct asking *a, struct ps_error *err)
{
	return asking_wait(a, d->task, "its answer", ASKING_ANSWER_MS, err);
}

/* Who may write to it need not have the right to create it. */
static int
find_or_create(struct dlq *d, struct asking *a, struct ps_error *err)
{
	const struct admin_new_topic topic = { .name = d->topic_name,
		.partitions = 1,
		.replicas = d->replicas };

	admin_describe_topics(a->admin, &d->topic_name, 1,
	    (struct admin_call){ asking_answered, a, ASKING_CALL_MS });
	if (wait_answer(d, a, err) != 0)
		return -1;
	if (a->code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return 0;
	*a = (struct asking){ .admin = a->admin };
	admin_create_topics(a->admin, &topic, 1,
	    (struct admin_call){ asking_answered, a, ASKING_CALL_MS });
	return wait_answer(d, a, err);
}

static int
ensure_topic(struct dlq *d, struct ps_error *err)
{
	struct asking a = { .admin = admin_new_on_producer(d->producer, err) };
	int result = a.admin == NULL ? -1 : find_or_create(d, &a, err);

	admin_free(&a.admin, 0);
	if (result == 0 && a.error.code == PS_OK)
		return 0;
	if (result == 0)
		(void)ps_fail(err, a.error.code, "%s", a.error.text);
	return ps_fail_in(err,
	    "Could not initialize dead letter queue with topic=%s",
	    d->topic_name);
}

static int
open_producer(struct dlq *d, struct ps_error *err)
{
	struct settings *s = &d->task->settings;
	const struct conf_owner owner = { &s->worker, &s->config, s->connector,
		s->task };
	struct ps_config c = conf_settings(s->arena, CONF_DEAD_LETTER, &owner);

	d->producer = producer_new(&c, on_report, d, err);
	if (d->producer == NULL)
		return -1;
	task_watch(d->task, producer_fd(d->producer));
	if (ensure_topic(d, err) == 0)
		d->topic = producer_topic(d->producer, d->topic_name);
	if (d->topic != NULL)
		return 0;
	producer_free(&d->producer, CLOSE_MS);
	return -1;
}

static struct letter *
new_letter(const struct ps_record *r, const struct ps_consumed *original)
{
	struct ps_arena *a =
	    arena_new(original->value.len + original->key.len + PS_ERROR_TEXT);
	struct letter *l = (struct letter *)ps_calloc(a, 1, sizeof *l);

	l->arena = a;
	l->topic = ps_strdup(a, r->origin_topic);
	l->partition = r->origin_partition;
	l->offset = r->origin_offset;
	return l;
}

static void
add_letter(struct dlq *d, struct letter *l)
{
	l->prev = d->last;
	if (d->last == NULL)
		d->first = l;
	else
		d->last->next = l;
	d->last = l;
	d->pending++;
	d->task->measures.letters++;
}

struct posting {
	struct dlq *dlq;
	const struct producer_record *record;
};

/* 1: it is on its way, or refused for good; 0: there is no room. */
static int
try_letter(const struct posting *s, struct ps_error *err)
{
	struct dlq *d = s->dlq;
	struct ps_error why = { 0 };
	struct producer_report refused = { .opaque = s->record->opaque,
		.count = 1,
		.failed = &why };

	if (producer_send(d->producer, d->topic, s->record, &why) == 0)
		return 1;
	if (why.code == PS_E_DATA) {
		on_report(d, &refused);
		return 1;
	}
	if (why.code != PS_E_RETRY)
		return ps_fail(err, why.code, "%s", why.text);
	return 0;
}

static int
send_letter(void *ctx, int slice_ms, struct ps_error *err)
{
	const struct posting *s = (const struct posting *)ctx;
	int done = try_letter(s, err);

	return done != 0 ? done : dlq_serve(s->dlq, slice_ms, err);
}

int
dlq_send(void *ctx, const struct ps_record *r, const struct ps_failure *f,
    struct ps_error *err)
{
	struct dlq *d = (struct dlq *)ctx;
	const struct ps_consumed original = ps_record_consumed(r);
	struct producer_record out;
	struct posting s = { d, &out };
	const struct wait sent = { "sending a dead letter", ROOM_MS,
		send_letter, &s };
	struct letter *l;

	if (wait_for_room(d, err) != 0 ||
	    (d->producer == NULL && open_producer(d, err) != 0))
		return -1;
	l = new_letter(r, &original);
	dlq_form_fill(&d->form, l->arena, r, f, &out);
	out.opaque = l;
	if (f->stage == PS_STAGE_KAFKA_PRODUCE)
		l->less = dlq_form_less(&d->form, l->arena, r, f, &out);
	add_letter(d, l);
	return wait_until(d->task, &sent, err);
}

/* Letters that their topic did not take as they were. */
static int
send_less(struct dlq *d, struct ps_error *err)
{
	struct letter *l, *next;

	for (l = d->first; l != NULL && d->wanting > 0; l = next) {
		struct posting s = { d, l->less };
		int done;

		next = l->next;
		if (!l->wants_less)
			continue;
		/* It may be refused again from within, for good. */
		l->wants_less = false;
		d->wanting--;
		l->less = NULL;
		done = try_letter(&s, err);
		if (done == 1)
			continue;
		l->less = s.record;
		want_less(d, l);
		return done;
	}
	return 0;
}

int
dlq_serve(struct dlq *d, int limit_ms, struct ps_error *err)
{
	struct clock_ms start = clock_now();
	int64_t left = limit_ms;

	if (d == NULL || d->producer == NULL)
		return 0;
	do {
		int wait = d->pending > 0 && left > 0 ? (int)left : 0;

		if (producer_serve(d->producer, wait, err) < 0 ||
		    send_less(d, err) != 0)
			return -1;
		left = limit_ms - clock_since(start, clock_now());
	} while (d->pending > 0 && left > 0 && d->failed.code == PS_OK);
	if (d->failed.code != PS_OK)
		return ps_fail(err, d->failed.code, "%s", d->failed.text);
	return 0;
}

void
dlq_purge(struct dlq *d)
{
	if (d != NULL && d->producer != NULL)
		producer_purge(d->producer);
}

size_t
dlq_pending(const struct dlq *d)
{
	return d == NULL ? 0 : d->pending;
}

int64_t
dlq_floor(const struct dlq *d, const char *topic, int32_t partition,
    int64_t offset)
{
	const struct letter *l;

	if (d == NULL)
		return offset;
	for (l = d->first; l != NULL; l = l->next)
		if (l->partition == partition && l->offset < offset &&
		    strcmp(l->topic, topic) == 0)
			offset = l->offset;
	return offset;
}
