#include "operand.h"

struct drop {
	struct common common;
	struct names names;
};

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct drop *t = (struct drop *)common_new(sizeof *t, h, self, c);

	(void)err;
	t->names = common_names(&t->common, c, "headers");
	return t;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct drop *t = (const struct drop *)state;
	struct ps_header *kept = (struct ps_header *)ps_alloc(w->arena,
	    (r->header_count + 1) * sizeof *kept);
	size_t n = 0;

	for (size_t i = 0; i < r->header_count; i++)
		if (!names_have(&t->names, r->headers[i].name,
			r->headers[i].name_len))
			kept[n++] = r->headers[i];
	r->headers = kept;
	r->header_count = n;
	return 0;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops drop_headers_ops = { create, apply, common_free };

const struct ps_key drop_headers_keys[DROP_HEADERS_KEYS] = {
	{ .name = "headers",
	    .type = PS_KEY_LIST,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED | PS_NOT_EMPTY,
	    .doc = "The names of the headers to be removed." },
};
