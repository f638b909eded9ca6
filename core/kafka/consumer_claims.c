#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "kafka/consumer_impl.h"
#include "kafka/group_others.h"

#define ASK_MIN_MS 1000
#define ASK_MAX_MS 30000
#define ANSWER_MS  10000

struct survey {
	struct consumer *c;
	const rd_kafka_ConsumerGroupDescription_t *group;
	char *self;
	const char *topic;
	bool *has; /* by partition of the topic */
	size_t count;
	/* The first that is nobody's, and how many there are. */
	const char *first_topic;
	int32_t first;
	size_t missing;
};

void
consumer_watch_claims(struct consumer *c, int64_t limit_ms)
{
	c->claims.limit_ms = limit_ms;
	c->claims.next_ask = clock_now();
}

static int64_t
pause_ms(const struct consumer *c)
{
	int64_t ms = c->claims.limit_ms / 2;

	return ms < ASK_MIN_MS ? ASK_MIN_MS : ms > ASK_MAX_MS ? ASK_MAX_MS : ms;
}

void
consumer_ask_claims(struct consumer *c)
{
	if (c->claims.limit_ms == 0 || c->claims.asked || c->closing ||
	    clock_since(c->claims.next_ask, clock_now()) < 0)
		return;
	c->claims.asked = true;
	group_others_ask(c->rk, c->group_id, c->events, ANSWER_MS, NULL);
}

/* ---- who has what ------------------------------------------------------ */

static size_t
stem_of(const char *id)
{
	size_t n = strlen(id);

	while (n > 0 && id[n - 1] >= '0' && id[n - 1] <= '9')
		n--;
	return n;
}

static bool
is_like_us(const struct consumer *c, const rd_kafka_MemberDescription_t *m)
{
	const char *id = rd_kafka_MemberDescription_client_id(m);
	size_t n = stem_of(c->client_id);

	return stem_of(id) == n && strncmp(id, c->client_id, n) == 0;
}

static const rd_kafka_topic_partition_list_t *
list_of(const rd_kafka_MemberDescription_t *m)
{
	const rd_kafka_MemberAssignment_t *a =
	    rd_kafka_MemberDescription_assignment(m);

	return a == NULL ? NULL : rd_kafka_MemberAssignment_partitions(a);
}

static void
mark(struct survey *s, const char *topic, int32_t partition)
{
	if (partition >= 0 && (size_t)partition < s->count &&
	    strcmp(topic, s->topic) == 0)
		s->has[partition] = true;
}

/* What we have is what we read, whatever the group takes us to have. */
static void
mark_of(struct survey *s, const rd_kafka_MemberDescription_t *m)
{
	const rd_kafka_topic_partition_list_t *l = list_of(m);

	if (!is_like_us(s->c, m) || l == NULL ||
	    (s->self != NULL &&
		strcmp(s->self, rd_kafka_MemberDescription_consumer_id(m)) ==
		    0))
		return;
	for (int i = 0; i < l->cnt; i++)
		mark(s, l->elems[i].topic, l->elems[i].partition);
}

static void
look_at_topic(struct survey *s)
{
	const struct consumer *c = s->c;
	size_t members =
	    rd_kafka_ConsumerGroupDescription_member_count(s->group);

	s->has = xcalloc(s->count + 1, sizeof *s->has);
	for (size_t i = 0; i < c->part_count; i++)
		mark(s, c->parts[i].position.topic,
		    c->parts[i].position.partition);
	for (size_t i = 0; i < members; i++)
		mark_of(s,
		    rd_kafka_ConsumerGroupDescription_member(s->group, i));
	for (size_t i = 0; i < s->count; i++) {
		if (s->has[i])
			continue;
		if (s->missing++ > 0)
			continue;
		s->first_topic = s->topic;
		s->first = (int32_t)i;
	}
	free(s->has);
}

static size_t
count_of(const struct consumer *c, const char *topic)
{
	for (size_t i = 0; i < c->seen_count; i++)
		if (c->seen[i].name == topic)
			return c->seen[i].is_missing ? 0 : c->seen[i].count;
	return 0;
}

