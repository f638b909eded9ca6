#include "store/topics.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "store/stored.h"

static const struct ps_setting compacted[] = {
	{ "cleanup.policy", "compact" },
};

/* Segments end with the hour: an open one is not deleted. */
static const struct ps_setting leased[] = {
	{ "cleanup.policy", "delete" },
	{ "retention.ms", "3600000" },
	{ "segment.ms", "3600000" },
};

#define FIXED(list) list, sizeof(list) / sizeof *(list)

static const struct kind {
	const char *property, *suffix, *prefix;
	const char *partitions; /* by default, NULL: always one */
	struct ps_config fixed;
	const char *what;
} kinds[] = {
	[TOPICS_CONFIG] = { "config.storage.topic", "", "config.storage.", NULL,
	    { FIXED(compacted) }, "connector configurations" },
	[TOPICS_OFFSET] = { "offset.storage.topic", "", "offset.storage.", "25",
	    { FIXED(compacted) }, "source connector offsets" },
	[TOPICS_STATUS] = { "status.storage.topic", "", "status.storage.", "5",
	    { FIXED(compacted) }, "connector and task statuses" },
	[TOPICS_LEASE] = { "config.storage.topic", "-penstock",
	    "config.storage.", NULL, { FIXED(leased) }, "workers' leases" },
};

/* Keys of the prefix that are not settings of the topic itself. */
static const char *const own_keys[] = { "topic", "replication.factor",
	"partitions" };

static bool
is_own(const struct kind *k, const char *name)
{
	for (size_t i = 0; i < sizeof own_keys / sizeof *own_keys; i++)
		if (strcmp(own_keys[i], name) == 0)
			return true;
	return ps_config_has(&k->fixed, name);
}

static struct ps_config
settings_of(struct ps_arena *a, const struct ps_config *worker,
    const struct kind *k)
{
	size_t len = strlen(k->prefix), n = k->fixed.count;
	struct ps_setting *s = ps_calloc(a, worker->count + n, sizeof *s);

	memcpy(s, k->fixed.settings, n * sizeof *s);
	for (size_t i = 0; i < worker->count; i++) {
		const struct ps_setting *w = &worker->settings[i];

		if (text_starts(w->key, k->prefix) && !is_own(k, w->key + len))
			s[n++] = (struct ps_setting){ w->key + len, w->value };
	}
	return stored_sorted(s, n);
}

static int
number_of(const struct ps_config *worker, const char *key, const char *absent,
    int *out, struct ps_error *err)
{
	const char *text = ps_config_get(worker, key);
	int64_t n;

	if (text == NULL)
		text = absent;
	if (text_int64(text, -1, INT16_MAX, &n) != 0 || n == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "%s=%s: a positive number or -1 is expected", key, text);
	*out = (int)n;
	return 0;
}

int
topics_spec(struct ps_arena *a, const struct ps_config *worker,
    enum topics_which which, struct topics_spec *out, struct ps_error *err)
{
	const struct kind *k = &kinds[which];
	const char *name = ps_config_get(worker, k->property);

	if (name == NULL || name[0] == '\0')
		return ps_fail(err, PS_E_CONFIG,
		    "%s is missing: the name of a topic is expected",
		    k->property);
	*out = (struct topics_spec){ .which = which, .property = k->property };
	out->topic.name = ps_printf(a, "%s%s", name, k->suffix);
	out->topic.configs = settings_of(a, worker, k);
	out->topic.partitions = 1;
	if (k->partitions != NULL &&
	    number_of(worker, ps_printf(a, "%spartitions", k->prefix),
		k->partitions, &out->topic.partitions, err) != 0)
		return -1;
	return number_of(worker,
	    ps_printf(a, "%sreplication.factor", k->prefix), "3",
	    &out->topic.replicas, err);
}

static int
refuse_partitions(const struct topics_spec *spec, int partitions,
    struct ps_error *err)
{
	const char *name = spec->topic.name;

