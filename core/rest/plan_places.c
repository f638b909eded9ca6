#include "rest/plan_places.h"

#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "worker/worker.h"

static const char class_key[] = "connector.class";

/* A class has more than one name. */
static bool
is_same_class(struct worker *w, const struct flow_change *c)
{
	const char *to = ps_config_str(&c->config, class_key);
	const char *from = ps_config_str(&c->present->config, class_key);
	const json_t *one = inventory_find(worker_inventory(w), to);

	return strcmp(to, from) == 0 ||
	       (one != NULL &&
		   one == inventory_find(worker_inventory(w), from));
}

static bool
is_sink(struct worker *w, const struct flow_change *c)
{
	return strcmp(inventory_connector_type(worker_inventory(w),
			  ps_config_str(&c->config, class_key)),
		   "sink") == 0;
}

static bool
is_same(const struct flow_change *c, const char *key)
{
	return strcmp(ps_config_str(&c->config, key),
		   ps_config_str(&c->present->config, key)) == 0;
}

/* ---- a source that is told to read something else ---------------------- */

enum kept { KEPT, KEPT_IN_PART, LOST };

static bool
has(char **items, size_t count, const char *item)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(items[i], item) == 0)
			return true;
	return false;
}

/* Of a list's entries. What is added begins, and takes nothing away. */
static enum kept
kept_of_list(const char *was, const char *now)
{
	struct ps_arena *a = arena_new(512);
	size_t old_count, new_count, left = 0;
	char **old_items = text_list(a, was, &old_count);
	char **new_items = text_list(a, now, &new_count);
	enum kept kept = KEPT;

	for (size_t i = 0; i < old_count; i++)
		left += has(new_items, new_count, old_items[i]);
	if (old_count > 0 && new_count > 0 && left < old_count)
		kept = left > 0 ? KEPT_IN_PART : LOST;
	arena_free(&a);
	return kept;
}

static enum kept
kept_of_key(const struct flow_change *c, const char *key, const char *how)
{
	const char *was = ps_config_str(&c->present->config, key);
	const char *now = ps_config_str(&c->config, key);

	if (strcmp(how, "list") == 0)
		return kept_of_list(was, now);
	if (strcmp(how, "set") == 0)
		return (was[0] == '\0') == (now[0] == '\0') ? KEPT : LOST;
	return strcmp(was, now) == 0 ? KEPT : LOST;
}

static const char *
kept_by(struct worker *w, const struct flow_change *c)
{
	static const char *const names[] = { [KEPT] = "kept",
		[KEPT_IN_PART] = "kept in part",
		[LOST] = "lost" };
	const json_t *places =
	    json_object_get(inventory_find(worker_inventory(w),
				ps_config_str(&c->config, class_key)),
		"places");
	const json_t *how;
	const char *key;
	enum kept worst = KEPT;

	JS_EACH(places, key, how)
	{
		enum kept one = kept_of_key(c, key, json_string_value(how));

		worst = one > worst ? one : worst;
	}
	return names[worst];
}

/* ---- all kinds --------------------------------------------------------- */

static const char *
of_changed(struct worker *w, const struct flow_change *c)
{
	if (!is_same_class(w, c))
		return "lost";
	if (!is_sink(w, c))
		return kept_by(w, c);
	return is_same(c, "consumer.override.group.id") ? "kept"
							: "its group's";
}

/* Positions stand under a connector's name: another plugin cannot read them,
 * and one that is deleted leaves them behind. A sink's are its group's, which
 * Kafka has for as long as it keeps them. */
const char *
plan_places(struct worker *w, const struct flow_change *c)
{
	size_t stored =
	    offsets_count(journal_offsets(worker_journal(w)), c->connector);

	switch (c->action) {
	case FLOW_CREATE:
		if (is_sink(w, c))
			return "its group's";
		return stored > 0 ? "kept" : "none";
	case FLOW_RECONFIGURE:
		return of_changed(w, c);
	case FLOW_DELETE:
		return "left behind";
	case FLOW_NOTHING:
		break;
	}
	return "kept";
}
