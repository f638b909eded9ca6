#include "prune.h"

struct header_from {
	struct common common;
	struct prune moved;
	struct names fields, headers;
	struct path *paths; /* of the fields */
	bool moves;
};

static const char *const operations[] = { "move", "copy", NULL };

static int
configure(struct header_from *t, const struct ps_config *c,
    struct ps_error *err)
{
	t->fields = common_names(&t->common, c, "fields");
	t->headers = common_names(&t->common, c, "headers");
	t->moves = strcmp(ps_config_str(c, "operation"), "move") == 0;
	if (t->fields.count != t->headers.count)
		return ps_fail(err, PS_E_CONFIG,
		    "'fields' config must have the same number of elements as "
		    "'headers' config.");
	t->paths = (struct path *)common_alloc(&t->common,
	    (t->fields.count + 1) * sizeof *t->paths);
	for (size_t i = 0; i < t->fields.count; i++) {
		if (path_read(&t->common, t->fields.items[i], path_is_nested(c),
			&t->paths[i], err) < 0)
			return -1;
		prune_exclude(&t->moved, &t->common, &t->paths[i]);
	}
	return 0;
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct header_from *t =
	    (struct header_from *)common_new(sizeof *t, h, self, c);

	if (configure(t, c, err) == 0)
		return t;
	common_free(t);
	return NULL;
}

static int
add_headers(const struct header_from *t, struct work *w, struct ps_record *r,
    const struct operand *o)
{
	size_t n = r->header_count;
	struct ps_header *all = (struct ps_header *)ps_alloc(w->arena,
	    (n + t->headers.count) * sizeof *all);

	if (n > 0)
		memcpy(all, r->headers, n * sizeof *all);
	for (size_t i = 0; i < t->headers.count; i++) {
		const struct path *p = &t->paths[i];
		struct ps_header h = { .name = t->headers.items[i],
			.name_len = strlen(t->headers.items[i]) };

		if (*o->schema != NULL) {
			h.schema = path_schema(p, *o->schema);
			if (h.schema == NULL)
				return ps_fail(w->err, PS_E_DATA,
				    "Unknown field: %s", p->text);
		}
		if (path_value(p, *o->schema, o->value, t->common.null_default,
			&h.value, w->err) < 0)
			return -1;
		all[n++] = h;
	}
	r->headers = all;
	r->header_count = n;
	return 0;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	struct header_from *t = (struct header_from *)state;
	struct operand o = operand_of(r, t->common.side);

	if (operand_check(&o, t->moves ? "header MOVE" : "header COPY",
		w->err) < 0 ||
	    add_headers(t, w, r, &o) < 0)
		return -1;
	return t->moves ? prune_apply(&t->moved, &t->common, w, &o) : 0;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops header_from_ops = { create, apply, common_free };

const struct ps_key header_from_keys[HEADER_FROM_KEYS] = {
	{ .name = "fields",
	    .type = PS_KEY_LIST,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED | PS_NOT_EMPTY,
	    .doc = "The fields whose values become headers." },
	{ .name = "headers",
	    .type = PS_KEY_LIST,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED | PS_NOT_EMPTY,
	    .doc = "The names of the headers, in the order of the fields." },
	{ .name = "operation",
	    .type = PS_KEY_STRING,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED,
	    .choices = operations,
	    .doc = "move takes the fields out of the key or value, copy leaves "
		   "them." },
	NULL_DEFAULT_KEY,
	PATH_KEY,
};