	if (spec->which == TOPICS_LEASE)
		return ps_fail(err, PS_E_CONFIG,
		    "Topic '%s' holds the %s of this cluster and is required "
		    "to have a single partition, but found %d partitions. To "
		    "fix: stop all workers, kafka-topics.sh --delete --topic "
		    "%s (nothing in it is older than an hour), start them",
		    name, kinds[spec->which].what, partitions, name);
	return ps_fail(err, PS_E_CONFIG,
	    "Topic '%s' supplied via the '%s' property is required to have a "
	    "single partition in order to guarantee consistency of %s, but "
	    "found %d partitions. Name another topic, or copy its records to "
	    "one made with `kafka-topics.sh --create --topic NAME "
	    "--partitions 1 --config cleanup.policy=compact`",
	    name, spec->property, kinds[spec->which].what, partitions);
}

static int
refuse_policy(const struct topics_spec *spec, const char *policy,
    struct ps_error *err)
{
	const char *name = spec->topic.name, *what = kinds[spec->which].what;

	if (spec->which == TOPICS_LEASE)
		return ps_fail(err, PS_E_CONFIG,
		    "Topic '%s' holds the %s of this cluster and is required "
		    "to have 'cleanup.policy=delete', but found the topic "
		    "currently has 'cleanup.policy=%s'. To fix: "
		    "kafka-configs.sh --alter --entity-type topics "
		    "--entity-name %s --add-config cleanup.policy=delete",
		    name, what, policy, name);
	return ps_fail(err, PS_E_CONFIG,
	    "Topic '%s' supplied via the '%s' property is required to have "
	    "'cleanup.policy=compact' to guarantee consistency and durability "
	    "of %s, but found the topic currently has 'cleanup.policy=%s'. "
	    "Continuing would likely result in eventually losing %s. To fix: "
	    "kafka-configs.sh --alter --entity-type topics --entity-name %s "
	    "--add-config cleanup.policy=compact",
	    name, spec->property, what, policy, what, name);
}

int
topics_judge(const struct topics_spec *spec, const char *policy, int partitions,
    struct ps_error *err)
{
	const struct kind *k = &kinds[spec->which];

	if (k->partitions == NULL && partitions != 1)
		return refuse_partitions(spec, partitions, err);
	if (policy != NULL &&
	    strcmp(policy, ps_config_str(&k->fixed, "cleanup.policy")) != 0)
		return refuse_policy(spec, policy, err);
	return 0;
}

/* The topics on their way: looked at, created where missing, looked
 * at again, checked. */
struct ensure {
	struct admin *ad;
	const struct topics_spec *specs;
	size_t count;
	int limit_ms;
	topics_fn *fn;
	void *ctx;
	int *partitions; /* by spec, 0: missing */
	const char **names;
	struct clock_ms start;
	const char *other; /* has records; NULL: none has */
};

static void
finish(struct ensure *e, const struct ps_error *err)
{
	topics_fn *fn = e->fn;
	void *ctx = e->ctx;
	union {
		const char **in;
		void *out;
	} u = { .in = e->names };

	free(e->partitions);
	free(u.out);
	free(e);
	fn(ctx, err);
}

/* What the answer says of a topic, NULL: nothing. */
static const struct admin_item *
item_of(const struct admin_answer *answer, const char *topic)
{
	for (size_t i = 0; i < answer->count; i++)
		if (strcmp(answer->items[i].name, topic) == 0)
			return &answer->items[i];
	return NULL;
}

static void
on_configs(void *ctx, const struct admin_answer *answer)
{
	struct ensure *e = ctx;
	struct ps_error err = { PS_OK, "" };
	const struct admin_item *it;
	const char *policy;

	for (size_t i = 0; i < e->count; i++) {
		it = item_of(answer, e->names[i]);
		/* Who may not describe it gets no check, as in Connect. */
		policy = it == NULL || it->code != 0
			     ? NULL
			     : ps_config_get(&it->configs, "cleanup.policy");
		if (topics_judge(&e->specs[i], policy, e->partitions[i],
			&err) != 0)
			break;
	}
	finish(e, err.code == PS_OK ? NULL : &err);
}

