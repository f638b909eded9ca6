#include "validate/validate.h"

#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "config/common.h"
#include "config/def.h"
#include "config/expand.h"
#include "config/map.h"
#include "plugin/instance.h"
#include "plugin/load.h"
#include "validate/validate_groups.h"
#include "validate/validate_impl.h"
#include "validate/validate_parts.h"
#include "validate/versions.h"

enum { TEXT_BYTES = 2048 };

static void
early_error(struct validation *v, const char *key, const char *text)
{
	if (v->early_count == sizeof v->early / sizeof *v->early)
		return;
	v->early[v->early_count].key = key;
	v->early[v->early_count++].text = text;
}

static void
note_class(struct validation *v, const char *key, const char *class)
{
	if (v->class_count == sizeof v->classes / sizeof *v->classes)
		return;
	v->classes[v->class_count].key = key;
	v->classes[v->class_count++].class = class;
}

/* ---- The definition ---- */

static struct key_table
keys_of(const struct catalog_class *c)
{
	if (c == NULL)
		return (struct key_table){ 0 };
	return (struct key_table){ c->class->keys, c->class->key_count };
}

/* The version that is asked for, else with early errors the newest. */
static const struct catalog_class *
of_version(struct validation *v, const struct catalog_class *newest,
    const char *key, const char *version_key, const char *name)
{
	struct ps_error err = { 0 };
	const struct catalog_class *c =
	    versions_find(&v->versions, version_key, newest->class->kind, name,
		ps_config_get(&v->config, version_key), &err);

	if (c != NULL)
		return c;
	early_error(v, key, ps_strdup(v->a, err.text));
	early_error(v, version_key, ps_strdup(v->a, err.text));
	return newest;
}

static const struct {
	enum ps_kind kind;
	const char *interface;
} interfaces[] = {
	{ PS_KIND_CONVERTER, "Converter" },
	{ PS_KIND_HEADER_CONVERTER, "HeaderConverter" },
	{ PS_KIND_TRANSFORM, "Transformation" },
	{ PS_KIND_PREDICATE, "Predicate" },
};

#define INTERFACES (sizeof interfaces / sizeof *interfaces)

/* Why `name` is no class of the kind: there is none, or it is another's. */
static const char *
why_no_class(struct validation *v, enum ps_kind kind, const char *key,
    const char *name, const char *not_found)
{
	struct ps_error other = { 0 };
	const struct catalog_class *c = NULL;
	const char *wanted = "";

	for (size_t i = 0; i < INTERFACES && name[0] != '\0'; i++) {
		if (interfaces[i].kind == kind)
			wanted = interfaces[i].interface;
		else if (c == NULL)
			c = catalog_find(v->s->catalog, interfaces[i].kind,
			    name, &other);
	}
	note_class(v, key, c == NULL ? NULL : catalog_java_name(c->class));
	if (c != NULL)
		return ps_printf(v->a,
		    "Class class %s does not implement the %s interface",
		    catalog_java_name(c->class), wanted);
	return ps_printf(v->a,
	    "Invalid value %s for configuration %s: Class %s could not be "
	    "found. (%s)",
	    name, key, name, not_found);
}

/* The class that `key` names, NULL with an early error. */
static const struct catalog_class *
part_class(struct validation *v, enum ps_kind kind, const char *key,
    const char *version_key, const char *name)
{
	struct ps_error err = { 0 };
	const struct catalog_class *c;

	if (name == NULL)
		return NULL;
	c = catalog_find(v->s->catalog, kind, name, &err);
	if (c == NULL) {
		early_error(v, key, why_no_class(v, kind, key, name, err.text));
		return NULL;
	}
	note_class(v, key, catalog_java_name(c->class));
	return of_version(v, c, key, version_key, name);
}

typedef void
add_fn(struct def_set *s, const char *alias, const struct key_table *plugin);

static void
add_aliases(struct validation *v, const char *list, const char *title,
    enum ps_kind kind, add_fn *add)
{
	struct ps_list aliases = ps_config_list(&v->config, list, v->a);