static void
survey(struct survey *s)
{
	struct consumer *c = s->c;
	const char **names =
	    xcalloc(c->wanted_count + c->part_count + 1, sizeof *names);
	size_t n = consumer_topic_names(c, names);

	s->self = rd_kafka_memberid(c->rk);
	for (size_t i = 0; i < n; i++) {
		s->topic = names[i];
		s->count = count_of(c, names[i]);
		look_at_topic(s);
	}
	if (s->self != NULL)
		rd_kafka_mem_free(c->rk, s->self);
	free(names);
}

/* ---- saying so --------------------------------------------------------- */

static bool
has_first(const struct survey *s, const rd_kafka_MemberDescription_t *m)
{
	const rd_kafka_topic_partition_list_t *l = list_of(m);

	for (int i = 0; l != NULL && i < l->cnt; i++)
		if (l->elems[i].partition == s->first &&
		    strcmp(l->elems[i].topic, s->first_topic) == 0)
			return true;
	return false;
}

static const rd_kafka_MemberDescription_t *
holder_of_first(const struct survey *s)
{
	size_t members =
	    rd_kafka_ConsumerGroupDescription_member_count(s->group);

	for (size_t i = 0; i < members; i++) {
		const rd_kafka_MemberDescription_t *m =
		    rd_kafka_ConsumerGroupDescription_member(s->group, i);

		if (has_first(s, m))
			return m;
	}
	return NULL;
}

/* Members of a group that rebalances are not told with what they have. */
static void
explain(const struct survey *s, struct ps_error *why)
{
	const rd_kafka_MemberDescription_t *m = holder_of_first(s);
	rd_kafka_consumer_group_state_t state =
	    rd_kafka_ConsumerGroupDescription_state(s->group);
	char what[384], more[40] = "";

	if (s->missing > 1)
		(void)snprintf(more, sizeof more, "(and %zu more) ",
		    s->missing - 1);
	(void)snprintf(what, sizeof what, "topic %.249s, partition %d %s",
	    s->first_topic, (int)s->first, more);
	if (m != NULL)
		(void)ps_fail(why, PS_E_RETRY,
		    "%sis read by no task of this connector: a stranger in "
		    "group %s has it (client %.100s, host %.100s)",
		    what, s->c->group_id,
		    rd_kafka_MemberDescription_client_id(m),
		    rd_kafka_MemberDescription_host(m));
	else if (state == RD_KAFKA_CONSUMER_GROUP_STATE_STABLE)
		(void)ps_fail(why, PS_E_RETRY,
		    "%sis read by no task of this connector: group %s has "
		    "given it to nobody",
		    what, s->c->group_id);
	else
		(void)ps_fail(why, PS_E_RETRY,
		    "%sis perhaps read by no task of this connector: group %s "
		    "does not settle (%s)",
		    what, s->c->group_id,
		    rd_kafka_consumer_group_state_name(state));
}

/* A rebalance leaves partitions without an owner for a moment. */
static int
judge(struct consumer *c, const struct survey *s, struct consumer_event *out)
{
	struct consumer_claims *claims = &c->claims;
	struct clock_ms now = clock_now();

	if (s->missing > 0 && claims->since.ms == 0)
		claims->since = now;
	if (s->missing == 0)
		claims->since.ms = 0;
	if (s->missing > 0 &&
	    clock_since(claims->since, now) < claims->limit_ms)
		return 0;
	if (s->missing == 0 && !claims->told)
		return 0;
	claims->told = s->missing > 0;
	if (s->missing > 0)
		explain(s, &out->error);
	out->what = CONSUMER_UNCLAIMED;
	return 1;
}

int
consumer_take_claims(struct consumer *c, rd_kafka_event_t *ev,
    struct consumer_event *out)
{
	const rd_kafka_DescribeConsumerGroups_result_t *r =
	    rd_kafka_event_DescribeConsumerGroups_result(ev);
	const rd_kafka_ConsumerGroupDescription_t **groups;
	struct survey s = { .c = c };
	size_t n = 0;

	c->claims.asked = false;
	c->claims.next_ask = clock_after(clock_now(), pause_ms(c));
	if (r == NULL || c->closing ||
	    rd_kafka_event_error(ev) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	groups = rd_kafka_DescribeConsumerGroups_result_groups(r, &n);
	/* What cannot be found out is not told. */
	if (n != 1 ||
	    rd_kafka_ConsumerGroupDescription_error(groups[0]) != NULL)
		return 0;
	s.group = groups[0];
	survey(&s);
	return judge(c, &s, out);
}
