#include "tests/drive/transcode.h"

#include <assert.h>
#include <stdlib.h>

#include <penstock/converter.h>

#include "record/batch.h"
#include "tests/connectors/host.h"
#include "tests/drive/json.h"

#define CONVERTERS 8

static struct named {
	char name[64];
	struct test_host *t;
	const struct ps_converter_ops *ops;
	void *state;
} named[CONVERTERS];

static struct named *
find(const char *name)
{
	for (size_t i = 0; i < CONVERTERS; i++)
		if (strcmp(named[i].name, name) == 0)
			return &named[i];
	return NULL;
}

static void
end(struct named *n)
{
	if (n->state != NULL)
		n->ops->destroy(n->state);
	test_host_free(&n->t);
	memset(n, 0, sizeof *n);
}

void
transcode_end(void)
{
	for (size_t i = 0; i < CONVERTERS; i++)
		if (named[i].t != NULL)
			end(&named[i]);
}

json_t *
do_converter(struct drive *d, const json_t *line)
{
	const char *name = json_string_value(json_array_get(line, 1)), *key;
	struct named *n = find(name);
	json_t *value;

	(void)d;
	if (n != NULL)
		end(n);
	n = find("");
	assert(n != NULL);
	(void)snprintf(n->name, sizeof n->name, "%s", name);
	n->t = test_host_new(json_string_value(json_array_get(line, 2)),
	    json_string_value(json_array_get(line, 3)));
	json_object_foreach(json_array_get(line, 4), key, value)
	    test_host_set(n->t, key, json_string_value(value));
	n->ops = n->t->class->ops;
	n->state =
	    n->ops->create(&n->t->h, n->t->class, &n->t->config, &n->t->err);
	return n->state == NULL ? json_of_error(&n->t->err)
				: json_pack("{s:b}", "ok", 1);
}

static void
fill(struct ps_batch *b, const char *topic, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		struct ps_record *r = ps_batch_add(b);
		size_t len = json_string_length(item) / 2;
		uint8_t *data = ps_alloc(b->arena, len + 1);
		const char *hex = json_string_value(item);

		r->topic = r->origin_topic = topic;
		if (hex == NULL)
			continue;
		for (size_t k = 0; k < len; k++) {
			char two[3] = { hex[2 * k], hex[2 * k + 1], '\0' };

			data[k] = (uint8_t)strtoul(two, NULL, 16);
		}
		r->raw_value = (struct ps_slice){ data, len };
	}
}

static json_t *
result_of(struct ps_batch *b, const struct ps_record *r)
{
	char *hex;

	if (r->outcome == PS_FAILED)
		return json_of_error(&r->failure->error);
	if (r->raw_value.data == NULL)
		return json_null();
	hex = ps_alloc(b->arena, 2 * r->raw_value.len + 1);
	hex[0] = '\0';
	for (size_t k = 0; k < r->raw_value.len; k++)
		(void)snprintf(hex + 2 * k, 3, "%02x", r->raw_value.data[k]);
	return json_string(hex);
}

json_t *
do_transcode(struct drive *d, const json_t *line)
{
	struct named *from = find(json_string_value(json_array_get(line, 1)));
	struct named *to = find(json_string_value(json_array_get(line, 2)));
	struct ps_batch *b = batch_new(1 << 16);
	struct ps_record *r[1];
	json_t *out = json_array();

	(void)d;
	fill(b, json_string_value(json_array_get(line, 3)),
	    json_array_get(line, 4));
	for (size_t i = 0; i < b->count; i++) {
		r[0] = &b->records[i];
		from->ops->decode(from->state, b, r, 1, PS_PART_VALUE);
		if (r[0]->outcome == PS_KEPT)
			to->ops->encode(to->state, b, r, 1, PS_PART_VALUE);
		(void)json_array_append_new(out, result_of(b, r[0]));
	}
	batch_free(&b);
	return json_pack("{s:o}", "ok", out);
}

struct report {
	struct ps_report abi;
	json_t *errors;
};

PS_PRINTF(3, 4)
static void
report_error(struct ps_report *rep, const char *key, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)json_array_append_new(((struct report *)rep)->errors,
	    json_pack("[s, s]", key, text));
}

json_t *
do_validate_converter(struct drive *d, const json_t *line)
{
	struct named *n = find(json_string_value(json_array_get(line, 1)));
	struct report rep = { { report_error }, json_array() };

	(void)d;
	n->ops->validate(&n->t->h, n->t->class, &n->t->config, &rep.abi);
	return json_pack("{s:o}", "ok", rep.errors);
}