	for (size_t i = 0; i < aliases.count; i++) {
		const char *alias = aliases.items[i];
		const char *key = ps_printf(v->a, "%s.%s.type", list, alias);
		const char *version =
		    ps_printf(v->a, "%s.%s.plugin.version", list, alias);
		const struct catalog_class *c = part_class(v, kind, key,
		    version, ps_config_get(&v->config, key));
		struct key_table keys = keys_of(c);

		add(v->set, alias, c == NULL ? NULL : &keys);
		group_list_add(&v->groups,
		    ps_printf(v->a, "%s: %s", title, alias));
	}
}

static void
add_topic_groups(struct validation *v)
{
	struct ps_list aliases =
	    ps_config_list(&v->config, "topic.creation.groups", v->a);
	struct ps_config creation =
	    config_prefixed(v->a, &v->config, "topic.creation.default.");

	if (creation.count == 0 && aliases.count == 0)
		return;
	common_add_topic_group(v->set, "default");
	for (size_t i = 0; i < aliases.count; i++)
		if (strcmp(aliases.items[i], "default") != 0)
			common_add_topic_group(v->set, aliases.items[i]);
}

const struct converter_key converter_keys[CONVERTER_KEYS] = {
	{ "header.converter", "header.converter.plugin.version",
	    "header.converter.", PS_KIND_HEADER_CONVERTER, "header" },
	{ "key.converter", "key.converter.plugin.version", "key.converter.",
	    PS_KIND_CONVERTER, "key" },
	{ "value.converter", "value.converter.plugin.version",
	    "value.converter.", PS_KIND_CONVERTER, "value" },
};

static void
add_converter(struct validation *v, const struct converter_key *ck,
    const struct ps_class *class)
{
	def_set_add_own(v->set, class->keys, class->key_count, ck->prefix);
	for (size_t i = 0; i < class->key_count; i++)
		group_list_add(&v->groups, class->keys[i].group);
	v->config = config_with(v->a, &v->config,
	    ps_printf(v->a, "%sconverter.type", ck->prefix), ck->type);
}

/* The connector's own; the worker's are defaults and not shown. */
static void
add_converters(struct validation *v)
{
	for (size_t i = 0; i < CONVERTER_KEYS; i++) {
		const struct converter_key *ck = &converter_keys[i];
		const char *name = ps_config_get(&v->config, ck->key);
		const struct catalog_class *c;

		def_set_default(v->set, ck->key,
		    ps_config_get(&v->s->worker, ck->key));
		c = part_class(v, ck->kind, ck->key, ck->version, name);
		if (c != NULL)
			add_converter(v, ck, c->class);
	}
}

static void
add_table(struct validation *v, const struct key_table *t)
{
	def_set_add(v->set, t->keys, t->count, NULL, NULL);
	for (size_t i = 0; i < t->count; i++)
		group_list_add(&v->groups, t->keys[i].group);
}

static void
define(struct validation *v)
{
	bool sink = v->class->class->kind == PS_KIND_SINK;
	struct key_table own = keys_of(v->class);

	v->set = def_set_new(v->a);
	group_list_base(&v->groups, sink);
	add_table(v, &common_connector_keys);
	add_table(v, sink ? &common_sink_keys : &common_source_keys);
	add_table(v, &common_dead_letter_keys);
	add_aliases(v, "transforms", "Transforms", PS_KIND_TRANSFORM,
	    common_add_transform);
	add_aliases(v, "predicates", "Predicates", PS_KIND_PREDICATE,
	    common_add_predicate);
	if (!sink)
		add_topic_groups(v);
	add_table(v, &common_penstock_keys);
	add_table(v, &own);
	add_converters(v);
	versions_define(&v->versions, v->set);
}

/* ---- What the connector itself says ---- */

struct own_report {
	struct ps_report abi;
	struct validation *v;
	const char *prefix; /* of the keys it names */
};

PS_PRINTF(3, 4)
static void
report_error(struct ps_report *rep, const char *key, const char *fmt, ...)
{
	const struct own_report *own = (struct own_report *)rep;
	struct validation *v = own->v;
	char text[TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)redact_text(v->redact, text, sizeof text);
	def_error(v->result, ps_printf(v->a, "%s%s", own->prefix, key), "%s",
	    text);
}

