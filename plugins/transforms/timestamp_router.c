#include "date_format.h"
#include "topic_format.h"

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

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct router *t = (const struct router *)state;
	struct ps_value time;

	if (r->timestamp == PS_NO_TIMESTAMP || r->timestamp == PS_NOW)
		return ps_fail(w->err, PS_E_DATA,
		    "Timestamp missing on record: of topic %s", r->topic);
	time = date_format_put(t->format, w->arena, r->timestamp);
	return topic_format(t->topic, w, r, &time);
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
	TOPIC_FORMAT_KEY,
	{ .name = "timestamp.format",
	    .type = PS_KEY_STRING,
	    .default_value = "yyyyMMdd",
	    .importance = PS_HIGH,
	    .doc = "How ${timestamp} is written: a pattern of Java's "
		   "SimpleDateFormat." },
};
