#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "journal/authors.h"
#include "journal/journal_impl.h"
#include "journal/pen.h"
#include "kafka/admin.h"
#include "kafka/conf.h"
#include "kafka/topiclog.h"
#include "store/topics.h"
#include "store/topics_watch.h"

#define AREA            "journal"
#define TOPICS_LIMIT_MS 30000
#define READ_LIMIT_MS   30000
#define AGAIN_MS        1000
#define LOOK_MS         3000
#define ARENA_BYTES     8192

/* One of the three topics. */
struct follow {
	struct kafka *k;
	enum journal_log log;
	struct topiclog *t;
	bool at_end;
	/* One question for the end at a time; who comes later waits for the
	 * next. */
	bool asking;
};

struct kafka {
	struct journal j;
	struct ps_arena *a;
	/* The last is the lease topic's, which is read by others. */
	struct topics_spec specs[JOURNAL_LOGS + 1];
	struct pen *pen; /* who writes the config topic, NULL: we do */
	struct authors *authors;
	struct topiclog_hub *hub;
	struct admin *admin;
	uv_poll_t hub_poll, admin_poll;
	uv_timer_t again, look;
	struct topics_watch *watch;
	int handles;
	struct follow logs[JOURNAL_LOGS];
	const char *cluster_id; /* NULL before it is known */
};

static const enum topics_which which_of[JOURNAL_LOGS + 1] = {
	[JOURNAL_CONFIG] = TOPICS_CONFIG,
	[JOURNAL_OFFSET] = TOPICS_OFFSET,
	[JOURNAL_STATUS] = TOPICS_STATUS,
	[JOURNAL_LOGS] = TOPICS_LEASE,
};

static struct kafka *
kafka_of(const struct journal *j)
{
	union {
		const struct journal *in;
		struct kafka *out; /* ours, and not const */
	} k = { .in = j };

	return k.out;
}

/* ---- reading ----------------------------------------------------------- */

static void
on_record(void *ctx, const struct topiclog_record *r)
{
	struct follow *f = ctx;
	struct store_pair pair = { r->key, r->key_len, r->value, r->value_len };

	if (r->key != NULL && f->log == JOURNAL_CONFIG)
		authors_read(f->k->authors, &pair, r->offset);
	if (r->key != NULL)
		journal_apply(&f->k->j, f->log, &pair, r->offset);
	if (f->log == JOURNAL_CONFIG && f->k->pen != NULL)
		pen_saw(f->k->pen, r->offset);
}

static void
check_ready(struct kafka *k)
{
	for (size_t i = 0; i < JOURNAL_LOGS; i++)
		if (!k->logs[i].at_end)
			return;
	k->j.live = true;
	k->j.ops->ready(k->j.ctx);
}

static void
break_off(struct kafka *k, const struct ps_error *err)
{
	if (!k->j.closing)
		k->j.ops->broken(k->j.ctx, err);
}

static void
on_end(void *ctx, const struct ps_error *err)
{
	struct follow *f = ctx;

	if (f->k->j.closing)
		return;
	if (err != NULL) {
		break_off(f->k, err);
		return;
	}
	f->at_end = true;
	check_ready(f->k);
}

static bool
kafka_passed(const struct wait *w)
{
	const struct topiclog *t = kafka_of(w->j)->logs[w->log].t;

	for (size_t i = 0; i < w->mark_count; i++)
		if (!topiclog_has_passed(t, w->marks[i].partition,
			w->marks[i].offset))
			return false;
	return true;
}

/* ---- reading to the end ------------------------------------------------ */

static void
on_reached(void *ctx, const struct ps_error *err)
{
	struct follow *f = ctx;
	struct journal *j = &f->k->j;

	f->asking = false;
	if (j->closing)
		return;
	for (struct wait *w = j->first; w != NULL; w = w->next)
		if (w->log == f->log && w->what == WAIT_END_ASKED)
			journal_finish(w, err);
}

static void
ask_end(struct follow *f)
{
	bool any = false;

	for (struct wait *w = f->k->j.first; w != NULL; w = w->next) {
		if (w->log != f->log || w->what != WAIT_END_LATER)
			continue;
		w->what = WAIT_END_ASKED;
		any = true;
	}
	if (!any)
		return;
	f->asking = true;
	topiclog_read_to_end(f->t, READ_LIMIT_MS, on_reached, f);
}

/* Who came while a question was on its way. */
static void
ask_ends(struct kafka *k)
{
	for (size_t i = 0; i < JOURNAL_LOGS; i++)
		if (k->logs[i].t != NULL && !k->logs[i].asking)
			ask_end(&k->logs[i]);
}

static void
kafka_read_to_end(struct wait *w)
{
	struct follow *f = &kafka_of(w->j)->logs[w->log];

	if (!f->asking)
		ask_end(f);
}

