#include "child/settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/log.h"
#include "base/text.h"
#include "child/roots.h"
#include "config/check.h"
#include "config/common.h"
#include "config/def.h"
#include "config/map.h"
#include "config/redact_url.h"
#include "kafka/conf.h"
#include "plugin/load.h"

enum { CHUNK = 32 << 10 };

/* An array of strings, in the arena. */
static const char *const *
string_list(struct ps_arena *a, const json_t *list, size_t *count)
{
	const char **items;
	const json_t *item;
	size_t i;

	*count = 0;
	items = (const char **)ps_calloc(a, json_array_size(list) + 1,
	    sizeof *items);
	json_array_foreach(list, i, item) if (json_is_string(item))
	    items[(*count)++] = ps_strdup(a, json_string_value(item));
	return items;
}

static void
know_names(struct catalog *c, const json_t *known)
{
	const json_t *one;
	size_t i;

	json_array_foreach(known, i, one)
	{
		const char *type = json_string_value(json_array_get(one, 0));
		const char *name = json_string_value(json_array_get(one, 1));

		for (int k = PS_KIND_SOURCE; k <= PS_KIND_PROVIDER; k++)
			if (type != NULL && name != NULL &&
			    strcmp(kind_name((enum ps_kind)k), type) == 0)
				catalog_know(c, (enum ps_kind)k, name);
	}
}

static void
set_levels(const json_t *levels)
{
	const char *area;
	json_t *value;
	enum ps_level level;

	json_object_foreach((json_t *)(uintptr_t)levels, area,
	    value) if (json_is_string(value) &&
		       log_level_parse(json_string_value(value), &level) == 0)
	    log_set_level(area, level);
}

/* The rows are needed here only; what is left of them stays as long as the
 * task. */
static struct ps_config
with_defaults(struct ps_arena *a, const struct ps_config *given,
    const struct key_table *const *tables, size_t count)
{
	struct ps_arena *scratch = arena_new(CHUNK);
	struct def_set *set = def_set_new(scratch);
	struct ps_config c;

	for (size_t i = 0; i < count; i++)
		def_set_add(set, tables[i]->keys, tables[i]->count, NULL, NULL);
	c = def_complete(a, set, given, NULL);
	arena_free(&scratch);
	return c;
}

static struct ps_config
with_worker_defaults(struct ps_arena *a, const struct ps_config *given,
    bool standalone)
{
	const struct key_table *tables[] = { &worker_common_keys,
		standalone ? &worker_standalone_keys : &worker_distributed_keys,
		&worker_penstock_keys };

	return with_defaults(a, given, tables, sizeof tables / sizeof *tables);
}

static int
read_maps(struct settings *s, const struct msg_config *m, struct ps_error *err)
{
	struct ps_config config = { 0 }, overlay = { 0 };

	if (js_to_config(s->arena, m->worker, &s->worker, err) != 0)
		return ps_fail_in(err, "worker settings");
	if (m->config != NULL &&
	    js_to_config(s->arena, m->config, &config, err) != 0)
		return ps_fail_in(err, "connector config");
	if (m->overlay != NULL &&
	    js_to_config(s->arena, m->overlay, &overlay, err) != 0)
		return ps_fail_in(err, "task config");
	s->raw = config_merge(s->arena, &config, &overlay);
	return 0;
}

int
settings_begin(struct settings *s, const struct msg_config *m,
    struct ps_error *err)
{
	const char *const *dirs;
	size_t count;

	memset(s, 0, sizeof *s);
	s->arena = arena_new(CHUNK);
	s->connector =
	    ps_strdup(s->arena, m->connector == NULL ? "" : m->connector);
	s->task = (int)m->task;
	s->tasks = (int)m->tasks;
	s->standalone = m->standalone;
	s->starts_paused = m->state != NULL && strcmp(m->state, "PAUSED") == 0;
	set_levels(m->levels);
	if (read_maps(s, m, err) != 0)
		return -1;
	dirs = string_list(s->arena, m->plugins, &count);
	s->catalog = catalog_new(dirs, count);
	know_names(s->catalog, m->known);
	return 0;
}

int
settings_worker(struct settings *s, const struct ps_host *h,
    struct redact *redact, struct ps_error *err)
{
	struct ps_config resolved;