static const char *
why_not_exactly_once(const struct instance *in, const struct ps_config *c)
{
	if (in->source.exactly_once == NULL)
		return "The connector does not implement the API required for "
		       "preflight validation of exactly-once source support. "
		       "Please consult the documentation for the connector to "
		       "determine whether it supports exactly-once semantics, "
		       "and then consider reconfiguring the connector to use "
		       "the value \"requested\" for this property (which will "
		       "disable this preflight check and allow the connector "
		       "to be created).";
	if (in->source.exactly_once(c) != PS_SUPPORTED)
		return "The connector does not support exactly-once semantics "
		       "with the provided configuration.";
	return NULL;
}

/* exactly.once.support=required, transaction.boundary=connector: can it? */
static void
check_exactly_once(struct validation *v, const struct instance *in,
    const struct ps_config *c)
{
	static const char key[] = "exactly.once.support";
	const struct ps_config *worker = &v->s->worker;
	const char *why;

	if (strcasecmp(ps_config_str(&v->config, key), "required") == 0) {
		if (strcasecmp(
			ps_config_str(worker, "exactly.once.source.support"),
			"enabled") != 0)
			def_error(v->result, key,
			    "This worker does not have exactly-once source "
			    "support enabled.");
		why = why_not_exactly_once(in, c);
		if (why != NULL)
			def_error(v->result, key, "%s", why);
	}
	if (strcasecmp(ps_config_str(&v->config, "transaction.boundary"),
		"connector") == 0 &&
	    (in->source.boundaries == NULL ||
		in->source.boundaries(c) != PS_SUPPORTED))
		def_error(v->result, "transaction.boundary",
		    "The connector does not support connector-defined "
		    "transaction boundaries with the given configuration. "
		    "Please reconfigure it to use a different transaction "
		    "boundary definition.");
}

static void
ask_connector(struct validation *v, const struct ps_host *h)
{
	struct own_report rep = { { report_error }, v, "" };
	bool source = v->class->class->kind == PS_KIND_SOURCE;
	struct instance in = { 0 };
	struct ps_config c = v->config;
	struct ps_error err = { 0 };
	int result = instance_init(&in, v->class, &err);

	if (result == 0)
		result = instance_complete(&in, v->a, &v->config, &c, &err);
	if (result != 0 && def_error_count(v->result) == 0)
		def_error(v->result, "connector.class", "%s", err.text);
	if (source)
		check_exactly_once(v, &in, &c);
	if (result != 0)
		return;
	if (v->class->class->kind == PS_KIND_SINK && in.sink.validate != NULL)
		in.sink.validate(h, &c, &rep.abi);
	if (source && in.source.validate != NULL)
		in.source.validate(h, &c, &rep.abi);
}

/* ---- What its converters say ---- */

static void
ask_converter(struct validation *v, const struct ps_host *h,
    const struct converter_key *ck)
{
	struct own_report rep = { { report_error }, v, ck->prefix };
	const char *name = ps_config_get(&v->config, ck->key);
	struct ps_error err = { 0 };
	const struct catalog_class *class =
	    name == NULL ? NULL
			 : catalog_find(v->s->catalog, ck->kind, name, &err);
	struct ps_config c;
	struct instance in;

	if (class == NULL || instance_init(&in, class, &err) != 0 ||
	    in.converter.validate == NULL)
		return;
	c = config_prefixed(v->a, &v->config, ck->prefix);
	c = config_with(v->a, &c, "converter.type", ck->type);
	/* What the table refuses is told already. */
	if (instance_complete(&in, v->a, &c, &c, &err) == 0)
		in.converter.validate(h, class->class, &c, &rep.abi);
}

static void
ask_converters(struct validation *v, const struct ps_host *h)
{
	for (size_t i = 0; i < CONVERTER_KEYS; i++)
		if (converter_keys[i].kind == PS_KIND_CONVERTER)
			ask_converter(v, h, &converter_keys[i]);
}

/* ---- The answer ---- */

/* A value that a provider gave is shown as its reference, and what was wrong
 * with it without its text. */
