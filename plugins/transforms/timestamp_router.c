#include "date_format.h"

#define MAX_TOPIC ((size_t)249) /* Kafka's */

struct router {
	struct common common;
	const char *topic; /* topic.format */
	const struct date_format *format;
};

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	const char *pattern = ps_config_str(c, "timestamp.format");
	struct router *t = (struct router *)common_new(sizeof *t, h, self, c);

	t->topic = ps_config_str(c, "topic.format");
	t->format = date_format_new(&t->common, pattern, err);
	if (t->format != NULL)
		return t;
	(void)ps_fail_in(err,
	    "Invalid value %s for configuration timestamp.format", pattern);
	common_free(t);
	return NULL;
}

struct text {
	char *p;
	size_t left;
};

static void
add(struct text *t, const char *s, size_t len)
{
	size_t n = len < t->left ? len : t->left;

	memcpy(t->p, s, n);
	t->p += n;
	t->left -= n;
}

static const char *
made_topic(const struct router *t, struct ps_arena *a, const char *topic,
    const struct ps_value *time)
{
	char *start = (char *)ps_alloc(a, 2 * MAX_TOPIC);
	struct text to = { start, 2 * MAX_TOPIC - 1 };

	for (const char *p = t->topic; *p != '\0';) {
		if (strncmp(p, "${topic}", 8) == 0) {
			add(&to, topic, strlen(topic));
			p += 8;
		} else if (strncmp(p, "${timestamp}", 12) == 0) {
			add(&to, time->s, time->len);
			p += 12;
		} else {
			add(&to, p++, 1);
		}
	}
	*to.p = '\0';
	return start;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct router *t = (const struct router *)state;
	struct ps_value time;

	if (r->timestamp == PS_NO_TIMESTAMP || r->timestamp == PS_NOW)
		return ps_fail(w->err, PS_E_DATA,
		    "Timestamp missing on record: of topic %s", r->topic);
	time = date_format_put(t->format, w->arena, r->timestamp);
	r->topic = made_topic(t, w->arena, r->topic, &time);
	if (strlen(r->topic) > MAX_TOPIC)
		return ps_fail(w->err, PS_E_DATA,
		    "the new topic name is longer than %zu", MAX_TOPIC);
	return 0;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops timestamp_router_ops = { create, apply,
	common_free };

const struct ps_key timestamp_router_keys[TIMESTAMP_ROUTER_KEYS] = {
	{ .name = "topic.format",
	    .type = PS_KEY_STRING,
	    .default_value = "${topic}-${timestamp}",
	    .importance = PS_HIGH,
	    .doc = "The new topic; ${topic} and ${timestamp} stand for the "
		   "record's topic and time." },
	{ .name = "timestamp.format",
	    .type = PS_KEY_STRING,
	    .default_value = "yyyyMMdd",
	    .importance = PS_HIGH,
	    .doc = "How ${timestamp} is written: a pattern of Java's "
		   "SimpleDateFormat." },
};