/* ---- writing ----------------------------------------------------------- */

static void
on_written(void *ctx, int32_t partition, int64_t offset,
    const struct ps_error *err)
{
	struct wait *w = ctx;

	w->unwritten--;
	if (err != NULL)
		journal_finish(w, err);
	else
		w->marks[w->mark_count++] = (struct mark){ partition, offset };
}

/* By the pen: all in one transaction. */
static void
on_penned(void *ctx, const struct pen_result *r)
{
	struct wait *w = ctx;

	w->unwritten = 0;
	authors_wrote(kafka_of(w->j)->authors, r->offsets,
	    r->wrote == WROTE_OK ? r->count : 0);
	for (size_t i = 0; i < r->count && r->wrote == WROTE_OK; i++)
		w->marks[w->mark_count++] = (struct mark){ 0, r->offsets[i] };
	if (r->wrote != WROTE_OK)
		journal_finish(w, r->err);
	else if (kafka_passed(w))
		journal_finish(w, NULL);
}

static void
kafka_append(struct wait *w, const struct store_pairs *records)
{
	struct topiclog *t = kafka_of(w->j)->logs[w->log].t;
	struct pen *pen = kafka_of(w->j)->pen;
	struct ps_error err = { 0 };
	struct topiclog_write one;

	if (w->log == JOURNAL_CONFIG && pen != NULL) {
		authors_began(kafka_of(w->j)->authors);
		pen_write_sure(pen, records, on_penned, w);
		return;
	}
	for (size_t i = 0; i < records->count; i++) {
		const struct store_pair *p = &records->items[i];

		one = (struct topiclog_write){ p->key, p->key_len, p->value,
			p->value_len };
		if (err.code == PS_OK &&
		    topiclog_write(t, &one, on_written, w, &err) == 0)
			continue;
		w->unwritten--;
		journal_finish(w, &err);
	}
}

/* ---- opening ----------------------------------------------------------- */

static void
open_logs(struct kafka *k)
{
	struct ps_error err = { 0 };

	k->j.ops->stage(k->j.ctx,
	    "initializing and reading to the end of internal topics");
	for (size_t i = 0; i < JOURNAL_LOGS; i++) {
		struct follow *f = &k->logs[i];
		struct topiclog_reader reader = { on_record, on_end, f,
			TOPICLOG_FROM_START };

		f->k = k;
		f->log = (enum journal_log)i;
		f->t = topiclog_open(k->hub, k->specs[i].topic.name, &reader,
		    &err);
		if (f->t == NULL) {
			break_off(k, &err);
			return;
		}
	}
}

static void
on_look(uv_timer_t *t)
{
	topics_watch_look(((struct kafka *)t->data)->watch);
}

static void
on_harmed(void *ctx, const char *text)
{
	struct kafka *k = ctx;

	if (!k->j.closing)
		log_error(AREA, "%s", text);
}

static void
on_replaced(void *ctx, const struct ps_error *err)
{
	struct kafka *k = ctx;

	(void)uv_timer_stop(&k->look);
	break_off(k, err);
}

static const struct topics_watch_ops watch_ops = { on_harmed, on_replaced };

static void
on_topics(void *ctx, const struct ps_error *err)
{
	struct kafka *k = ctx;

	if (k->j.closing)
		return;
	if (err == NULL) {
		open_logs(k);
		(void)uv_timer_start(&k->look, on_look, 0, LOOK_MS);
		if (k->j.ops->exist != NULL)
			k->j.ops->exist(k->j.ctx);
	} else if (err->code == PS_E_RETRY) {
		log_warn(AREA, "internal topics: %s", err->text);
		k->j.ops->stage(k->j.ctx, ps_printf(k->a, "%s", err->text));
		(void)uv_timer_again(&k->again);
	} else {
		break_off(k, err);
	}
}

static void
on_again(uv_timer_t *t)
{
	struct kafka *k = t->data;

	(void)uv_timer_stop(t);
	topics_ensure(k->admin, k->specs, JOURNAL_LOGS + 1, TOPICS_LIMIT_MS,
	    on_topics, k);
}

static void
on_hub(uv_poll_t *p, int status, int events)
{
	struct kafka *k = p->data;
	struct ps_error err = { 0 };

	(void)status;
	(void)events;
	if (topiclog_serve(k->hub, &err) != 0)
		break_off(k, &err);
	ask_ends(k);
	journal_settle(&k->j);
}

static void
on_admin(uv_poll_t *p, int status, int events)
{
	struct kafka *k = p->data;

	(void)status;
	(void)events;
	(void)admin_serve(k->admin, 0);
	journal_settle(&k->j);
}

/* ---- life -------------------------------------------------------------- */

