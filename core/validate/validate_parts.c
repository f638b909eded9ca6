#include "validate/validate_parts.h"

#include <string.h>

#include "base/text.h"
#include "config/map.h"
#include "plugin/instance.h"

/* The last part of a text behind ": ", or all of it. */
static const char *
reason_of(const char *text, const char *key)
{
	const char *named = strstr(text, key);
	const char *colon = named == NULL ? NULL : strstr(named, ": ");

	return colon == NULL ? text : colon + 2;
}

/* The error is of the key that its text names, else of the type. */
static void
say(const struct parts_check *c, const char *prefix,
    const struct ps_class *class, const struct ps_config *own, const char *text)
{
	for (size_t i = 0; i < class->key_count; i++) {
		const char *name = class->keys[i].name;
		const char *value = ps_config_get(own, name);
		const char *named = ps_printf(c->a, "configuration %s", name);
		const char *at = strstr(text, named);

		if (at == NULL ||
		    (at[strlen(named)] != ':' && at[strlen(named)] != '\0'))
			continue;
		def_error(c->result, ps_printf(c->a, "%s%s", prefix, name),
		    "Invalid value %s for configuration %s%s: %s",
		    value == NULL ? "null" : value, prefix, name,
		    reason_of(text, named));
		return;
	}
	def_error(c->result, ps_printf(c->a, "%stype", prefix),
	    "Invalid value %s for configuration %stype: %s",
	    ps_config_str(own, "type"), prefix, text);
}

/* What its key table says has been said already. */
static void
make_once(const struct parts_check *c, enum ps_kind kind, const char *prefix)
{
	struct ps_config own = config_prefixed(c->a, c->config, prefix), whole;
	const char *name = ps_config_get(&own, "type");
	const struct catalog_class *class;
	struct ps_error why = { 0 }, err = { 0 };
	struct instance in = { 0 };

	if (name == NULL)
		return;
	class = catalog_find(c->catalog, kind, name, &why);
	if (class == NULL || instance_init(&in, class, &why) != 0 ||
	    instance_complete(&in, c->a, &own, &whole, &why) != 0)
		return;
	if (instance_create(&in, c->host, c->a, &own, &err) != 0)
		say(c, prefix, class->class, &own, err.text);
	instance_fini(&in);
}

static bool
is_listed(const struct ps_list *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], name) == 0)
			return true;
	return false;
}

static void
check_predicate(const struct parts_check *c, const struct ps_list *predicates,
    const char *alias)
{
	const char *key = ps_printf(c->a, "transforms.%s.predicate", alias);
	const char *name = ps_config_str(c->config, key);

	if (name[0] == '\0' || is_listed(predicates, name))
		return;
	def_error(c->result, key,
	    "Invalid value %s for configuration %s: no such predicate, there "
	    "are [%s]",
	    name, key,
	    text_join(c->a, predicates->items, predicates->count, ", "));
}

void
validate_parts(const struct parts_check *c)
{
	struct ps_list steps = ps_config_list(c->config, "transforms", c->a);
	struct ps_list predicates =
	    ps_config_list(c->config, "predicates", c->a);

	for (size_t i = 0; i < steps.count; i++) {
		make_once(c, PS_KIND_TRANSFORM,
		    ps_printf(c->a, "transforms.%s.", steps.items[i]));
		check_predicate(c, &predicates, steps.items[i]);
	}
	for (size_t i = 0; i < predicates.count; i++)
		make_once(c, PS_KIND_PREDICATE,
		    ps_printf(c->a, "predicates.%s.", predicates.items[i]));
}
