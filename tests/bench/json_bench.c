/*
 * json_bench: what JsonConverter and those with a schema registry cost per
 * row of the orders table.
 *
 * json_bench JSON.so REGISTRY.so [ROUNDS] prints nanoseconds per record, and
 * instructions where the kernel counts them, of each way through a converter.
 */
#include <assert.h>
#include <dlfcn.h>
#include <jansson.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <penstock/abi.h>
#include <penstock/converter.h>

#include "record/batch.h"
#include "record/intern.h"
#include "tests/bench/counted.h"
#include "tests/bench/orders.h"
#include "tests/connectors/stub.h"

#define RECORDS 1000
#define ROUNDS  2000

struct bench {
	struct ps_host h;
	struct intern *schemas;
	struct ps_batch *b;
	const struct ps_class *class;
	const struct ps_converter_ops *ops;
	struct ps_record **records;
	const struct ps_schema *schema;
	int counter; /* of instructions, -1: none */
	int rounds;
};

static const struct ps_schema *
intern_draft(const struct ps_host *h, const struct ps_schema *draft)
{
	struct bench *t = h->impl;

	return intern_schema(t->schemas, t->b->arena, draft);
}

static void
fill(struct bench *t)
{
	static const uint8_t amount[] = { 0x01, 0xe2, 0x40 };

	t->records = calloc(RECORDS, sizeof *t->records);
	for (int64_t i = 0; i < RECORDS; i++)
		(void)ps_batch_add(t->b);
	for (int64_t i = 0; i < RECORDS; i++) {
		struct ps_record *r = t->records[i] = &t->b->records[i];
		struct ps_value *v = calloc(ORDERS_COLUMNS, sizeof *v);

		v[0] = ps_int64(1000000 + i);
		v[1] = ps_int(PS_INT32, 48213 + i % 1000);
		v[2] = ps_text("shipped");
		v[3] = ps_bytes(amount, sizeof amount);
		v[4] = ps_text("leave at the door, ring twice please!");
		v[5] = ps_text("2024-02-29T12:34:56.789012Z");
		v[6] = ps_text("2024-03-01T01:02:03.456789Z");
		r->topic = "orders";
		r->value = ps_struct(v, ORDERS_COLUMNS);
		r->value_schema = t->schema;
	}
}

static void *
converter(struct bench *t, const char *schemas, const char *decimal)
{
	const struct ps_setting settings[] = {
		{ "converter.type", "value" },
		{ "decimal.format", decimal },
		{ "replace.null.with.default", "true" },
		{ "schemas.cache.size", "1000" },
		{ "schemas.enable", schemas },
	};
	const struct ps_config c = { settings, 5 };
	struct ps_error err = { 0 };

	return t->ops->create(&t->h, t->class, &c, &err);
}

static void
open_counter(struct bench *t)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof attr,
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.exclude_kernel = 1,
	};

	t->counter = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static uint64_t
instructions(const struct bench *t)
{
	uint64_t n = 0;

	if (t->counter >= 0 && read(t->counter, &n, sizeof n) != sizeof n)
		n = 0;
	return n;
}

static double
now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

typedef void step_fn(void *state, struct ps_batch *b,
    struct ps_record *const *records, size_t count, enum ps_part part);

/* Each round's memory is taken back, as a batch's is when it ends. */
static void
measure(struct bench *t, const char *what, step_fn *step, void *state)
{
	char *cur, *end;
	double ns = 0, best = 1e18;
	uint64_t count = 0, before;

	for (int i = 0; i < t->rounds; i++) {
		(void)ps_alloc(t->b->arena, 1024 * 1024);
		t->b->arena->cur -= 1024 * 1024;
		cur = t->b->arena->cur;
		end = t->b->arena->end;
		if (i == t->rounds - 1)
			CALLGRIND_ZERO_STATS;
		before = instructions(t);
		ns = now_ns();
		step(state, t->b, t->records, RECORDS, PS_PART_VALUE);
		ns = now_ns() - ns;
		best = ns < best ? ns : best;
		count = instructions(t) - before;
		if (t->b->arena->end == end && i < t->rounds - 1)
			t->b->arena->cur = cur;
	}
	CALLGRIND_DUMP_STATS_AT(what);
	assert(t->records[0]->outcome == PS_KEPT);
	(void)printf("%-28s %6.0f ns", what, best / RECORDS);
	if (t->counter >= 0)
		(void)printf(" %7llu instructions",
		    (unsigned long long)(count / RECORDS));
	(void)printf(" %5zu bytes\n", t->records[0]->raw_value.len);
}

