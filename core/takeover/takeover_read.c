#include <stdlib.h>
#include <string.h>

#include "base/js.h"
#include "base/xalloc.h"
#include "config/map.h"
#include "kafka/conf.h"
#include "store/topics.h"
#include "store/wire.h"
#include "takeover/takeover_impl.h"

#define ASK_LIMIT_MS  20000
#define READ_LIMIT_MS 120000

enum { TOPICS = 3 };

/* ---- what is read ------------------------------------------------------ */

static void
on_config(void *ctx, const struct configs_event *e)
{
	struct takeover *t = ctx;
	struct ps_error err = { 0 };

	if (e->what == CONFIGS_BAD)
		takeover_problem(t,
		    "a record of the config topic is skipped: "
		    "%s",
		    e->text);
	else if (e->what == CONFIGS_PENSTOCK &&
		 strcmp(e->name, WIRE_CLUSTER) == 0)
		(void)wire_read_mark(&t->mark, e->value, e->value_len,
		    e->offset, &err); /* one that is none marks nothing */
}

static struct store_pair
pair_of(const struct topiclog_record *r)
{
	return (
	    struct store_pair){ r->key, r->key_len, r->value, r->value_len };
}

static void
on_config_record(void *ctx, const struct topiclog_record *r)
{
	struct takeover *t = ctx;
	struct store_pair pair = pair_of(r);

	if (r->key != NULL)
		configs_apply(t->configs, &pair, r->offset, CONFIGS_REPLAY);
}

static void
on_offset_record(void *ctx, const struct topiclog_record *r)
{
	struct takeover *t = ctx;
	struct store_pair pair = pair_of(r);
	struct ps_error err = { 0 };

	if (r->key != NULL && offsets_apply(t->offsets, &pair, &err) != 0)
		takeover_problem(t,
		    "a record of the offset topic is skipped: "
		    "%s",
		    err.text);
}

static void
on_status_record(void *ctx, const struct topiclog_record *r)
{
	struct takeover *t = ctx;
	struct store_pair pair = pair_of(r);
	struct ps_error err = { 0 };

	if (r->key != NULL)
		(void)statuses_apply(t->statuses, &pair, &err);
}

static topiclog_record_fn *const takers[TOPICS] = {
	[TOPICS_CONFIG] = on_config_record,
	[TOPICS_OFFSET] = on_offset_record,
	[TOPICS_STATUS] = on_status_record,
};

/* ---- answers ----------------------------------------------------------- */

static void
one_less(struct takeover *t, const struct ps_error *err)
{
	t->waiting--;
	if (err != NULL && err->code != PS_OK && t->err.code == PS_OK)
		t->err = *err;
}

static void
on_end(void *ctx, const struct ps_error *err)
{
	one_less(ctx, err);
}

struct looked {
	struct takeover *t;
	const struct topics_spec *specs;
	int partitions[TOPICS];
	const char *names[TOPICS];
};

static size_t
index_of(const struct looked *l, const char *topic)
{
	size_t i = 0;

	while (i < TOPICS && strcmp(l->names[i], topic) != 0)
		i++;
	return i;
}

static void
on_described(void *ctx, const struct admin_answer *answer)
{
	struct looked *l = ctx;

	for (size_t i = 0; i < answer->count; i++) {
		size_t at = index_of(l, answer->items[i].name);

		if (at < TOPICS && answer->items[i].code == 0)
			l->partitions[at] = answer->items[i].partitions;
	}
	one_less(l->t, &answer->error);
}

/* Who may not describe a topic's configuration is told nothing of it. */
static void
on_policies(void *ctx, const struct admin_answer *answer)
{
	struct looked *l = ctx;

	for (size_t i = 0; i < answer->count; i++) {
		const struct admin_item *item = &answer->items[i];
		size_t at = index_of(l, item->name);
		struct ps_error err = { 0 };

		if (at < TOPICS && item->code == 0 &&
		    topics_judge(&l->specs[at],
			ps_config_get(&item->configs, "cleanup.policy"),
			l->partitions[at], &err) != 0)
			takeover_problem(l->t, "%s", err.text);
	}
	one_less(l->t, NULL);
}

/* ---- the steps --------------------------------------------------------- */

/* Beside the outage that the client has noted: why nobody answers. */
static int
wait_cluster(struct takeover *t, int limit_ms, struct ps_error *err)
{
	const char *trouble;

	if (takeover_wait(t, limit_ms, err) == 0)
		return 0;
	trouble = topiclog_trouble(t->hub);
	if (trouble[0] == '\0')
		return -1;
	return ps_fail_in(err, "%s", trouble);
}

static int
look_at_topics(struct takeover *t, const struct topics_spec *specs,
    struct ps_error *err)
{
	struct looked l = { .t = t, .specs = specs };