	settings_hide(redact, &s->worker, NULL, 0);
	s->providers = providers_new(s->catalog, h, &s->worker, redact);
	if (providers_expand(s->providers, s->arena, &s->worker, &resolved,
		err) != 0)
		return ps_fail_in(err, "worker settings");
	s->worker = with_worker_defaults(s->arena, &resolved, s->standalone);
	return 0;
}

static struct ps_config
with_common_defaults(struct ps_arena *a, const struct ps_config *given,
    const struct key_table *own)
{
	const struct key_table *tables[] = { &common_connector_keys, own,
		&common_dead_letter_keys, &common_penstock_keys };

	return with_defaults(a, given, tables, sizeof tables / sizeof *tables);
}

int
settings_resolve(const struct settings *s, struct ps_arena *a,
    struct ps_config *out, struct ps_error *err)
{
	if (providers_expand(s->providers, a, &s->raw, out, err) != 0)
		return -1;
	return roots_check(&s->worker, a, out, err);
}

/* Limits and the like: those of a topic may never have been validated. */
static int
check_own(const struct settings *s, struct ps_error *err)
{
	const struct key_table *t = &common_penstock_keys;
	const char *wrong =
	    check_given(s->arena, t->keys, t->count, &s->config);

	return wrong == NULL ? 0 : ps_fail(err, PS_E_CONFIG, "%s", wrong);
}

int
settings_connector(struct settings *s, struct redact *redact,
    struct ps_error *err)
{
	const char *name = ps_config_get(&s->raw, "connector.class");

	if (name == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "Connector config %s contains no connector type",
		    s->connector);
	s->class = catalog_find_connector(s->catalog, name, err);
	if (s->class == NULL)
		return -1;
	settings_hide(redact, &s->raw, s->class->class->keys,
	    s->class->class->key_count);
	if (settings_resolve(s, s->arena, &s->config, err) != 0 ||
	    check_own(s, err) != 0 ||
	    conf_check_overrides(&s->config, err) != 0)
		return -1;
	s->class = catalog_find_version(s->catalog, s->class->class->kind, name,
	    ps_config_get(&s->config, "connector.plugin.version"), err);
	if (s->class == NULL)
		return ps_fail_in(err, "connector.plugin.version");
	s->common = with_common_defaults(s->arena, &s->config,
	    settings_is_sink(s) ? &common_sink_keys : &common_source_keys);
	return 0;
}

void
settings_fini(struct settings *s)
{
	providers_free(&s->providers);
	catalog_free(&s->catalog);
	arena_free(&s->arena);
}

static bool
is_password(const struct ps_key *keys, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(keys[i].name, name) == 0)
			return keys[i].type == PS_KEY_PASSWORD;
	return redact_is_secret_key(name);
}

void
settings_hide(struct redact *redact, const struct ps_config *c,
    const struct ps_key *keys, size_t count)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->settings[i].value != NULL &&
		    is_password(keys, count, c->settings[i].key))
			redact_add(redact, c->settings[i].value);
		redact_url_add(redact, c->settings[i].value);
	}
}

const char *
settings_str(const struct settings *s, const char *key, const char *none)
{
	/* Before it is resolved, as it was given. */
	const struct ps_config *own =
	    s->config.settings == NULL ? &s->raw : &s->config;

	if (ps_config_has(own, key))
		return ps_config_get(own, key);
	if (ps_config_has(&s->worker, key))
		return ps_config_get(&s->worker, key);
	if (ps_config_has(&s->common, key))
		return ps_config_get(&s->common, key);
	return none;
}

int64_t
settings_int(const struct settings *s, const char *key, int64_t none)
{
	const char *text = settings_str(s, key, NULL);
	int64_t value;

	if (text == NULL || text_int64(text, INT64_MIN, INT64_MAX, &value) != 0)
		return none;
	return value;
}

bool
settings_is_sink(const struct settings *s)
{
	return s->class->class->kind == PS_KIND_SINK;
}

bool
settings_is_exactly_once(const struct settings *s)
{
	const char *support =
	    ps_config_str(&s->worker, "exactly.once.source.support");

	return !s->standalone && !settings_is_sink(s) &&
	       strcasecmp(support, "enabled") == 0;
}

const char *
settings_offsets_topic(const struct settings *s)
{
	if (s->standalone)
		return "";
	if (ps_config_has(&s->config, "offsets.storage.topic"))
		return ps_config_str(&s->config, "offsets.storage.topic");
	return ps_config_str(&s->worker, "offset.storage.topic");
}
