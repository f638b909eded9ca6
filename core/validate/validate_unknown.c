/*
 * validate_unknown: keys that nobody reads, or that do nothing, are no error,
 * as in Kafka Connect, but one that is mistyped should not stay unseen.
 */
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "validate/validate_impl.h"

/* Keys behind these belong to clients. */
static const char *const clients[] = { "producer.override.",
	"consumer.override.", "admin.override." };

static bool
is_of_clients(const char *key)
{
	for (size_t i = 0; i < sizeof clients / sizeof *clients; i++)
		if (text_starts(key, clients[i]))
			return true;
	return false;
}

static const struct converter_key *
converter_of(const char *key)
{
	for (size_t i = 0; i < CONVERTER_KEYS; i++)
		if (text_starts(key, converter_keys[i].prefix))
			return &converter_keys[i];
	return NULL;
}

static void
tell_unknown(const char *key, const char *where, const char *near)
{
	log_warn("validate",
	    "The configuration '%s'%s was supplied but isn't a known "
	    "config%s%s",
	    key, where, near == NULL ? "" : ", the nearest is ",
	    near == NULL ? "" : near);
}

static void
tell_ignored(const char *key, const char *where, const struct ps_key *k)
{
	log_warn("validate", "The configuration '%s'%s: %s", key, where,
	    k->doc);
}

/* ---- A converter's ------------------------------------------------------ */

static const struct ps_key *
key_of(const struct ps_class *class, const char *name)
{
	for (size_t i = 0; i < class->key_count; i++)
		if (strcmp(class->keys[i].name, name) == 0)
			return &class->keys[i];
	return NULL;
}

static const char *
nearest_of(const struct validation *v, const struct converter_key *c,
    const struct ps_class *class, const char *name)
{
	const char **names =
	    (const char **)ps_calloc(v->a, class->key_count + 1, sizeof *names);
	const char *near;

	for (size_t i = 0; i < class->key_count; i++)
		names[i] = class->keys[i].name;
	near = text_nearest(name, names, class->key_count);
	return near == NULL ? NULL : ps_printf(v->a, "%s%s", c->prefix, near);
}

/* `all` has the key and names the class. */
static void
look_at(const struct validation *v, const struct converter_key *c,
    const struct ps_config *all, const char *key, const char *where)
{
	const char *class_name = ps_config_get(all, c->key);
	const char *name = key + strlen(c->prefix);
	const struct catalog_class *found;
	const struct ps_key *k;
	struct ps_error none = { 0 };

	if (strcmp(name, "plugin.version") == 0 || class_name == NULL)
		return;
	found = catalog_find(v->s->catalog, c->kind, class_name, &none);
	if (found == NULL)
		return; /* an error elsewhere */
	k = key_of(found->class, name);
	if (k == NULL)
		tell_unknown(key, where, nearest_of(v, c, found->class, name));
	else if ((k->flags & PS_IGNORED) != 0)
		tell_ignored(key, where, k);
}

static void
look_at_own(const struct validation *v, const struct converter_key *c,
    const char *key)
{
	if (ps_config_get(&v->config, c->key) != NULL) {
		look_at(v, c, &v->config, key, "");
		return;
	}
	log_warn("validate",
	    "The configuration '%s' has no effect: the connector names no "
	    "%s, so the worker's is taken as the worker's file sets it up. "
	    "Give %s beside it",
	    key, c->key, c->key);
}

static void
look_at_workers(const struct validation *v, const struct converter_key *c)
{
	const struct ps_config *worker = &v->s->worker;

	if (ps_config_get(&v->config, c->key) != NULL)
		return;
	for (size_t i = 0; i < worker->count; i++)
		if (text_starts(worker->settings[i].key, c->prefix))
			look_at(v, c, worker, worker->settings[i].key,
			    " of the worker's file");
}

/* ---- The connector's ---------------------------------------------------- */

static const char *
nearest(const struct validation *v, const char *key)
{
	size_t count = def_set_count(v->set);
	const char **names =
	    (const char **)ps_calloc(v->a, count + 1, sizeof *names);

	for (size_t i = 0; i < count; i++)
		names[i] = def_set_at(v->set, i)->name;
	return text_nearest(key, names, count);
}

static void
look_at_one(const struct validation *v, const char *key)
{
	const struct converter_key *c = converter_of(key);
	const struct ps_key *k;

	if (c != NULL) {
		look_at_own(v, c, key);
		return;
	}
	k = def_set_find(v->set, key);
	if (k == NULL && !is_of_clients(key))
		tell_unknown(key, "", nearest(v, key));
	else if (k != NULL && (k->flags & PS_IGNORED) != 0)
		tell_ignored(key, "", k);
}

void
validate_unknown(const struct validation *v)
{
	for (size_t i = 0; i < v->raw.count; i++)
		look_at_one(v, v->raw.settings[i].key);
	for (size_t i = 0; i < CONVERTER_KEYS; i++)
		look_at_workers(v, &converter_keys[i]);
}
