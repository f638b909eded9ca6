#include "task/reload.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "config/expand.h"
#include "config/map.h"
#include "task/task.h"

enum {
	CHUNK = 4096,
	EVERY_MS = 30000,
	SETTLE_MS = 1000, /* a file that is being written is whole by then */
	SOONEST_MS = 100
};

static bool
has_references(const struct ps_config *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->settings[i].value != NULL &&
		    expand_has(c->settings[i].value))
			return true;
	return false;
}

static void
plan_next(struct reload *r, const struct task *t)
{
	int64_t ttl = providers_ttl_ms(t->settings.providers);
	int64_t ms = r->every_ms;

	if (r->is_unsettled && ms > SETTLE_MS)
		ms = SETTLE_MS;
	if (ttl >= 0 && ttl < ms)
		ms = ttl < SOONEST_MS ? SOONEST_MS : ttl;
	r->next = clock_after(clock_now(), ms);
}

void
reload_init(struct reload *r, const struct task *t)
{
	const struct settings *s = &t->settings;

	*r = (struct reload){ .used = { NULL, s->config } };
	if (has_references(&s->raw) &&
	    strcasecmp(settings_str(s, "config.action.reload", "restart"),
		"none") != 0)
		r->every_ms =
		    settings_int(s, "config.reload.interval.ms", EVERY_MS);
	plan_next(r, t);
}

void
reload_fini(struct reload *r)
{
	arena_free(&r->seen.arena);
	arena_free(&r->used.arena);
	arena_free(&r->refused.arena);
}

/* A file that is being written may lack a key for a moment. */
static bool
is_complete(const struct ps_config *now, const struct ps_config *used)
{
	for (size_t i = 0; i < now->count; i++) {
		const char *value = now->settings[i].value;
		const char *old = ps_config_get(used, now->settings[i].key);

		if (value != NULL && expand_has(value) && old != NULL &&
		    !expand_has(old))
			return false;
	}
	return true;
}

/* Whose settings begin with `prefix`: the last that fits. In the order in
 * which they are given it: a connector may try it, and says no first. */
struct owner {
	const char *prefix, *class_key;
	const char *type; /* converter.type; NULL: the connector */
	size_t at;        /* of its instance in a task */
};

#define OWNER(key, its_type, member)                                  \
	{                                                             \
		key ".", key, its_type, offsetof(struct task, member) \
	}

static const struct owner owners[] = {
	{ "", "connector.class", NULL, offsetof(struct task, connector) },
	OWNER("key.converter", "key", converters.key),
	OWNER("value.converter", "value", converters.value),
};

enum { OWNERS = sizeof owners / sizeof *owners };

static const struct owner *
owner_of(const char *key)
{
	const struct owner *o = &owners[OWNERS - 1];

	while (strncmp(key, o->prefix, strlen(o->prefix)) != 0)
		o--;
	return o;
}

static struct instance *
instance_of(struct task *t, const struct owner *o)
{
	return (struct instance *)(void *)((char *)t + o->at);
}

typedef int
reconfigure_fn(void *state, const struct ps_config *c, struct ps_error *err);

static reconfigure_fn *
operation_of(struct task *t, const struct owner *o)
{
	const struct instance *in = instance_of(t, o);

	if (in->state == NULL)
		return NULL;
	if (o->type != NULL)
		return in->converter.reconfigure;
	return settings_is_sink(&t->settings) ? in->sink.reconfigure
					      : in->source.reconfigure;
}

static bool
is_renewable(struct task *t, const char *key)
{
	const struct owner *o = owner_of(key);
	const struct ps_class *class = instance_of(t, o)->class;

	/* A converter of the worker's has none of these. */
	if (operation_of(t, o) == NULL ||
	    !ps_config_has(&t->settings.config, o->class_key))
		return false;
	for (size_t i = 0; i < class->key_count; i++)
		if (strcmp(class->keys[i].name, key + strlen(o->prefix)) == 0)
			return (class->keys[i].flags & PS_RENEWABLE) != 0;
	return false;
}

static bool
is_changed(const struct ps_setting *now, const struct ps_config *used)
{
	const char *old = ps_config_get(used, now->key);

	return now->value != old && (now->value == NULL || old == NULL ||
					strcmp(now->value, old) != 0);
}

/* A changed setting that nothing that runs can be given; NULL: there is
 * none. */
static const char *
foreign_change(struct task *t, const struct ps_config *now,
    const struct ps_config *used)
{
	for (size_t i = 0; i < now->count; i++)
		if (is_changed(&now->settings[i], used) &&
		    !is_renewable(t, now->settings[i].key))
			return now->settings[i].key;
	return NULL;
}

static bool
is_concerned(const struct owner *o, const struct ps_config *now,
    const struct ps_config *used)
{
	for (size_t i = 0; i < now->count; i++)
		if (is_changed(&now->settings[i], used) &&
		    owner_of(now->settings[i].key) == o)
			return true;
	return false;
}

