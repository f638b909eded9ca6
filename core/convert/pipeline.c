#include "convert/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "config/map.h"
#include "plugin/instance.h"

enum { CHUNK = 8 << 10 };

struct step {
	const char *name;
	struct instance transform;
	const struct instance *predicate; /* NULL: all records */
	bool negate;
};

struct predicate {
	const char *name;
	struct instance instance;
};

struct pipeline {
	const struct settings *settings;
	const struct ps_host *host;
	struct ps_arena *arena;
	struct step *steps;
	size_t step_count;
	struct predicate *predicates;
	size_t predicate_count;
};

/* The instance behind `<prefix><alias>.type`, with that prefix's keys. */
static int
make_part(struct pipeline *p, const char *prefix, enum ps_kind kind,
    struct instance *out, struct ps_error *err)
{
	struct ps_config own =
	    config_prefixed(p->arena, &p->settings->config, prefix);
	const char *name = ps_config_get(&own, "type");
	const struct catalog_class *class;

	if (name == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "Missing required configuration \"%stype\" which has no "
		    "default value.",
		    prefix);
	class = catalog_find_version(p->settings->catalog, kind, name,
	    ps_config_get(&own, "plugin.version"), err);
	if (class == NULL || instance_init(out, class, err) != 0 ||
	    instance_create(out, p->host, p->arena, &own, err) != 0)
		return ps_fail_in(err, "%stype", prefix);
	return 0;
}

static int
make_predicates(struct pipeline *p, struct ps_error *err)
{
	struct ps_list names =
	    ps_config_list(&p->settings->config, "predicates", p->arena);

	p->predicates = (struct predicate *)ps_calloc(p->arena, names.count + 1,
	    sizeof *p->predicates);
	for (size_t i = 0; i < names.count; i++) {
		struct predicate *pr = &p->predicates[i];
		const char *prefix =
		    ps_printf(p->arena, "predicates.%s.", names.items[i]);

		pr->name = names.items[i];
		p->predicate_count = i + 1;
		if (make_part(p, prefix, PS_KIND_PREDICATE, &pr->instance,
			err) != 0)
			return -1;
	}
	return 0;
}

static const struct instance *
find_predicate(const struct pipeline *p, const char *name)
{
	for (size_t i = 0; i < p->predicate_count; i++)
		if (strcmp(p->predicates[i].name, name) == 0)
			return &p->predicates[i].instance;
	return NULL;
}

static int
bind_predicate(struct pipeline *p, struct step *step, const char *prefix,
    struct ps_error *err)
{
	struct ps_config own =
	    config_prefixed(p->arena, &p->settings->config, prefix);
	const char *name = ps_config_get(&own, "predicate");

	step->negate = ps_config_bool(&own, "negate");
	if (name == NULL || name[0] == '\0')
		return 0;
	step->predicate = find_predicate(p, name);
	if (step->predicate == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "Invalid value %s for configuration %spredicate: "
		    "no such predicate is among `predicates`",
		    name, prefix);
	return 0;
}

static int
make_steps(struct pipeline *p, struct ps_error *err)
{
	struct ps_list names =
	    ps_config_list(&p->settings->config, "transforms", p->arena);

	p->steps = (struct step *)ps_calloc(p->arena, names.count + 1,
	    sizeof *p->steps);
	for (size_t i = 0; i < names.count; i++) {
		const char *prefix =
		    ps_printf(p->arena, "transforms.%s.", names.items[i]);

		p->step_count = i + 1;
		p->steps[i].name = names.items[i];
		if (make_part(p, prefix, PS_KIND_TRANSFORM,
			&p->steps[i].transform, err) != 0 ||
		    bind_predicate(p, &p->steps[i], prefix, err) != 0)
			return -1;
	}
	return 0;
}

struct pipeline *
pipeline_new(const struct settings *s, const struct ps_host *h,
    struct ps_error *err)
{
	struct pipeline *p = xcalloc(1, sizeof *p);

	p->settings = s;
	p->host = h;
	p->arena = arena_new(CHUNK);
	if (make_predicates(p, err) != 0 || make_steps(p, err) != 0)
		pipeline_free(&p);
	return p;
}

void
pipeline_free(struct pipeline **pp)
{
	struct pipeline *p = *pp;

	if (p == NULL)
		return;
	for (size_t i = 0; i < p->step_count; i++)
		instance_fini(&p->steps[i].transform);
	for (size_t i = 0; i < p->predicate_count; i++)
		instance_fini(&p->predicates[i].instance);
	arena_free(&p->arena);
	free(p);
	*pp = NULL;
}

bool
pipeline_is_empty(const struct pipeline *p)
{
	return p->step_count == 0;
}

static bool
is_chosen(const struct step *step, const struct ps_record *r)
{
	if (r->outcome != PS_KEPT)
		return false;
	if (step->predicate == NULL)
		return true;
	return step->predicate->predicate.test(step->predicate->state, r) !=
	       step->negate;
}

/* A stage_fn. */
static void
apply_step(void *ctx, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	struct step *step = (struct step *)ctx;

	step->transform.transform.apply(step->transform.state, b, records,
	    count);
}

static void
run_step(struct step *step, struct tolerance *t, struct ps_batch *b,
    struct ps_record **chosen)
{
	size_t n = 0;

	for (size_t k = 0; k < b->count; k++)
		if (is_chosen(step, &b->records[k]))
			chosen[n++] = &b->records[k];
	if (n > 0)
		tolerance_run(t, apply_step, step, b, chosen, n);
}

static struct ps_record **
room_for(struct ps_batch *b)
{
	return (struct ps_record **)ps_alloc(b->arena,
	    b->count * sizeof(struct ps_record *));
}

void
pipeline_apply(struct pipeline *p, struct tolerance *t, struct ps_batch *b)
{
	struct ps_record **chosen;

	if (p->step_count == 0 || b->count == 0)
		return;
	chosen = room_for(b);
	for (size_t i = 0; i < p->step_count; i++)
		run_step(&p->steps[i], t, b, chosen);
}

size_t
pipeline_steps(const struct pipeline *p)
{
	return p->step_count;
}

const char *
pipeline_step_name(const struct pipeline *p, size_t step)
{
	return p->steps[step].name;
}

const struct ps_class *
pipeline_step_class(const struct pipeline *p, size_t step)
{
	return p->steps[step].transform.class;
}

bool
pipeline_step_wants(const struct pipeline *p, size_t step,
    const struct ps_record *r)
{
	return is_chosen(&p->steps[step], r);
}

void
pipeline_step(struct pipeline *p, size_t step, struct tolerance *t,
    struct ps_batch *b)
{
	if (b->count > 0)
		run_step(&p->steps[step], t, b, room_for(b));
}
