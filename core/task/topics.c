#include "task/topics.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/dict.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "task/asking.h"
#include "task/topic_groups.h"
#include "task/wait.h"

enum { CLOSE_MS = 50, AGAIN_MS = 200, READY_MS = 300, CHUNK = 4096 };

struct known {
	struct producer_topic *handle;
	char name[];
};

struct topics {
	struct task *task;
	struct producer *producer;
	struct admin *admin; /* NULL until needed */
	struct ps_arena *arena, *scratch;
	struct topic_groups *groups; /* NULL: the broker creates */
	struct dict *table;          /* name to struct known */
	const struct known *last;
	bool is_tracked;
};

struct topics *
topics_new(struct task *t, struct producer *p, struct ps_error *err)
{
	struct topics *tp = xcalloc(1, sizeof *tp);
	const struct settings *s = &t->settings;

	tp->task = t;
	tp->producer = p;
	tp->arena = arena_new(CHUNK);
	tp->table = dict_new();
	tp->scratch = arena_new(CHUNK);
	tp->is_tracked =
	    strcmp(settings_str(s, "topic.tracking.enable", "true"), "true") ==
	    0;
	if (strcmp(settings_str(s, "topic.creation.enable", "true"), "true") ==
		0 &&
	    topic_groups_new(tp->arena, &s->config, &tp->groups, err) != 0)
		topics_free(&tp);
	return tp;
}

void
topics_free(struct topics **tpp)
{
	struct topics *tp = *tpp;
	const struct dict_entry *e;

	if (tp == NULL)
		return;
	for (e = dict_first(tp->table); e != NULL; e = dict_next(e))
		free(dict_value(e));
	dict_free(&tp->table);
	admin_free(&tp->admin, CLOSE_MS);
	topic_groups_free(&tp->groups);
	arena_free(&tp->arena);
	arena_free(&tp->scratch);
	free(tp);
	*tpp = NULL;
}

/* Reports come meanwhile. */
static struct asking
asking_of(const struct topics *tp)
{
	return (struct asking){ .admin = tp->admin, .producer = tp->producer };
}

/* What the call asks for does no harm when another task does the same, so it
 * need not be taken back. */
static void
wait_answer(struct topics *tp, struct asking *a)
{
	struct ps_error why = { PS_OK, "" };

	if (asking_wait(a, tp->task, "its answer", ASKING_ANSWER_MS, &why) == 0)
		return;
	admin_free(&tp->admin, 0); /* nobody hears of it any more */
	a->error = why;
}

static void
create(struct topics *tp, const char *name, struct asking *a)
{
	struct admin_new_topic topic =
	    topic_groups_match(tp->groups, tp->scratch, name);

	*a = asking_of(tp);
	admin_create_topics(tp->admin, &topic, 1,
	    (struct admin_call){ asking_answered, a, ASKING_CALL_MS });
	wait_answer(tp, a);
	if (a->error.code == PS_OK)
		log_info("task",
		    "Created topic %s with %d partitions and replication "
		    "factor %d",
		    name, topic.partitions, topic.replicas);
}

/* One try: it is there, or was created. */
static int
ensure(struct topics *tp, const char *name, struct ps_error *err)
{
	struct asking a;

	if (tp->admin == NULL)
		tp->admin = admin_new_on_producer(tp->producer, err);
	if (tp->admin == NULL)
		return -1;
	a = asking_of(tp);
	admin_describe_topics(tp->admin, &name, 1,
	    (struct admin_call){ asking_answered, &a, ASKING_CALL_MS });
	wait_answer(tp, &a);
	if (a.code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		create(tp, name, &a);
	arena_reset(tp->scratch, CHUNK);
	if (a.error.code == PS_OK)
		return 0;
	return ps_fail(err, a.error.code, "topic %s: %s", name, a.error.text);
}

/* Tries until it works, a stop is wanted, or no retry can help. */
static int
make_ready(struct topics *tp, struct known *k, struct ps_error *err)
{
	struct task *t = tp->task;
	struct ps_error why = { 0 };
	int partitions, result;

	do {
		if (wait_for_lease(t, err) != 0)
			return -1;
		ps_error_clear(&why);
		result = tp->groups == NULL ? 0 : ensure(tp, k->name, &why);
		if (result == 0)
			result = producer_topic_ready(tp->producer, k->handle,
			    READY_MS, &partitions, &why);
		if (result == 0)
			break;
		if (why.code != PS_E_RETRY)
			return ps_fail(err, why.code, "%s", why.text);
		task_set_cause(t, why.text);
		if (task_status(t, "RUNNING", err) != 0 ||
		    producer_serve(tp->producer, 0, err) < 0)
			return -1;
	} while (task_sleep(t, AGAIN_MS));
	task_set_cause(t, NULL);
	if (result != 0)
		return ps_fail(err, PS_E_RETRY, "stopped");
	/* What waited for the topic is not sent while it is suspended. */
	return wait_for_lease(t, err);
}

static int
announce(struct topics *tp, const char *name, struct ps_error *err)
{
	struct msg m = { .type = MSG_TYPE_TOPIC };

	if (!tp->is_tracked)
		return 0;
	m.topic.name = name;
	return uplink_send(tp->task->uplink, &m, err);
}

/* The first time a name is seen. */
static struct known *
make_known(struct topics *tp, const char *name, struct ps_error *err)
{
	size_t len = strlen(name);
	struct known *k = xcalloc(1, sizeof *k + len + 1);

	memcpy(k->name, name, len + 1);
	k->handle = producer_topic(tp->producer, name);
	if (k->handle == NULL || make_ready(tp, k, err) != 0 ||
	    announce(tp, name, err) != 0) {
		free(k);
		return NULL;
	}
	(void)dict_put_str(tp->table, name, k);
	return k;
}

struct producer_topic *
topics_get(struct topics *tp, const char *name, struct ps_error *err)
{
	const struct known *k = tp->last;

	if (k != NULL && strcmp(k->name, name) == 0)
		return k->handle;
	k = (const struct known *)dict_get_str(tp->table, name);
	if (k == NULL)
		k = make_known(tp, name, err);
	if (k == NULL)
		return NULL;
	tp->last = k;
	return k->handle;
}
