#include "letters/replay_put.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "config/check.h"
#include "config/map.h"
#include "kafka/conf.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "letters/letters.h"

enum { TXN_MS = 20000, READY_MS = 10000, CLOSE_MS = 2000, SERVE_MS = 100 };

struct replay_put {
	struct producer *producer;
	const char *group;
	struct producer_topic *topic; /* whose partitions were asked for last */
	int partitions;
	struct ps_error failed; /* of a record on its way */
};

/* ---- where it may go --------------------------------------------------- */

bool
replay_may_go_to(const struct settings *s, const char *topic)
{
	static const char *const own[] = { "config.storage.topic",
		"offset.storage.topic", "status.storage.topic" };
	const char *regex = ps_config_str(&s->common, "topics.regex");
	struct ps_list topics = ps_config_list(&s->common, "topics", s->arena);

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (text_starts(topic, ps_config_str(&s->worker, own[i])) &&
		    ps_config_has(&s->worker, own[i]))
			return false;
	if (text_starts(topic, "__") || strcmp(topic, letters_topic(s)) == 0)
		return false;
	if (!settings_is_sink(s))
		return true;
	for (size_t i = 0; i < topics.count; i++)
		if (strcmp(topics.items[i], topic) == 0)
			return true;
	return regex[0] != '\0' && check_matches(regex, topic);
}

/* ---- the producer ------------------------------------------------------ */

static void
on_report(void *ctx, const struct producer_report *r)
{
	struct replay_put *p = (struct replay_put *)ctx;

	if (r->failed != NULL)
		(void)ps_fail(&p->failed, r->failed->code, "%s",
		    r->failed->text);
}

struct replay_put *
replay_put_new(const struct settings *s, const char *group,
    struct ps_error *err)
{
	const struct conf_owner owner = { &s->worker, &s->config, s->connector,
		-1 };
	struct ps_config c = conf_settings(s->arena, CONF_DEAD_LETTER, &owner);
	struct replay_put *p = xcalloc(1, sizeof *p);

	c = config_with(s->arena, &c, "enable.idempotence", "true");
	c = config_with(s->arena, &c, "transactional.id",
	    ps_printf(s->arena, "%s-%s", group,
		ps_config_str(&s->worker, "group.id")));
	p->group = group;
	p->producer = producer_new(&c, on_report, p, err);
	if (p->producer == NULL ||
	    producer_txn_init(p->producer, TXN_MS, err) != 0)
		replay_put_free(&p);
	return p;
}

void
replay_put_free(struct replay_put **pp)
{
	struct replay_put *p = *pp;

	if (p == NULL)
		return;
	if (p->producer != NULL && producer_txn_is_open(p->producer))
		(void)producer_txn_abort(p->producer, TXN_MS, NULL);
	if (p->producer != NULL)
		producer_free(&p->producer, CLOSE_MS);
	free(p);
	*pp = NULL;
}

/* ---- one transaction --------------------------------------------------- */

static int
say_fenced(const struct replay_put *p, struct ps_error *err)
{
	if (producer_txn_state(p->producer) != PRODUCER_TXN_FENCED)
		return -1;
	return ps_fail_in(err,
	    "another replay of the same dead letters took over");
}

int
replay_begin(struct replay_put *p, struct ps_error *err)
{
	return producer_txn_begin(p->producer, err) == 0 ? 0
							 : say_fenced(p, err);
}

static bool
stays(const struct replay_to *to, const char *name)
{
	return strcmp(name, LETTERS_REPLAYS) != 0 &&
	       (to->keeps_context || !text_starts(name, LETTERS_CONTEXT));
}

static struct producer_header *
headers_of(struct ps_arena *a, const struct ps_record *r,
    const struct replay_to *to, size_t *count)
{
	struct producer_header *h = (struct producer_header *)ps_calloc(a,
	    r->header_count + 1, sizeof *h);
	const char *text = ps_printf(a, "%lld", (long long)to->replays);
	size_t n = 0;

	for (size_t i = 0; i < r->header_count; i++)
		if (stays(to, r->headers[i].name))
			h[n++] = (struct producer_header){ r->headers[i].name,
				r->headers[i].name_len, r->headers[i].raw.data,
				r->headers[i].raw.len };
	if (to->replays > 0)
		h[n++] = (struct producer_header){ LETTERS_REPLAYS,
			sizeof LETTERS_REPLAYS - 1, text, strlen(text) };
	*count = n;
	return h;
}

/* The topic may have fewer partitions than it had. */
static int
partition_of(struct replay_put *p, struct producer_topic *t,
    const struct replay_to *to, int32_t *out, struct ps_error *err)
{
	if (t != p->topic && producer_topic_ready(p->producer, t, READY_MS,
				 &p->partitions, err) != 0)
		return -1;
	p->topic = t;
	*out = to->partition < p->partitions ? to->partition : PS_NO_PARTITION;
	return 0;
}

int
replay_put(struct replay_put *p, struct ps_arena *a, const struct ps_record *r,
    const struct replay_to *to, struct ps_error *err)
{
	struct producer_topic *t = producer_topic(p->producer, to->topic);
	struct producer_record out = { .key = r->raw_key.data,
		.key_len = r->raw_key.len,
		.value = r->raw_value.data,
		.value_len = r->raw_value.len,
		.timestamp = r->timestamp };
	struct ps_error why = { 0 };

	if (t == NULL)
		return ps_fail(err, PS_E_DATA, "topic %s: no such name",
		    to->topic);
	if (partition_of(p, t, to, &out.partition, err) != 0)
		return -1;
	out.headers = headers_of(a, r, to, &out.header_count);
	while (producer_send(p->producer, t, &out, &why) != 0) {
		if (why.code != PS_E_RETRY)
			return ps_fail(err, why.code, "%s", why.text);
		ps_error_clear(&why);
		if (producer_serve(p->producer, SERVE_MS, err) < 0)
			return -1;
	}
	return 0;
}

int
replay_commit(struct replay_put *p, const struct replay_progress *at,
    struct ps_error *err)
{
	const struct consumer_position position = { .topic = at->topic,
		.partition = at->partition,
		.offset = at->next };

	if (producer_txn_note(p->producer, &position, at->beyond, p->group,
		err) != 0 ||
	    producer_txn_commit(p->producer, TXN_MS, err) != 0)
		return say_fenced(p, err);
	if (p->failed.code != PS_OK)
		return ps_fail(err, p->failed.code, "%s", p->failed.text);
	return 0;
}
