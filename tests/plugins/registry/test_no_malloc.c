/*
 * No malloc per record in the converters with a registry: once a schema is
 * known, thousands of records allocate nothing but their batch's memory.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include <penstock/abi.h>
#include <penstock/converter.h>

#include "record/batch.h"
#include "record/intern.h"
#include "tests/bench/orders.h"
#include "tests/connectors/stub.h"
#include "tests/support/counted_malloc.h"

enum { RECORDS = 1000, WARM = 3, ROUNDS = 10, SETTINGS = 128 };

extern const struct ps_plugin penstock_plugin;

/* ---- a registry of one schema ---- */

struct registry {
	char *schema; /* as JSON, with its quotes; NULL: none is registered */
	const char *kind;
};

static void
answer(void *arg, const struct stub_request *q, struct stub_reply *a)
{
	struct registry *r = arg;
	char *text = NULL;

	if (q->len > 0 && r->schema == NULL) {
		json_t *root = json_loadb(q->body, q->len, 0, NULL);

		r->schema = json_dumps(json_object_get(root, "schema"),
		    JSON_ENCODE_ANY);
		json_decref(root);
	}
	a->status = 200;
	if (asprintf(&text,
		"{\"id\":1,\"version\":1,\"schemaType\":\"%s\",\"schema\":%s}",
		r->kind, r->schema == NULL ? "\"\"" : r->schema) < 0)
		abort();
	stub_body(a, text, strlen(text));
	free(text);
}

/* ---- a converter ---- */

struct way {
	struct ps_host host;
	struct intern *schemas;
	struct ps_batch *b;
	struct ps_record *records[RECORDS];
	const struct ps_class *class;
	const struct ps_converter_ops *ops;
	void *state;
};

static const struct ps_schema *
intern_draft(const struct ps_host *h, const struct ps_schema *draft)
{
	struct way *w = h->impl;

	return intern_schema(w->schemas, w->b->arena, draft);
}

static int
by_key(const void *a, const void *b)
{
	return strcmp(((const struct ps_setting *)a)->key,
	    ((const struct ps_setting *)b)->key);
}

static void
open_converter(struct way *w, const char *name, int port)
{
	struct ps_setting settings[SETTINGS];
	struct ps_error err = { 0 };
	struct ps_config c = { settings, 0 };
	char url[64];

	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
	for (size_t i = 0; i < penstock_plugin.class_count; i++)
		if (strcmp(penstock_plugin.classes[i].name, name) == 0)
			w->class = &penstock_plugin.classes[i];
	cr_assert(w->class != NULL && w->class->key_count <= SETTINGS);
	w->ops = w->class->ops;
	for (; c.count < w->class->key_count; c.count++) {
		const struct ps_key *k = &w->class->keys[c.count];

		settings[c.count] = (struct ps_setting){ k->name,
			strcmp(k->name, "schema.registry.url") == 0
			    ? url
			    : k->default_value };
	}
	qsort(settings, c.count, sizeof *settings, by_key);
	w->state = w->ops->create(&w->host, w->class, &c, &err);
	cr_assert(w->state != NULL, "%s", err.text);
}

static void
fill(struct way *w, const struct ps_schema *schema)
{
	static const uint8_t amount[] = { 0x01, 0xe2, 0x40 };

	for (int64_t i = 0; i < RECORDS; i++)
		(void)ps_batch_add(w->b);
	for (int64_t i = 0; i < RECORDS; i++) {
		struct ps_record *r = w->records[i] = &w->b->records[i];
		struct ps_value *v = (struct ps_value *)ps_calloc(w->b->arena,
		    ORDERS_COLUMNS, sizeof *v);

		v[0] = ps_int64(i);
		v[1] = ps_int(PS_INT32, i);
		v[2] = ps_text("shipped");
		v[3] = ps_bytes(amount, sizeof amount);
		v[4] = ps_text("ring \"twice\"");
		v[5] = ps_text("2024-02-29T12:34:56.789012Z");
		v[6] = ps_null();
		r->topic = "orders";
		r->value = ps_struct(v, ORDERS_COLUMNS);
		r->value_schema = schema;
	}
}

typedef void step_fn(void *state, struct ps_batch *b,
    struct ps_record *const *records, size_t count, enum ps_part part);

static size_t
count_calls(struct way *w, step_fn *step)
{
	atomic_store(&calls, 0);
	for (int round = 0; round < WARM + ROUNDS; round++) {
		atomic_store(&is_counting, round >= WARM);
		step(w->state, w->b, w->records, RECORDS, PS_PART_VALUE);
		atomic_store(&is_counting, false);
		for (int i = 0; i < RECORDS; i++)
			if (w->records[i]->outcome != PS_KEPT)
				abort();
	}
	return atomic_load(&calls);
}

static void
check(const char *name, const char *kind)
{
	struct registry r = { .kind = kind };
	struct stub *stub = stub_new(answer, &r);
	struct way w = { .host = { .size = sizeof w.host,
			     .intern = intern_draft } };
	size_t encoding, decoding;

	w.host.impl = &w;
	w.schemas = intern_new(100);
	w.b = batch_new(1 << 20);
	fill(&w, orders_schema(&w.host));
	open_converter(&w, name, stub_port(stub));
	encoding = count_calls(&w, w.ops->encode);
	cr_expect(gt(sz, w.records[RECORDS - 1]->raw_value.len, 50));
	decoding = count_calls(&w, w.ops->decode);
	cr_expect(eq(int, w.records[RECORDS - 1]->value.type, PS_STRUCT));
	cr_expect(eq(long, w.records[7]->value.items[0].i, 7));
	/* A batch asks for a larger piece now and then. */
	cr_expect(lt(sz, encoding, 2 * ROUNDS), "%s", name);
	cr_expect(lt(sz, decoding, 2 * ROUNDS), "%s", name);
	w.ops->destroy(w.state);
	stub_free(&stub);
	free(r.schema);
	batch_free(&w.b);
	intern_free(&w.schemas);
}

Test(no_malloc, by_avro, .timeout = 60)
{
	check("AvroConverter", "AVRO");
}

Test(no_malloc, by_json_schema, .timeout = 60)
{
	check("JsonSchemaConverter", "JSON");
}

Test(no_malloc, by_protobuf, .timeout = 60)
{
	check("ProtobufConverter", "PROTOBUF");
}
