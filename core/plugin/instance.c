#include "plugin/instance.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "config/def.h"
#include "plugin/load.h"

enum { SCRATCH = 8 << 10 };

/* What a class of each kind cannot do without. */
static const struct {
	enum ps_kind kind;
	const char *name;
	size_t at; /* in struct instance */
} required[] = {
/* NOLINTBEGIN(bugprone-macro-parentheses): names, no values */
#define NEEDS(KIND, ops, name)                                             \
	{                                                                  \
		PS_KIND_##KIND, #name, offsetof(struct instance, ops.name) \
	}
	/* NOLINTEND(bugprone-macro-parentheses) */
	NEEDS(SOURCE, source, create),
	NEEDS(SOURCE, source, poll),
	NEEDS(SOURCE, source, destroy),
	NEEDS(SINK, sink, create),
	NEEDS(SINK, sink, put),
	NEEDS(SINK, sink, destroy),
	NEEDS(TRANSFORM, transform, create),
	NEEDS(TRANSFORM, transform, apply),
	NEEDS(TRANSFORM, transform, destroy),
	NEEDS(PREDICATE, predicate, create),
	NEEDS(PREDICATE, predicate, test),
	NEEDS(PREDICATE, predicate, destroy),
	NEEDS(CONVERTER, converter, create),
	NEEDS(CONVERTER, converter, encode),
	NEEDS(CONVERTER, converter, decode),
	NEEDS(CONVERTER, converter, destroy),
	NEEDS(HEADER_CONVERTER, header, create),
	NEEDS(HEADER_CONVERTER, header, encode),
	NEEDS(HEADER_CONVERTER, header, decode),
	NEEDS(HEADER_CONVERTER, header, destroy),
	NEEDS(PROVIDER, provider, create),
	NEEDS(PROVIDER, provider, get),
	NEEDS(PROVIDER, provider, destroy),
#undef NEEDS
};

static const char *
missing_operation(const struct instance *in)
{
	void (*op)(void);

	for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
		if (required[i].kind != in->class->kind)
			continue;
		memcpy(&op, (const char *)in + required[i].at, sizeof op);
		if (op == NULL)
			return required[i].name;
	}
	return NULL;
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

static int
check(struct ps_arena *a, const struct def_set *set,
    const struct ps_config *given, struct ps_error *err)
{
	const struct def_result *result = def_validate(a, set, given);

	for (size_t i = 0; i < result->count; i++)
		if (result->values[i].error_count > 0)
			return ps_fail(err, PS_E_CONFIG, "%s",
			    result->values[i].errors[0]);
	return 0;
}

int
instance_complete(const struct instance *in, struct ps_arena *a,
    const struct ps_config *given, struct ps_config *out, struct ps_error *err)
{
	/* The instance keeps `a`; it does not need the rows. */
	struct ps_arena *scratch = arena_new(SCRATCH);
	struct def_set *set = def_set_new(scratch);
	int result;

	def_set_add(set, in->class->keys, in->class->key_count, NULL, NULL);
	result = check(scratch, set, given, err);
	if (result == 0)
		*out = def_complete(a, set, given, NULL);
	arena_free(&scratch);
	return result;
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
