#include <assert.h>
#include <stdlib.h>

#include <penstock/transform.h>

#include "primitive.h"

/* A transform that reads its value as SimpleHeaderConverter reads headers. */
struct insert_header {
	const struct ps_host *host;
	const char *name, *literal; /* in the task's configuration */
	size_t name_len, literal_len;
};

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct insert_header *t = (struct insert_header *)calloc(1, sizeof *t);

	(void)self;
	(void)err;
	assert(t != NULL);
	t->host = h;
	t->name = ps_config_str(c, "header");
	t->name_len = strlen(t->name);
	t->literal = ps_config_str(c, "value.literal");
	t->literal_len = strlen(t->literal);
	return t;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	const struct insert_header *t = (const struct insert_header *)state;
	struct ps_header own = { .name = t->name, .name_len = t->name_len };

	(void)infer_value(t->host, b->arena, t->literal, t->literal_len,
	    &own.value, &own.schema);
	for (size_t i = 0; i < count; i++) {
		struct ps_record *r = records[i];
		struct ps_header *all = (struct ps_header *)ps_alloc(b->arena,
		    (r->header_count + 1) * sizeof *all);

		if (r->header_count > 0)
			memcpy(all, r->headers, r->header_count * sizeof *all);
		all[r->header_count++] = own;
		r->headers = all;
	}
}

const struct ps_transform_ops insert_header_ops = { create, apply, free };

const struct ps_key insert_header_keys[INSERT_HEADER_KEYS] = {
	{ .name = "header",
	    .type = PS_KEY_STRING,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED,
	    .doc = "The name of the header." },
	{ .name = "value.literal",
	    .type = PS_KEY_STRING,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED,
	    .doc = "The value of the header, of the type that its text looks "
		   "like." },
};