static void
check_configs(struct ensure *e)
{
	admin_describe_configs(e->ad, e->names, e->count,
	    (struct admin_call){ on_configs, e, e->limit_ms });
}

static void
fail(struct ensure *e, const struct ps_error *cause)
{
	struct ps_error err = *cause;

	(void)ps_fail_in(&err, "internal topics");
	finish(e, &err);
}

static bool
is_missing(const struct admin_item *it)
{
	return it->code == (int)RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	       (it->code == 0 && it->partitions == 0);
}

/* Notes what there is; the first topic that cannot be seen is an error. */
static const struct admin_item *
note_topics(struct ensure *e, const struct admin_answer *answer)
{
	const struct admin_item *it;

	for (size_t i = 0; i < e->count; i++) {
		it = item_of(answer, e->names[i]);
		e->partitions[i] = it == NULL ? 0 : it->partitions;
		if (it != NULL && it->code != 0 && !is_missing(it))
			return it;
	}
	return NULL;
}

static size_t
count_missing(const struct ensure *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->count; i++)
		n += e->partitions[i] == 0;
	return n;
}

/* Broken by the world, or by what the user asked for. */
static bool
is_refused(struct ensure *e, const struct admin_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		if (answer->items[i].code != 0) {
			fail(e, &answer->items[i].error);
			return true;
		}
	if (answer->code == 0)
		return false;
	fail(e, &answer->error);
	return true;
}

/* What was just created is not known to every broker at once: asked again
 * until the time is over. */
static void
on_seen(void *ctx, const struct admin_answer *answer)
{
	struct ensure *e = ctx;
	const struct admin_item *bad = note_topics(e, answer);
	struct ps_error err = { PS_OK, "" };

	if (answer->code != 0) {
		fail(e, &answer->error);
	} else if (bad != NULL) {
		fail(e, &bad->error);
	} else if (count_missing(e) == 0) {
		check_configs(e);
	} else if (clock_since(e->start, clock_now()) < e->limit_ms) {
		admin_describe_topics(e->ad, e->names, e->count,
		    (struct admin_call){ on_seen, e, e->limit_ms });
	} else {
		(void)ps_fail(&err, PS_E_RETRY,
		    "internal topics: created, but not there after %d ms",
		    e->limit_ms);
		finish(e, &err);
	}
}

static void
on_created(void *ctx, const struct admin_answer *answer)
{
	struct ensure *e = ctx;

	if (!is_refused(e, answer))
		admin_describe_topics(e->ad, e->names, e->count,
		    (struct admin_call){ on_seen, e, e->limit_ms });
}

static void
create_missing(struct ensure *e)
{
	struct admin_new_topic *list = xcalloc(e->count, sizeof *list);
	size_t n = 0;

	for (size_t i = 0; i < e->count; i++)
		if (e->partitions[i] == 0)
			list[n++] = e->specs[i].topic;
	admin_create_topics(e->ad, list, n,
	    (struct admin_call){ on_created, e, e->limit_ms });
	free(list);
}

/* ---- what is not assumed to be empty ----------------------------------- */

/* Without it a cluster that was would begin anew, as if it had never been. */
static bool
is_lost(const struct ensure *e, size_t i)
{
	return e->partitions[i] == 0 && (e->specs[i].which == TOPICS_CONFIG ||
					    e->specs[i].which == TOPICS_OFFSET);
}

/* The first such, `count` if there is none. */
static size_t
find_lost(const struct ensure *e)
{
	size_t i = 0;

	while (i < e->count && !is_lost(e, i))
		i++;
	return i;
}

