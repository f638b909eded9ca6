#include "convert/converters.h"

#include <string.h>

#include "config/map.h"
#include "plugin/catalog.h"

#define SIMPLE_HEADERS "org.apache.kafka.connect.storage.SimpleHeaderConverter"

static const struct part {
	const char *key;  /* of the class; with a dot, its settings' prefix */
	const char *type; /* converter.type */
	enum ps_kind kind;
	const char *absent; /* NULL: required */
} parts[] = {
	{ "key.converter", "key", PS_KIND_CONVERTER, NULL },
	{ "value.converter", "value", PS_KIND_CONVERTER, NULL },
	{ "header.converter", "header", PS_KIND_HEADER_CONVERTER,
	    SIMPLE_HEADERS },
};

static int
open_class(struct instance *out, const struct settings *s,
    const struct ps_host *h, const struct part *part, const char *name,
    struct ps_error *err)
{
	bool own = ps_config_has(&s->config, part->key);
	struct ps_config config =
	    config_prefixed(s->arena, own ? &s->config : &s->worker,
		ps_printf(s->arena, "%s.", part->key));
	const struct catalog_class *class = catalog_find_version(s->catalog,
	    part->kind, name, ps_config_get(&config, "plugin.version"), err);

	config = config_with(s->arena, &config, "converter.type", part->type);
	if (class == NULL || instance_init(out, class, err) != 0 ||
	    instance_create(out, h, s->arena, &config, err) != 0)
		return ps_fail_in(err, "%s", part->key);
	return 0;
}

static int
open_part(struct instance *out, const struct settings *s,
    const struct ps_host *h, const struct part *part, struct ps_error *err)
{
	const char *name = ps_config_has(&s->config, part->key)
			       ? ps_config_get(&s->config, part->key)
			       : ps_config_get(&s->worker, part->key);

	if (name == NULL)
		name = part->absent;
	if (name == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "Missing required configuration \"%s\" which has no "
		    "default value.",
		    part->key);
	return open_class(out, s, h, part, name, err);
}

int
converters_init(struct converters *c, const struct settings *s,
    const struct ps_host *h, struct ps_error *err)
{
	memset(c, 0, sizeof *c);
	if (open_part(&c->key, s, h, &parts[0], err) != 0 ||
	    open_part(&c->value, s, h, &parts[1], err) != 0 ||
	    open_part(&c->header, s, h, &parts[2], err) != 0)
		return -1;
	return 0;
}

static bool
reads_headers(const struct instance *in)
{
	return in->converter.headers != NULL &&
	       in->converter.headers(in->state);
}

bool
converters_read_headers(const struct converters *c)
{
	return reads_headers(&c->key) || reads_headers(&c->value);
}

bool
converters_have_plain_headers(const struct converters *c)
{
	return strcmp(catalog_java_name(c->header.class), SIMPLE_HEADERS) == 0;
}

void
converters_fini(struct converters *c)
{
	instance_fini(&c->key);
	instance_fini(&c->value);
	instance_fini(&c->header);
}

static int
open_json(struct instance *out, const struct settings *s,
    const struct ps_host *h, const char *schemas, struct ps_error *err)
{
	const struct ps_setting settings[] = {
		{ "converter.type", "value" },
		{ "schemas.enable", schemas },
	};
	const struct ps_config config = { settings, 2 };
	const struct catalog_class *class =
	    catalog_find(s->catalog, PS_KIND_CONVERTER,
		"org.apache.kafka.connect.json.JsonConverter", err);

	if (class == NULL || instance_init(out, class, err) != 0)
		return -1;
	return instance_create(out, h, s->arena, &config, err);
}

int
converters_json(struct instance *out, const struct settings *s,
    const struct ps_host *h, struct ps_error *err)
{
	return open_json(out, s, h, "false", err);
}

int
converters_envelope(struct instance *out, const struct settings *s,
    const struct ps_host *h, struct ps_error *err)
{
	return open_json(out, s, h, "true", err);
}
