#include "task/reload.h"

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

static bool
is_renewable(const struct task *t, const char *key)
{
	const struct ps_class *class = t->connector.class;

	for (size_t i = 0; i < class->key_count; i++)
		if (strcmp(class->keys[i].name, key) == 0)
			return (class->keys[i].flags & PS_RENEWABLE) != 0;
	return false;
}

/* A changed setting that a running connector cannot be given; NULL: there is
 * none. */
static const char *
foreign_change(const struct task *t, const struct ps_config *now,
    const struct ps_config *used)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct ps_setting *s = &now->settings[i];
		const char *old = ps_config_get(used, s->key);

		if (s->value != NULL && old != NULL &&
		    strcmp(s->value, old) == 0)
			continue;
		if (s->value != old && !is_renewable(t, s->key))
			return s->key;
	}
	return NULL;
}

static int
start_again(const char *what, struct ps_error *err)
{
	return ps_fail(err, PS_E_RETRY,
	    "what config providers answer for %s has changed: starts again "
	    "with it",
	    what);
}

typedef int
reconfigure_fn(void *state, const struct ps_config *c, struct ps_error *err);

static reconfigure_fn *
operation_of(const struct task *t)
{
	return settings_is_sink(&t->settings) ? t->connector.sink.reconfigure
					      : t->connector.source.reconfigure;
}

/* 0: the connector has it; -1: it does not want it, `why` says so. */
static int
give(struct task *t, struct ps_arena *a, const struct ps_config *now,
    struct ps_error *why)
{
	struct ps_config given =
	    config_with(a, now, "name", t->settings.connector);
	struct ps_config complete;
	int result;

	if (instance_complete(&t->connector, a, &given, &complete, why) != 0)
		return -1;
	gauges_enter(t->gauges, "reconfigure");
	result = operation_of(t)(t->connector.state, &complete, why);
	gauges_leave(t->gauges);
	return result;
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

	if (t->connector.state == NULL || foreign != NULL ||
	    operation_of(t) == NULL)
		return start_again(foreign != NULL ? foreign : "the connector",
		    err);
	if (give(t, r->seen.arena, &r->seen.config, &why) != 0) {
		if (why.code == PS_E_FATAL)
			return start_again(why.text, err);
		refuse(r, t, &why);
		return 0;
	}
	log_info("task", "reconfigured: config providers answer anew");
	forget_refused(r, t);
	replace(&r->used, &r->seen);
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

	if (providers_expand(s->providers, now.arena, &s->raw, &now.config,
		&why) != 0) {
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