static const char *
kafka_trouble(const struct journal *j)
{
	const struct kafka *k = kafka_of(j);
	const char *harm = topics_watch_harm(k->watch);

	return harm[0] != '\0' ? harm : topiclog_trouble(k->hub);
}

static const char *
kafka_cluster_id(const struct journal *j)
{
	struct kafka *k = kafka_of(j);

	if (k->cluster_id == NULL)
		k->cluster_id = admin_cluster_id(k->admin, k->a);
	return k->cluster_id;
}

static struct admin *
kafka_admin(const struct journal *j)
{
	return kafka_of(j)->admin;
}

static void
on_closed(uv_handle_t *h)
{
	struct kafka *k = h->data;

	if (--k->handles > 0)
		return;
	journal_fini(&k->j);
	authors_free(&k->authors);
	arena_free(&k->a);
	free(k);
}

static void
close_handle(struct kafka *k, uv_handle_t *h)
{
	k->handles++;
	h->data = k;
	uv_close(h, on_closed);
}

static void
kafka_close(struct journal *j, int limit_ms)
{
	struct kafka *k = kafka_of(j);

	close_handle(k, (uv_handle_t *)&j->soon);
	close_handle(k, (uv_handle_t *)&k->again);
	close_handle(k, (uv_handle_t *)&k->look);
	if (k->admin != NULL) {
		close_handle(k, (uv_handle_t *)&k->admin_poll);
		admin_free(&k->admin, 0);
		topics_watch_free(&k->watch);
	}
	if (k->hub == NULL)
		return;
	close_handle(k, (uv_handle_t *)&k->hub_poll);
	for (size_t i = 0; i < JOURNAL_LOGS; i++)
		if (k->logs[i].t != NULL)
			topiclog_close(&k->logs[i].t);
	topiclog_hub_free(&k->hub, limit_ms);
}

void
journal_watch(struct journal *j, bool leads)
{
	authors_watch(kafka_of(j)->authors, leads);
}

void
journal_use_pen(struct journal *j, struct pen *p)
{
	struct kafka *k = kafka_of(j);

	assert(j->kind->admin == kafka_admin);
	k->pen = p;
}

static const struct journal_kind kafka_kind = {
	.append = kafka_append,
	.read_to_end = kafka_read_to_end,
	.passed = kafka_passed,
	.trouble = kafka_trouble,
	.cluster_id = kafka_cluster_id,
	.admin = kafka_admin,
	.close = kafka_close,
};

static void
on_stranger(void *ctx, const char *key, int64_t offset)
{
	struct kafka *k = ctx;

	if (!k->j.closing && k->j.ops->stranger != NULL)
		k->j.ops->stranger(k->j.ctx, key, offset);
}

static int
open_clients(struct kafka *k, const struct options *o, struct ps_error *err)
{
	struct conf_owner owner = { .worker = &o->given, .task = -1 };
	struct ps_config settings;

	for (size_t i = 0; i < JOURNAL_LOGS + 1; i++)
		if (topics_spec(k->a, &o->all, which_of[i], &k->specs[i],
			err) != 0)
			return -1;
	settings = conf_settings(k->a, CONF_INTERNAL, &owner);
	k->hub = topiclog_hub_new(&settings, TOPICLOG_COMMITTED, err);
	k->admin = k->hub == NULL ? NULL : admin_new_on_hub(k->hub, err);
	if (k->admin == NULL)
		return -1;
	k->hub_poll.data = k;
	(void)uv_poll_init(k->j.loop, &k->hub_poll, topiclog_fd(k->hub));
	(void)uv_poll_start(&k->hub_poll, UV_READABLE, on_hub);
	k->watch = topics_watch_new(k->admin, k->specs, JOURNAL_LOGS + 1,
	    &watch_ops, k);
	k->admin_poll.data = k;
	(void)uv_poll_init(k->j.loop, &k->admin_poll, admin_fd(k->admin));
	(void)uv_poll_start(&k->admin_poll, UV_READABLE, on_admin);
	return 0;
}

struct journal *
journal_open_kafka(uv_loop_t *loop, const struct options *o,
    const struct journal_ops *ops, void *ctx, struct ps_error *err)
{
	struct kafka *k = xcalloc(1, sizeof *k);
	struct journal *j = &k->j;

	journal_init(j, &kafka_kind, loop, ops, ctx);
	k->a = arena_new(ARENA_BYTES);
	k->authors = authors_new(on_stranger, k);
	k->again.data = k;
	k->look.data = k;
	(void)uv_timer_init(loop, &k->again);
	(void)uv_timer_init(loop, &k->look);
	if (open_clients(k, o, err) != 0) {
		journal_close(&j, 0);
		return NULL;
	}
	(void)uv_timer_start(&k->again, on_again, 0, AGAIN_MS);
	return j;
}