/* The class of that name, or NULL. */
static const struct ps_class *
load(const char *path, const char *name)
{
	void *so = dlopen(path, RTLD_NOW);
	const struct ps_plugin *p =
	    so == NULL ? NULL : dlsym(so, "penstock_plugin");

	if (p == NULL)
		return NULL;
	for (size_t i = 0; i < p->class_count; i++)
		if (strcmp(p->classes[i].name, name) == 0)
			return &p->classes[i];
	return NULL;
}

/* ---- Converters with a registry ---- */

/* A registry of one schema. */
struct registry {
	char *schema; /* as JSON, with its quotes */
	const char *kind;
};

static void
answer(void *arg, const struct stub_request *q, struct stub_reply *a)
{
	struct registry *r = arg;
	char *text = NULL;
	int n;

	a->status = 200;
	if (q->body != NULL && q->len > 0 && r->schema == NULL) {
		json_t *root = json_loadb(q->body, q->len, 0, NULL);

		r->schema = json_dumps(json_object_get(root, "schema"),
		    JSON_ENCODE_ANY);
		json_decref(root);
	}
	n = asprintf(&text,
	    "{\"id\":1,\"version\":1,\"schemaType\":\"%s\",\"schema\":%s}",
	    r->kind, r->schema == NULL ? "\"\"" : r->schema);
	assert(n > 0);
	stub_body(a, text, (size_t)n);
	free(text);
}

static int
by_key(const void *a, const void *b)
{
	return strcmp(((const struct ps_setting *)a)->key,
	    ((const struct ps_setting *)b)->key);
}

static void *
with_registry(struct bench *t, const char *url)
{
	struct ps_setting settings[128];
	struct ps_config c = { settings, t->class->key_count };
	struct ps_error err = { 0 };
	void *state;

	for (size_t i = 0; i < c.count; i++)
		settings[i] = (struct ps_setting){ t->class->keys[i].name,
			strcmp(t->class->keys[i].name, "schema.registry.url") ==
				0
			    ? url
			    : t->class->keys[i].default_value };
	qsort(settings, c.count, sizeof *settings, by_key);
	state = t->ops->create(&t->h, t->class, &c, &err);
	if (state == NULL)
		(void)fprintf(stderr, "%s\n", err.text);
	assert(state != NULL);
	return state;
}

static void
measure_registry(struct bench *t, const char *so, const char *name,
    const char *kind)
{
	struct registry r = { .kind = kind };
	struct stub *stub = stub_new(answer, &r);
	char url[64], what[64];
	void *state;

	t->class = load(so, name);
	assert(t->class != NULL);
	t->ops = t->class->ops;
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d", stub_port(stub));
	state = with_registry(t, url);
	(void)snprintf(what, sizeof what, "%s encode", kind);
	measure(t, what, t->ops->encode, state);
	(void)snprintf(what, sizeof what, "%s decode", kind);
	measure(t, what, t->ops->decode, state);
	t->ops->destroy(state);
	stub_free(&stub);
	free(r.schema);
}

static void
measure_json(struct bench *t)
{
	void *plain = converter(t, "false", "BASE64");
	void *full = converter(t, "true", "BASE64");
	void *numeric = converter(t, "false", "NUMERIC");

	measure(t, "encode, numeric decimal", t->ops->encode, numeric);
	measure(t, "encode", t->ops->encode, plain);
	measure(t, "check", t->ops->check, plain);
	measure(t, "encode, with schema", t->ops->encode, full);
	measure(t, "decode, with schema", t->ops->decode, full);
	measure(t, "encode, with schema again", t->ops->encode, full);
	measure(t, "check, with schema", t->ops->check, full);
	measure(t, "encode, plain again", t->ops->encode, plain);
	measure(t, "decode", t->ops->decode, plain);
	measure(t, "encode, without a schema", t->ops->encode, plain);
}

int
main(int argc, char **argv)
{
	struct bench t = { .counter = -1, .rounds = 2000 };

	if (argc < 3) {
		(void)fprintf(stderr,
		    "usage: json_bench JSON.so REGISTRY.so [ROUNDS]\n");
		return 2;
	}
	t.h = (struct ps_host){ .size = sizeof t.h,
		.impl = &t,
		.intern = intern_draft };
	t.schemas = intern_new(1000);
	t.b = batch_new(16 << 20);
	t.class = load(argv[1], "JsonConverter");
	assert(t.class != NULL);
	t.ops = t.class->ops;
	t.schema = orders_schema(&t.h);
	if (argc > 3)
		t.rounds = (int)strtol(argv[3], NULL, 10);
	open_counter(&t);
	fill(&t);
	measure_registry(&t, argv[2], "AvroConverter", "AVRO");
	measure_registry(&t, argv[2], "JsonSchemaConverter", "JSON");
	t.class = load(argv[1], "JsonConverter");
	t.ops = t.class->ops;
	measure_json(&t);
	return 0;
}
