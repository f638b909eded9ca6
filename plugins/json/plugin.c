#include <assert.h>
#include <stdlib.h>
#include <strings.h>

#include <penstock/abi.h>

#include <jsontext/encode.h>

#include "converter.h"

static void
destroy(void *state)
{
	struct converter *c = (struct converter *)state;

	plan_cache_free(&c->plans);
	schema_cache_free(&c->schemas);
	parser_free(&c->parser);
	free(c);
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *config, struct ps_error *err)
{
	struct converter *c = (struct converter *)calloc(1, sizeof *c);

	(void)self;
	(void)err;
	assert(c != NULL);
	c->options = (struct json_options){
		.host = h,
		.cache_size =
		    (size_t)ps_config_int(config, "schemas.cache.size"),
		.decimal = strcasecmp(ps_config_str(config, "decimal.format"),
			       "NUMERIC") == 0
			       ? JSON_DECIMAL_NUMERIC
			       : JSON_DECIMAL_BASE64,
		.with_schema = ps_config_bool(config, "schemas.enable"),
		.null_default =
		    ps_config_bool(config, "replace.null.with.default"),
	};
	c->plans = plan_cache_new(&c->options);
	c->schemas = schema_cache_new(&c->options);
	c->parser = parser_new();
	return c;
}

static int
encode_untyped(struct converter *c, struct encoder *e, const struct ps_value *v)
{
	static const char before[] = "{\"schema\":null,\"payload\":";

	if (c->options.with_schema)
		out_put(&e->out, before, sizeof before - 1);
	if (encode_tagged(e, v) < 0)
		return -1;
	if (c->options.with_schema)
		out_char(&e->out, '}');
	return 0;
}

static int
encode_one(struct converter *c, struct ps_arena *a, const struct side *s,
    struct ps_error *err)
{
	struct encoder e = { .decimal = c->options.decimal, .err = err };
	const struct plan *plan = NULL;

	*s->raw = (struct ps_slice){ NULL, 0 };
	if (*s->schema == NULL && s->value->type == PS_NULL)
		return 0; /* a tombstone, whatever schemas.enable says */
	if (*s->schema != NULL) {
		plan = plan_get(c->plans, *s->schema, a, err);
		if (plan == NULL)
			return -1;
	}
	out_begin(&e.out, a);
	if (plan == NULL) {
		if (encode_untyped(c, &e, s->value) < 0)
			return -1;
	} else {
		out_put(&e.out, plan->before.s, plan->before.len);
		if (encode_planned(&e, &plan->node, s->value) < 0)
			return -1;
		out_put(&e.out, plan->after.s, plan->after.len);
	}
	*s->raw = out_end(&e.out);
	return 0;
}

static void
encode(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count, enum ps_part part)
{
	struct converter *c = (struct converter *)state;
	struct ps_error err;

	ps_error_clear(&err);
	for (size_t i = 0; i < count; i++) {
		struct side s = side_of(records[i], part);

		if (encode_one(c, b->arena, &s, &err) == 0)
			continue;
		ps_record_fail(b, records[i], s.stage, JSON_CLASS, &err);
		ps_error_clear(&err);
	}
}

static int
encode_header(void *state, struct ps_arena *a, const char *topic,
    struct ps_header *header, struct ps_error *err)
{
	struct side s = side_of_header(header);

	(void)topic;
	return encode_one((struct converter *)state, a, &s, err);
}

static bool
raw_is_json(void *state)
{
	return !((struct converter *)state)->options.with_schema;
}

static const struct ps_converter_ops ops = {
	.create = create,
	.encode = encode,
	.decode = json_decode,
	.check = json_check,
	.raw_is_json = raw_is_json,
	.destroy = destroy,
};

static const struct ps_header_converter_ops header_ops = {
	.create = create,
	.encode = encode_header,
	.decode = json_header_decode,
	.destroy = destroy,
};

static const char *const types[] = { "key", "value", "header", NULL };
static const char *const formats[] = { "NUMERIC", "BASE64", NULL };

static const struct ps_key keys[] = {
	{ .name = "converter.type",
	    .type = PS_KEY_STRING,
	    .flags = PS_REQUIRED,
	    .importance = PS_LOW,
	    .doc = "How this converter will be used.",
	    .choices = types },
	{ .name = "schemas.enable",
	    .type = PS_KEY_BOOLEAN,
	    .default_value = "true",
	    .importance = PS_HIGH,
	    .doc = "Include schemas within each of the serialized values and "
		   "keys.",
	    .group = "Schemas",
	    .order = 0,
	    .width = PS_W_MEDIUM,
	    .display = "Enable Schemas" },
	{ .name = "schemas.cache.size",
	    .type = PS_KEY_INT,
	    .default_value = "1000",
	    .importance = PS_HIGH,
	    .flags = PS_HAS_MIN,
	    .min = 1,
	    .doc = "The maximum number of schemas that can be cached in this "
		   "converter instance.",
	    .group = "Schemas",
	    .order = 1,
	    .width = PS_W_MEDIUM,
	    .display = "Schema Cache Size" },
	{ .name = "decimal.format",
	    .type = PS_KEY_STRING,
	    .default_value = "BASE64",
	    .importance = PS_LOW,
	    .flags = PS_ANY_CASE,
	    .doc = "Controls which format this converter will serialize "
		   "decimals in: BASE64 or NUMERIC, in any case.",
	    .group = "Serialization",
	    .order = 0,
	    .width = PS_W_MEDIUM,
	    .display = "Decimal Format",
	    .choices = formats },
	{ .name = "replace.null.with.default",
	    .type = PS_KEY_BOOLEAN,
	    .default_value = "true",
	    .importance = PS_LOW,
	    .doc = "Whether to replace fields that have a default value and "
		   "that are null to the default value. When set to true, the "
		   "default value is used, otherwise null is used.",
	    .group = "Serialization",
	    .order = 1,
	    .width = PS_W_MEDIUM,
	    .display = "Replace null with default" },
};

static const char *const aliases[] = { JSON_CLASS, NULL };

static const struct ps_class classes[] = {
	{
	    .kind = PS_KIND_CONVERTER,
	    .name = "JsonConverter",
	    .aliases = aliases,
	    .doc = "JSON, with the schema in every message or without",
	    .keys = keys,
	    .key_count = sizeof keys / sizeof *keys,
	    .ops = &ops,
	    .ops_size = sizeof ops,
	},
	{
	    .kind = PS_KIND_HEADER_CONVERTER,
	    .name = "JsonConverter",
	    .aliases = aliases,
	    .doc = "headers as JSON, with their schema or without",
	    .keys = keys,
	    .key_count = sizeof keys / sizeof *keys,
	    .ops = &header_ops,
	    .ops_size = sizeof header_ops,
	},
};

PS_PLUGIN("json", "1.0", classes);
