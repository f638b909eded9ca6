#include "plugin/instance.h"

#include <assert.h>
#include <string.h>

#include "config/def.h"
#include "plugin/load.h"

/* create is first, destroy and the kind's work are needed too. */
static const char *
missing_operation(const struct instance *in)
{
	switch (in->class->kind) {
	case PS_KIND_SOURCE:
		return in->source.create == NULL    ? "create"
		       : in->source.poll == NULL    ? "poll"
		       : in->source.destroy == NULL ? "destroy"
						    : NULL;
	case PS_KIND_SINK:
		return in->sink.create == NULL    ? "create"
		       : in->sink.put == NULL     ? "put"
		       : in->sink.destroy == NULL ? "destroy"
						  : NULL;
	case PS_KIND_TRANSFORM:
		return in->transform.create == NULL    ? "create"
		       : in->transform.apply == NULL   ? "apply"
		       : in->transform.destroy == NULL ? "destroy"
						       : NULL;
	case PS_KIND_PREDICATE:
		return in->predicate.create == NULL    ? "create"
		       : in->predicate.test == NULL    ? "test"
		       : in->predicate.destroy == NULL ? "destroy"
						       : NULL;
	case PS_KIND_CONVERTER:
		return in->converter.create == NULL    ? "create"
		       : in->converter.encode == NULL  ? "encode"
		       : in->converter.decode == NULL  ? "decode"
		       : in->converter.destroy == NULL ? "destroy"
						       : NULL;
	case PS_KIND_HEADER_CONVERTER:
		return in->header.create == NULL    ? "create"
		       : in->header.encode == NULL  ? "encode"
		       : in->header.decode == NULL  ? "decode"
		       : in->header.destroy == NULL ? "destroy"
						    : NULL;
	case PS_KIND_PROVIDER:
		return in->provider.create == NULL    ? "create"
		       : in->provider.get == NULL     ? "get"
		       : in->provider.destroy == NULL ? "destroy"
						      : NULL;
	}
	return "kind";
}

int
instance_init(struct instance *in, const struct catalog_class *c,
    struct ps_error *err)
{
	const char *missing;

	memset(in, 0, sizeof *in);
	in->class = c->class;
	in->plugin = c->plugin;
	/* load.c checked that they fit. */
	memcpy((char *)in + offsetof(struct instance, source), c->class->ops,
	    c->class->ops_size);
	missing = missing_operation(in);
	if (missing != NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: %s %s has no operation %s", c->file,
		    kind_name(c->class->kind), c->class->name, missing);
	return 0;
}

int
instance_complete(const struct instance *in, struct ps_arena *a,
    const struct ps_config *given, struct ps_config *out, struct ps_error *err)
{
	struct def_set *set = def_set_new(a);
	struct def_result *result;

	def_set_add(set, in->class->keys, in->class->key_count, NULL, NULL);
	result = def_validate(a, set, given);
	for (size_t i = 0; i < result->count; i++)
		for (size_t e = 0; e < result->values[i].error_count; e++)
			return ps_fail(err, PS_E_CONFIG, "%s",
			    result->values[i].errors[e]);
	*out = def_complete(a, set, given, NULL);
	return 0;
}

/* Indexed by kind: each create has the same shape. */
static void *
call_create(struct instance *in, const struct ps_host *h, struct ps_error *err)
{
	const struct ps_config *c = &in->config;

	switch (in->class->kind) {
	case PS_KIND_SOURCE:
		return in->source.create(h, in->class, c, err);
	case PS_KIND_SINK:
		return in->sink.create(h, in->class, c, err);
	case PS_KIND_TRANSFORM:
		return in->transform.create(h, in->class, c, err);
	case PS_KIND_PREDICATE:
		return in->predicate.create(h, in->class, c, err);
	case PS_KIND_CONVERTER:
		return in->converter.create(h, in->class, c, err);
	case PS_KIND_HEADER_CONVERTER:
		return in->header.create(h, in->class, c, err);
	case PS_KIND_PROVIDER:
		return in->provider.create(h, in->class, c, err);
	}
	return NULL;
}

int
instance_create(struct instance *in, const struct ps_host *h,
    struct ps_arena *a, const struct ps_config *given, struct ps_error *err)
{
	assert(in->state == NULL);
	if (instance_complete(in, a, given, &in->config, err) != 0)
		return -1;
	in->state = call_create(in, h, err);
	if (in->state == NULL && err->code == PS_OK)
		return ps_fail(err, PS_E_FATAL,
		    "create of %s gave neither an instance nor an error",
		    in->class->name);
	return in->state == NULL ? -1 : 0;
}

static void
call_destroy(struct instance *in)
{
	switch (in->class->kind) {
	case PS_KIND_SOURCE:
		in->source.destroy(in->state);
		break;
	case PS_KIND_SINK:
		in->sink.destroy(in->state);
		break;
	case PS_KIND_TRANSFORM:
		in->transform.destroy(in->state);
		break;
	case PS_KIND_PREDICATE:
		in->predicate.destroy(in->state);
		break;
	case PS_KIND_CONVERTER:
		in->converter.destroy(in->state);
		break;
	case PS_KIND_HEADER_CONVERTER:
		in->header.destroy(in->state);
		break;
	case PS_KIND_PROVIDER:
		in->provider.destroy(in->state);
		break;
	}
}

void
instance_fini(struct instance *in)
{
	if (in->state != NULL)
		call_destroy(in);
	in->state = NULL;
}