static void
hide_references(struct validation *v)
{
	for (size_t i = 0; i < v->raw.count; i++) {
		const struct ps_setting *set = &v->raw.settings[i];
		struct def_value *value;
		const char **texts;

		if (set->value == NULL || !expand_has(set->value))
			continue;
		value = def_result_find(v->result, set->key);
		if (value == NULL)
			continue;
		value->value = set->value;
		if (value->error_count == 0)
			continue;
		texts = (const char **)ps_calloc(v->a, 1, sizeof *texts);
		texts[0] = ps_printf(v->a,
		    "Invalid value for configuration '%s': the value resolved "
		    "from the config provider reference failed validation",
		    set->key);
		value->errors = texts;
		value->error_count = 1;
	}
}

static bool
is_given(const struct validation *v, const char *key)
{
	for (size_t i = 0; i < v->raw.count; i++)
		if (strcmp(v->raw.settings[i].key, key) == 0)
			return true;
	return false;
}

/* A converter that is not there has no versions to choose from. */
static void
hide_versions(struct validation *v)
{
	for (size_t i = 0; i < CONVERTER_KEYS; i++) {
		const char *key = converter_keys[i].key;
		struct def_value *value = def_result_find(v->result, key);
		struct def_value *version =
		    def_result_find(v->result, converter_keys[i].version);

		if (is_given(v, key) && value != NULL && version != NULL &&
		    value->value == NULL)
			version->hidden = true;
	}
}

/* Classes are shown by their whole names. */
static void
show_classes(struct validation *v)
{
	for (size_t i = 0; i < v->class_count; i++) {
		struct def_value *value =
		    def_result_find(v->result, v->classes[i].key);

		if (value != NULL)
			value->value = v->classes[i].class;
	}
}

static json_t *
answer(struct validation *v)
{
	const struct ps_class *class = v->class->class;
	json_t *out = def_result_json(v->result,
	    ps_config_str(&v->raw, "connector.class"), v->groups.items,
	    v->groups.count);
	json_t *error = json_null();

	if (def_error_count(v->result) > 0)
		error = js_str(def_error_text(v->result));
	(void)json_object_set_new(out, "error", error);
	(void)json_object_set_new(out, "type",
	    json_string(kind_name(class->kind)));
	(void)json_object_set_new(out, "class",
	    json_string(catalog_java_name(class)));
	(void)json_object_set_new(out, "version",
	    json_string(v->class->plugin->version));
	return out;
}

static void
check_all(struct validation *v, const struct ps_host *h)
{
	for (size_t i = 0; i < v->early_count; i++)
		def_error(v->result, v->early[i].key, "%s", v->early[i].text);
	validate_parts(&(struct parts_check){ v->a, v->s->catalog, h,
	    &v->config, v->result });
	validate_rules(v);
	/* A plugin that is asked may look into them. */
	if (!validate_paths(v)) {
		ask_connector(v, h);
		ask_converters(v, h);
	}
	versions_recommend(&v->versions, v->result);
	show_classes(v);
	hide_versions(v);
	hide_references(v);
}

json_t *
validate_config(struct settings *s, const struct ps_host *h,
    struct redact *redact, const struct ps_config *raw, struct ps_error *err)
{
	struct validation v = { .s = s,
		.a = s->arena,
		.redact = redact,
		.versions = { .catalog = s->catalog } };
	const char *name = ps_config_get(raw, "connector.class");

	v.raw = *raw;
	if (name == NULL) {
		(void)ps_fail(err, PS_E_CONFIG,
		    "Connector config %s contains no connector type",
		    s->connector);
		return NULL;
	}
	v.class = catalog_find_connector(s->catalog, name, err);
	if (v.class == NULL)
		return NULL;
	settings_hide(redact, raw, v.class->class->keys,
	    v.class->class->key_count);
	if (providers_expand(s->providers, v.a, raw, &v.config, err) != 0)
		return NULL;
	v.class = of_version(&v, v.class, "connector.class",
	    "connector.plugin.version", name);
	define(&v);
	validate_unknown(&v);
	v.result = def_validate(v.a, v.set, &v.config);
	check_all(&v, h);
	return answer(&v);
}
