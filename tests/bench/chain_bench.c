/*
 * chain_bench: what chains of 0, 1 and 3 transforms cost per row of the
 * orders table, before the row is written as JSON.
 *
 * chain_bench [ROUNDS] prints nanoseconds per record, and instructions where
 * the kernel counts them. The chains go through the task's own pipeline.
 */
#include <assert.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "config/map.h"
#include "convert/encode.h"
#include "convert/pipeline.h"
#include "plugin/host.h"
#include "record/batch.h"
#include "tests/bench/counted.h"
#include "tests/bench/orders.h"

enum { RECORDS = 1000, CHUNK = 16 << 20, SCHEMAS = 1000 };

#define TRANSFORMS "org.apache.kafka.connect.transforms."
#define JSON       "org.apache.kafka.connect.json.JsonConverter"
#define STRINGS    "org.apache.kafka.connect.storage.StringConverter"

static const struct ps_setting steps[] = {
	{ "transforms.cast.spec", "customer_id:string" },
	{ "transforms.cast.type", TRANSFORMS "Cast$Value" },
	{ "transforms.insert.static.field", "site" },
	{ "transforms.insert.static.value", "north" },
	{ "transforms.insert.type", TRANSFORMS "InsertField$Value" },
	{ "transforms.rename.exclude", "note" },
	{ "transforms.rename.renames", "id:order_id" },
	{ "transforms.rename.type", TRANSFORMS "ReplaceField$Value" },
	{ "value.converter", JSON },
	{ "value.converter.schemas.enable", "false" },
	{ "key.converter", STRINGS },
};

struct bench {
	struct catalog *catalog;
	struct host *host;
	struct settings settings;
	struct converters converters;
	struct pipeline *pipeline;
	struct tolerance tolerance;
	struct ps_batch *b;
	const struct ps_schema *schema;
	struct ps_value rows[RECORDS][ORDERS_COLUMNS];
	int counter; /* of instructions, -1: none */
};

static void
make_rows(struct bench *t)
{
	static const uint8_t amount[] = { 0x01, 0xe2, 0x40 };

	for (int64_t i = 0; i < RECORDS; i++) {
		struct ps_value *v = t->rows[i];

		v[0] = ps_int64(1000000 + i);
		v[1] = ps_int(PS_INT32, 48213 + i % 1000);
		v[2] = ps_text("shipped");
		v[3] = ps_bytes(amount, sizeof amount);
		v[4] = ps_text("leave at the door, ring twice please!");
		v[5] = ps_text("2024-02-29T12:34:56.789012Z");
		v[6] = ps_text("2024-03-01T01:02:03.456789Z");
	}
}

static void
fill(struct bench *t)
{
	batch_reset(t->b, CHUNK);
	batch_reserve(t->b, RECORDS);
	for (int i = 0; i < RECORDS; i++) {
		struct ps_record *r = ps_batch_add(t->b);

		r->topic = "orders";
		r->value = ps_struct(t->rows[i], ORDERS_COLUMNS);
		r->value_schema = t->schema;
	}
}

static void
open_chain(struct bench *t, const char *names)
{
	struct ps_setting all[32];
	struct ps_error err = { 0 };
	size_t n = sizeof steps / sizeof *steps;

	t->settings = (struct settings){ .arena = arena_new(64 << 10),
		.catalog = t->catalog };
	memcpy(all, steps, sizeof steps);
	all[n++] = (struct ps_setting){ "transforms", names };
	t->settings.config = config_sorted(all, n);
	t->settings.config =
	    config_copy(t->settings.arena, &t->settings.config);
	t->pipeline = pipeline_new(&t->settings, host_abi(t->host), &err);
	if (t->pipeline == NULL || converters_init(&t->converters, &t->settings,
				       host_abi(t->host), &err) != 0) {
		(void)fprintf(stderr, "chain_bench: %s\n", err.text);
		exit(EXIT_FAILURE);
	}
}

static void
close_chain(struct bench *t)
{
	pipeline_free(&t->pipeline);
	converters_fini(&t->converters);
	arena_free(&t->settings.arena);
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

/* The fastest of all rounds, without or with what writes the row. */
static void
measure(struct bench *t, const char *what, bool encodes, int rounds)
{
	double ns, best = 1e18;
	uint64_t count = 0;

	for (int i = 0; i < rounds; i++) {
		fill(t);
		if (i == rounds - 1)
			CALLGRIND_ZERO_STATS;
		count = instructions(t);
		ns = now_ns();
		pipeline_apply(t->pipeline, &t->tolerance, t->b);
		if (encodes)
			encode_batch(&t->converters, &t->tolerance, t->b);
		ns = now_ns() - ns;
		count = instructions(t) - count;
		best = ns < best ? ns : best;
	}
	CALLGRIND_DUMP_STATS_AT(what);
	assert(t->b->records[0].outcome == PS_KEPT);
	(void)printf("%-28s %6.0f ns", what, best / RECORDS);
	if (t->counter >= 0)
		(void)printf(" %7llu instructions",
		    (unsigned long long)(count / RECORDS));
	(void)printf("\n");
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *names, *alone, *encoded;
	} chains[] = {
		{ "", "no transforms", "none, encoded" },
		{ "insert", "1 transform", "1, encoded" },
		{ "insert,rename,cast", "3 transforms", "3, encoded" },
	};
	static const char *const dirs[] = { BUILD "/plugins" };
	static const struct host_hooks none = { 0 };
	const struct host_options o = { .connector = "bench",
		.task = -1,
		.wake_fd = -1,
		.schemas = SCHEMAS,
		.hooks = &none };
	struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE,
		.size = sizeof attr,
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.exclude_kernel = 1 };
	struct bench *t = calloc(1, sizeof *t);
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 2000;

	t->catalog = catalog_new(dirs, 1);
	t->host = host_new(&o);
	t->b = batch_new(CHUNK);
	host_set_arena(t->host, t->b->arena);
	t->schema = orders_schema(host_abi(t->host));
	t->counter = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	make_rows(t);
	for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
		open_chain(t, chains[i].names);
		measure(t, chains[i].alone, false, rounds);
		measure(t, chains[i].encoded, true, rounds);
		close_chain(t);
	}
	batch_free(&t->b);
	host_free(&t->host);
	catalog_free(&t->catalog);
	free(t);
	return 0;
}