	for (size_t i = 0; i < TOPICS; i++)
		l.names[i] = specs[i].topic.name;
	t->waiting = 1;
	admin_describe_topics(t->admin, l.names, TOPICS,
	    (struct admin_call){ on_described, &l, ASK_LIMIT_MS });
	if (wait_cluster(t, 2 * ASK_LIMIT_MS, err) != 0)
		return -1;
	for (size_t i = 0; i < TOPICS; i++)
		if (l.partitions[i] == 0)
			return ps_fail(err, PS_E_CONFIG,
			    "%s=%s: there is no such topic", specs[i].property,
			    l.names[i]);
	t->waiting = 1;
	admin_describe_configs(t->admin, l.names, TOPICS,
	    (struct admin_call){ on_policies, &l, ASK_LIMIT_MS });
	return wait_cluster(t, 2 * ASK_LIMIT_MS, err);
}

static int
read_topics(struct takeover *t, const struct topics_spec *specs,
    struct ps_error *err)
{
	struct topiclog *logs[TOPICS] = { NULL };
	int got = 0;

	t->waiting = TOPICS;
	for (size_t i = 0; i < TOPICS && got == 0; i++) {
		struct topiclog_reader reader = { takers[i], on_end, t,
			TOPICLOG_FROM_START };

		logs[i] =
		    topiclog_open(t->hub, specs[i].topic.name, &reader, err);
		got = logs[i] == NULL ? -1 : 0;
	}
	if (got == 0)
		got = wait_cluster(t, READ_LIMIT_MS, err);
	for (size_t i = 0; i < TOPICS; i++)
		if (logs[i] != NULL)
			topiclog_close(&logs[i]);
	return got;
}

/* ---- the client -------------------------------------------------------- */

static void
on_hub(uv_poll_t *p, int status, int events)
{
	struct takeover *t = p->data;
	struct ps_error err = { 0 };

	(void)status;
	(void)events;
	if (topiclog_serve(t->hub, &err) != 0 && t->err.code == PS_OK)
		t->err = err;
}

static void
on_admin(uv_poll_t *p, int status, int events)
{
	struct takeover *t = p->data;

	(void)status;
	(void)events;
	(void)admin_serve(t->admin, 0);
}

static void
watch(struct takeover *t, uv_poll_t *p, int fd, uv_poll_cb fn)
{
	p->data = t;
	(void)uv_poll_init(&t->loop, p, fd);
	(void)uv_poll_start(p, UV_READABLE, fn);
}

static int
open_client(struct takeover *t, struct ps_error *err)
{
	struct conf_owner owner = { .worker = &t->o->given, .task = -1 };
	struct ps_config settings = conf_settings(t->a, CONF_INTERNAL, &owner);

	/* A writer that is never used: it asks for no id. */
	settings = config_with(t->a, &settings, "enable.idempotence", "false");
	t->hub = topiclog_hub_new(&settings, TOPICLOG_COMMITTED, err);
	t->admin = t->hub == NULL ? NULL : admin_new_on_hub(t->hub, err);
	if (t->admin == NULL)
		return -1;
	watch(t, &t->hub_poll, topiclog_fd(t->hub), on_hub);
	watch(t, &t->admin_poll, admin_fd(t->admin), on_admin);
	return 0;
}

int
takeover_read(struct takeover *t, struct ps_error *err)
{
	struct topics_spec specs[TOPICS];

	t->configs = configs_new(on_config, t);
	t->offsets = offsets_new();
	t->statuses = statuses_new();
	for (size_t i = 0; i < TOPICS; i++)
		if (topics_spec(t->a, &t->o->all, (enum topics_which)i,
			&specs[i], err) != 0)
			return -1;
	if (open_client(t, err) != 0 || look_at_topics(t, specs, err) != 0)
		return -1;
	return read_topics(t, specs, err);
}

void
takeover_close(struct takeover *t)
{
	if (t->hub != NULL) {
		uv_close((uv_handle_t *)&t->hub_poll, NULL);
		uv_close((uv_handle_t *)&t->admin_poll, NULL);
		admin_free(&t->admin, 0);
		topiclog_hub_free(&t->hub, 0);
	}
	configs_free(&t->configs);
	offsets_free(&t->offsets);
	statuses_free(&t->statuses);
}

/* ---- positions of sinks ------------------------------------------------ */

struct group_question {
	struct takeover *t;
	json_t *list;
};

static void
on_group(void *ctx, const struct admin_answer *answer)
{
	struct group_question *q = ctx;

	for (size_t i = 0; i < answer->count; i++) {
		const struct admin_item *item = &answer->items[i];

		if (item->offset < 0)
			continue;
		(void)json_array_append_new(q->list,
		    json_pack("{s:{s:s, s:i}, s:{s:I}}", "partition",
			"kafka_topic", item->name, "kafka_partition",
			(int)item->partition, "offset", "kafka_offset",
			(json_int_t)item->offset));
	}
	one_less(q->t, &answer->error);
}

json_t *
takeover_group_offsets(struct takeover *t, const char *group,
    struct ps_error *err)
{
	struct group_question q = { t, json_array() };

	t->waiting = 1;
	admin_group_offsets(t->admin, group,
	    (struct admin_call){ on_group, &q, ASK_LIMIT_MS });
	if (takeover_wait(t, 2 * ASK_LIMIT_MS, err) == 0)
		return q.list;
	json_decref(q.list);
	return NULL;
}
