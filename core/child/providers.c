#include "child/providers.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/xalloc.h"
#include "config/expand.h"
#include "config/map.h"
#include "config/redact_url.h"
#include "plugin/instance.h"

enum { ALIASES_MAX = 64, CHUNK = 4096 };

struct providers {
	struct ps_arena *arena;
	struct catalog *catalog;
	const struct ps_host *host;
	struct ps_config worker;
	struct redact *redact, *answers;
	struct alias {
		const char *name;
		struct instance instance;
	} aliases[ALIASES_MAX];
	size_t count;
};

struct providers *
providers_new(struct catalog *c, const struct ps_host *h,
    const struct ps_config *worker, struct redact *redact)
{
	struct providers *p = xcalloc(1, sizeof *p);
	struct ps_list names;

	p->arena = arena_new(CHUNK);
	p->catalog = c;
	p->host = h;
	p->worker = config_copy(p->arena, worker);
	p->redact = redact;
	p->answers = redact_new();
	names = ps_config_list(&p->worker, "config.providers", p->arena);
	for (size_t i = 0; i < names.count && i < ALIASES_MAX; i++)
		p->aliases[p->count++].name = names.items[i];
	return p;
}

void
providers_free(struct providers **pp)
{
	struct providers *p = *pp;

	if (p == NULL)
		return;
	for (size_t i = 0; i < p->count; i++)
		instance_fini(&p->aliases[i].instance);
	redact_free(&p->answers);
	arena_free(&p->arena);
	free(p);
	*pp = NULL;
}

static int
open_alias(struct providers *p, struct alias *alias, struct ps_error *err)
{
	const char *key =
	    ps_printf(p->arena, "config.providers.%s.class", alias->name);
	const char *prefix =
	    ps_printf(p->arena, "config.providers.%s.param.", alias->name);
	const char *name = ps_config_get(&p->worker, key);
	const struct catalog_class *class;
	struct ps_config params;

	if (name == NULL)
		return ps_fail(err, PS_E_CONFIG, "config provider %s has no %s",
		    alias->name, key);
	class = catalog_find(p->catalog, PS_KIND_PROVIDER, name, err);
	if (class == NULL || instance_init(&alias->instance, class, err) != 0)
		return ps_fail_in(err, "%s", key);
	params = config_prefixed(p->arena, &p->worker, prefix);
	if (instance_create(&alias->instance, p->host, p->arena, &params,
		err) != 0)
		return ps_fail_in(err, "config provider %s", alias->name);
	return 0;
}

/* An expand_fn. NOLINTBEGIN(readability-function-size) */
static int
ask(void *ctx, struct ps_arena *a, const char *alias, const char *path,
    const char *key, const char **value, struct ps_error *err)
{
	struct providers *p = (struct providers *)ctx;
	struct alias *found = NULL;
	int got;

	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->aliases[i].name, alias) == 0)
			found = &p->aliases[i];
	if (found == NULL)
		return 0;
	if (found->instance.state == NULL && open_alias(p, found, err) != 0)
		return -1;
	got = found->instance.provider.get(found->instance.state, a, path, key,
	    value, err);
	if (got < 0)
		return ps_fail_in(err, "config provider %s", alias);
	if (got == 1 && *value != NULL) {
		redact_add(p->redact, *value);
		redact_add(p->answers, *value);
	}
	return got;
}

/* NOLINTEND(readability-function-size) */

int
providers_expand(struct providers *p, struct ps_arena *a,
    const struct ps_config *in, struct ps_config *out, struct ps_error *err)
{
	if (expand_config(a, in, ask, p, out, err) != 0)
		return -1;
	for (size_t i = 0; i < out->count; i++)
		redact_url_add(p->redact, out->settings[i].value);
	return 0;
}

int64_t
providers_ttl_ms(const struct providers *p)
{
	int64_t soonest = -1;

	for (size_t i = 0; i < p->count; i++) {
		const struct instance *in = &p->aliases[i].instance;
		int64_t ttl = -1;

		if (in->state != NULL && in->provider.ttl_ms != NULL)
			ttl = in->provider.ttl_ms(in->state);
		if (ttl >= 0 && (soonest < 0 || ttl < soonest))
			soonest = ttl;
	}
	return soonest;
}

bool
providers_leaks(const struct providers *p, const char *text)
{
	return redact_contains(p->answers, text);
}
