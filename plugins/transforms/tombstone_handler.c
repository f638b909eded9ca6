#include "operand.h"

/* Confluent's: what becomes of records without a value. */
struct handler {
	struct common common;
	bool fails, warns;
};

static const char *const behaviors[] = { "ignore", "warn", "fail", NULL };

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	const char *behavior = ps_config_str(c, "behavior");
	struct handler *t = (struct handler *)common_new(sizeof *t, h, self, c);

	(void)err;
	t->fails = strcmp(behavior, "fail") == 0;
	t->warns = strcmp(behavior, "warn") == 0;
	return t;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct handler *t = (const struct handler *)state;
	const struct ps_host *h = t->common.host;

	if (r->value.type != PS_NULL)
		return 0;
	if (t->fails)
		return ps_fail(w->err, PS_E_DATA,
		    "Tombstone record encountered in topic %s", r->topic);
	h->log(h, t->warns ? PS_WARN : PS_DEBUG,
	    "a record without a value in topic %s is dropped", r->topic);
	r->outcome = PS_DROPPED;
	return 0;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops tombstone_handler_ops = { create, apply,
	common_free };

const struct ps_key tombstone_handler_keys[TOMBSTONE_HANDLER_KEYS] = {
	{ .name = "behavior",
	    .type = PS_KEY_STRING,
	    .default_value = "warn",
	    .importance = PS_MEDIUM,
	    .choices = behaviors,
	    .doc = "ignore drops records without a value, warn logs each as "
		   "well, fail is an error." },
};
