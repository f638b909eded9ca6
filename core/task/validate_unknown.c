/*
 * validate_unknown: keys that nobody reads are no error, as in Kafka Connect,
 * but a mistyped one should not stay unseen.
 */
#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "task/validate_impl.h"

/* Keys behind these belong to clients, or to classes that the worker's file
 * chose. */
static const char *const others[] = { "producer.override.",
	"consumer.override.", "admin.override.", "key.converter.",
	"value.converter.", "header.converter." };

static bool
is_of_others(const char *key)
{
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (text_starts(key, others[i]))
			return true;
	return false;
}

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

void
validate_unknown(const struct validation *v)
{
	for (size_t i = 0; i < v->raw.count; i++) {
		const char *key = v->raw.settings[i].key, *near;

		if (def_set_find(v->set, key) != NULL || is_of_others(key))
			continue;
		near = nearest(v, key);
		log_warn("validate",
		    "The configuration '%s' was supplied but isn't a known "
		    "config%s%s",
		    key, near == NULL ? "" : ", the nearest is ",
		    near == NULL ? "" : near);
	}
}