static int
start_again(const char *what, struct ps_error *err)
{
	return ps_fail(err, PS_E_RETRY,
	    "what config providers answer for %s has changed: starts again "
	    "with it",
	    what);
}

/* 0: it has it; -1: it does not want it, `why` says so. */
static int
give(struct task *t, const struct owner *o, const struct ps_config *now,
    struct ps_error *why)
{
	struct instance *in = instance_of(t, o);
	struct ps_arena *a = arena_new(CHUNK);
	struct ps_config given = config_prefixed(a, now, o->prefix), complete;
	int result;

	given = o->type == NULL
		    ? config_with(a, &given, "name", t->settings.connector)
		    : config_with(a, &given, "converter.type", o->type);
	result = instance_complete(in, a, &given, &complete, why);
	if (result == 0) {
		gauges_enter(t->gauges, "reconfigure");
		result = operation_of(t, o)(in->state, &complete, why);
		gauges_leave(t->gauges);
	}
	arena_free(&a);
	return result;
}

/* Who has what another refused gets back what it had. */
static void
take_back(struct reload *r, struct task *t, size_t given, struct ps_error *why)
{
	struct ps_error lost = { 0 };

	for (size_t i = 0; i < given; i++)
		if (is_concerned(&owners[i], &r->seen.config,
			&r->used.config) &&
		    give(t, &owners[i], &r->used.config, &lost) != 0)
			why->code = PS_E_FATAL;
}

/* To all whom it concerns, or to none. PS_E_FATAL: neither can be. */
static int
give_all(struct reload *r, struct task *t, struct ps_error *why)
{
	for (size_t i = 0; i < OWNERS; i++)
		if (is_concerned(&owners[i], &r->seen.config,
			&r->used.config) &&
		    give(t, &owners[i], &r->seen.config, why) != 0) {
			take_back(r, t, i, why);
			return -1;
		}
	return 0;
}

struct ps_config
reload_config(const struct reload *r, const struct task *t, struct ps_arena *a)
{
	const struct settings *s = &t->settings;
	struct ps_config now =
	    r->used.arena == NULL ? s->config : config_copy(a, &r->used.config);

	return config_with(a, &now, "name", s->connector);
}

static void
replace(struct reload_config *to, struct reload_config *from)
{
	arena_free(&to->arena);
	*to = *from;
	from->arena = NULL;
}

static void
refuse(struct reload *r, struct task *t, const struct ps_error *why)
{
	struct ps_error said = *why;

	(void)ps_fail_in(&said, "what config providers answer now is refused");
	task_set_refused(t, said.text);
	if (r->refused.arena != NULL &&
	    config_equal(&r->seen.config, &r->refused.config))
		return; /* said before */
	log_warn("task", "%s", said.text);
	replace(&r->refused, &r->seen);
}

static void
forget_refused(struct reload *r, struct task *t)
{
	if (r->refused.arena == NULL)
		return;
	task_set_refused(t, NULL);
	arena_free(&r->refused.arena);
}

static int
use_seen(struct reload *r, struct task *t, struct ps_error *err)
{
	const char *foreign =
	    foreign_change(t, &r->seen.config, &r->used.config);
	struct ps_error why = { 0 };

	if (foreign != NULL)
		return start_again(foreign, err);
	if (give_all(r, t, &why) != 0) {
		if (why.code == PS_E_FATAL)
			return start_again(why.text, err);
		refuse(r, t, &why);
		return 0;
	}
	log_info("task", "reconfigured: config providers answer anew");
	forget_refused(r, t);
	replace(&r->used, &r->seen);
	if (t->next_try != NULL)
		*t->next_try = clock_now();
	return 0;
}

static bool
is_new(const struct reload *r, const struct ps_config *now)
{
	return !config_equal(now, &r->used.config) &&
	       is_complete(now, &r->used.config);
}

/* 1: there is something new, and it was so at the last look as well. */
static int
look(struct reload *r, struct task *t)
{
	struct settings *s = &t->settings;
	struct reload_config now = { arena_new(CHUNK), { NULL, 0 } };
	struct ps_error why = { 0 };
	bool settled, news;

	if (settings_resolve(s, now.arena, &now.config, &why) != 0) {
		log_warn("task", "config providers: %s", why.text);
		arena_free(&now.arena);
		return 0;
	}
	settled =
	    r->seen.arena != NULL && config_equal(&now.config, &r->seen.config);
	replace(&r->seen, &now);
	news = is_new(r, &r->seen.config);
	r->is_unsettled = news && !settled;
	if (config_equal(&r->seen.config, &r->used.config))
		forget_refused(r, t);
	return news && settled;
}

int
reload_turn(struct reload *r, struct task *t, struct ps_error *err)
{
	int found;

	if (r->every_ms == 0 || clock_since(r->next, clock_now()) < 0 ||
	    gauges_should_stop(t->gauges))
		return 0;
	found = look(r, t);
	plan_next(r, t);
	return found ? use_seen(r, t, err) : 0;
}
