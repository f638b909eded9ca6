#include "date_format.h"
#include "path.h"
#include "topic_format.h"

/* Confluent's: the time is in a field of the value. */
struct router {
	struct common common;
	const char *topic; /* topic.format */
	const struct date_format *from, *to;
	struct path *fields; /* the first that is there counts */
	size_t count;
};

static int
configure(struct router *t, const struct ps_config *c, struct ps_error *err)
{
	const char *from = ps_config_str(c, "message.timestamp.format");
	const char *to = ps_config_str(c, "topic.timestamp.format");
	struct names names =
	    common_names(&t->common, c, "message.timestamp.keys");

	t->topic = ps_config_str(c, "topic.format");
	t->from = date_format_new(&t->common, from, err);
	if (t->from == NULL)
		return ps_fail_in(err,
		    "Invalid value %s for configuration "
		    "message.timestamp.format",
		    from);
	t->to = date_format_new(&t->common, to, err);
	if (t->to == NULL)
		return ps_fail_in(err,
		    "Invalid value %s for configuration "
		    "topic.timestamp.format",
		    to);
	t->count = names.count;
	t->fields = (struct path *)common_alloc(&t->common,
	    (t->count + 1) * sizeof *t->fields);
	for (size_t i = 0; i < t->count; i++)
		if (path_read(&t->common, names.items[i], true, &t->fields[i],
			err) < 0)
			return -1;
	return 0;
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct router *t = (struct router *)common_new(sizeof *t, h, self, c);

	if (configure(t, c, err) == 0)
		return t;
	common_free(t);
	return NULL;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct router *t = (const struct router *)state;
	struct operand o = operand_of(r, SIDE_VALUE);
	struct ps_value v = ps_null(), text;
	int64_t ms;

	if (operand_check(&o, "message timestamp routing", w->err) < 0)
		return -1;
	for (size_t i = 0; i < t->count && v.type == PS_NULL; i++)
		if (path_value(&t->fields[i], r->value_schema, &r->value,
			t->common.null_default, &v, w->err) < 0)
			return -1;
	if (v.type == PS_NULL)
		return ps_fail(w->err, PS_E_DATA,
		    "none of the fields in message.timestamp.keys is in the "
		    "record's value");
	if (v.type == PS_INT64)
		ms = v.i;
	else if (v.type != PS_STRING ||
		 date_format_read(t->from, v.s, v.len, &ms) < 0)
		return ps_fail(w->err, PS_E_DATA,
		    "the timestamp %.*s is not as message.timestamp.format "
		    "says",
		    v.type == PS_STRING ? (int)v.len : 0,
		    v.type == PS_STRING ? v.s : "");
	text = date_format_put(t->to, w->arena, ms);
	return topic_format(t->topic, w, r, &text);
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops message_timestamp_router_ops = { create, apply,
	common_free };

const struct ps_key
    message_timestamp_router_keys[MESSAGE_TIMESTAMP_ROUTER_KEYS] = {
	    TOPIC_FORMAT_KEY,
	    { .name = "message.timestamp.format",
		.type = PS_KEY_STRING,
		.default_value = "yyyy-MM-dd",
		.importance = PS_HIGH,
		.doc =
		    "How the field's text is read: a pattern of Java's "
		    "SimpleDateFormat. A 64-bit number is milliseconds since "
		    "1970." },
	    { .name = "topic.timestamp.format",
		.type = PS_KEY_STRING,
		.default_value = "yyyyMMdd",
		.importance = PS_HIGH,
		.doc = "How ${timestamp} is written: a pattern of Java's "
		       "SimpleDateFormat." },
	    { .name = "message.timestamp.keys",
		.type = PS_KEY_LIST,
		.importance = PS_HIGH,
		.flags = PS_REQUIRED | PS_NOT_EMPTY,
		.doc = "Fields of the value; the first that is there is the "
		       "time. Dots separate the names of nested fields." },
    };
