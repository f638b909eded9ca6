#include "operand.h"
#include "rename.h"

struct router {
	struct common common;
	struct rename *rename;
};

static void
destroy(void *state)
{
	rename_free(&((struct router *)state)->rename);
	common_free(state);
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct router *t = (struct router *)common_new(sizeof *t, h, self, c);

	t->rename = rename_new(ps_config_str(c, "regex"),
	    ps_config_str(c, "replacement"), "regex", err);
	if (t->rename != NULL)
		return t;
	destroy(t);
	return NULL;
}

/* Records of one batch mostly have one topic: `last` and `to` remember it. */
static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	struct router *t = (struct router *)state;
	const char *last = NULL, *to = NULL;
	struct ps_error err;
	struct name n;
	int matched;

	ps_error_clear(&err);
	for (size_t i = 0; i < count; i++) {
		struct ps_record *r = records[i];

		if (last != NULL &&
		    (r->topic == last || strcmp(r->topic, last) == 0)) {
			r->topic = to;
			continue;
		}
		matched = rename_apply(t->rename, r->topic, strlen(r->topic),
		    &n, &err);
		if (matched < 0) {
			ps_record_fail(b, r, PS_STAGE_TRANSFORMATION,
			    t->common.class->aliases[0], &err);
			ps_error_clear(&err);
			continue;
		}
		last = r->topic;
		to = matched > 0 ? ps_strndup(b->arena, n.s, n.len) : last;
		r->topic = to;
	}
}

const struct ps_transform_ops regex_router_ops = { create, apply, destroy };

const struct ps_key regex_router_keys[REGEX_ROUTER_KEYS] = {
	{ .name = "regex",
	    .type = PS_KEY_STRING,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED | PS_REGEX,
	    .doc = "Regular expression to use for matching." },
	{ .name = "replacement",
	    .type = PS_KEY_STRING,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED,
	    .doc = "Replacement string." },
};