static void
refuse_lost(struct ensure *e, const struct topics_spec *spec)
{
	struct ps_error err = { PS_OK, "" };

	(void)ps_fail(&err, PS_E_CONFIG,
	    "Topic '%s' (%s) is missing, but '%s' has records: the %s of a "
	    "cluster were in it, and are not taken for none. Put it back; or, "
	    "if they are to be forgotten, make it: kafka-topics.sh --create "
	    "--topic %s --partitions %d --config cleanup.policy=compact",
	    spec->topic.name, spec->property, e->other, kinds[spec->which].what,
	    spec->topic.name, spec->topic.partitions);
	finish(e, &err);
}

/* Another worker may have made them all meanwhile, and written to some. */
static void
on_second_look(void *ctx, const struct admin_answer *answer)
{
	struct ensure *e = ctx;
	const struct admin_item *bad = note_topics(e, answer);
	size_t lost = find_lost(e);

	if (answer->code != 0)
		fail(e, &answer->error);
	else if (bad != NULL)
		fail(e, &bad->error);
	else if (lost < e->count)
		refuse_lost(e, &e->specs[lost]);
	else if (count_missing(e) > 0)
		create_missing(e);
	else
		check_configs(e);
}

static void
on_others(void *ctx, const struct admin_answer *answer)
{
	struct ensure *e = ctx;

	for (size_t i = 0; i < answer->count && e->other == NULL; i++)
		for (size_t n = 0; n < e->count; n++)
			if (answer->items[i].offset > 0 &&
			    strcmp(e->names[n], answer->items[i].name) == 0)
				e->other = e->names[n];
	if (answer->code != 0)
		fail(e, &answer->error);
	else if (e->other == NULL)
		create_missing(e);
	else
		admin_describe_topics(e->ad, e->names, e->count,
		    (struct admin_call){ on_second_look, e, e->limit_ms });
}

/* Have those that are there records? */
static void
ask_others(struct ensure *e)
{
	struct consumer_position *list;
	size_t n = 0, all = 0;

	for (size_t i = 0; i < e->count; i++)
		all += (size_t)e->partitions[i];
	list = xcalloc(all + 1, sizeof *list);
	for (size_t i = 0; i < e->count; i++)
		for (int p = 0;
		     p < e->partitions[i] && e->specs[i].which != TOPICS_LEASE;
		     p++)
			list[n++] = (struct consumer_position){ e->names[i], p,
				CONSUMER_END, 0 };
	if (n > 0)
		admin_list_offsets(e->ad, list, n, ADMIN_UNCOMMITTED,
		    (struct admin_call){ on_others, e, e->limit_ms });
	else
		create_missing(e);
	free(list);
}

static void
on_first_look(void *ctx, const struct admin_answer *answer)
{
	struct ensure *e = ctx;
	const struct admin_item *bad = note_topics(e, answer);

	if (answer->code != 0)
		fail(e, &answer->error);
	else if (bad != NULL)
		fail(e, &bad->error);
	else if (count_missing(e) == 0)
		check_configs(e);
	else if (find_lost(e) < e->count)
		ask_others(e);
	else
		create_missing(e);
}

void
topics_ensure(struct admin *ad, const struct topics_spec *specs, size_t count,
    int limit_ms, topics_fn *fn, void *ctx)
{
	struct ensure *e = xcalloc(1, sizeof *e);

	*e = (struct ensure){ .ad = ad,
		.specs = specs,
		.count = count,
		.limit_ms = limit_ms,
		.fn = fn,
		.ctx = ctx,
		.start = clock_now(),
		.partitions = xcalloc(count, sizeof(int)),
		.names = xcalloc(count, sizeof(char *)) };
	for (size_t i = 0; i < count; i++)
		e->names[i] = specs[i].topic.name;
	admin_describe_topics(ad, e->names, count,
	    (struct admin_call){ on_first_look, e, limit_ms });
}
