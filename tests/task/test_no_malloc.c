/*
 * No malloc per record: the ways of a source's and a sink's batch are run
 * with malloc counted. The first rounds warm up; then a round of thousands
 * of records allocates nothing in our code.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "convert/pipeline.h"
#include "convert/stages.h"
#include "plugin/host.h"
#include "record/batch.h"
#include "task/ack.h"
#include "task/positions.h"
#include "tests/support/counted_malloc.h"
#include "tests/task/played.h"

enum { RECORDS = 5000, WARM = 3, ROUNDS = 10 };

/* ---- A converter as plugins are: aliases its input ---- */

static void
pass(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count, enum ps_part part)
{
	(void)state;
	(void)b;
	for (size_t i = 0; i < count; i++) {
		struct ps_record *r = records[i];

		if (part == PS_PART_VALUE)
			r->raw_value =
			    (struct ps_slice){ (const uint8_t *)r->value.s,
				    r->value.len };
	}
}

static struct instance
converter(void)
{
	struct instance in = { 0 };

	in.converter.encode = pass;
	in.converter.decode = pass;
	return in;
}

static const struct host_hooks no_hooks = { 0 };

static struct host *
make_host(void)
{
	return host_new(&(struct host_options){ .connector = "c",
	    .schemas = 10,
	    .hooks = &no_hooks,
	    .wake_fd = -1 });
}

static void
fill(struct ps_batch *b, const struct ps_source_partition *p, int64_t from)
{
	for (int i = 0; i < RECORDS; i++) {
		struct ps_record *r = ps_batch_add(b);
		struct ps_pair *pair =
		    (struct ps_pair *)ps_alloc(b->arena, sizeof *pair);

		r->topic = r->origin_topic = "t";
		r->origin_partition = i % 4;
		r->value = ps_text("a line of a file, as it is");
		pair->key = ps_text("position");
		pair->value = ps_int64(from + i);
		r->source_partition = p;
		r->source_offset = ps_map(pair, 1);
	}
}

Test(no_malloc, on_the_way_of_a_source)
{
	struct host *h = make_host();
	struct ps_pair pair = { ps_text("filename"), ps_text("/x") };
	struct ps_value map = ps_map(&pair, 1);
	const struct ps_source_partition *p =
	    host_abi(h)->partition(host_abi(h), &map);
	struct instance in = converter();
	struct tolerance t = { .all = false };
	struct ack *a = ack_new();
	struct ps_error err = { 0 };

	for (int round = 0; round < WARM + ROUNDS; round++) {
		struct flight *f;

		atomic_store(&is_counting, round >= WARM);
		f = ack_take(a);
		fill(f->batch, p, round * RECORDS);
		stage_convert(&t, &in, f->batch, STAGE_ENCODE, PS_PART_VALUE);
		cr_assert(zero(int, tolerance_settle(&t, f->batch, &err)));
		ack_begin(a, f);
		for (int i = 0; i < RECORDS; i++)
			ack_sent(f, 1);
		ack_seal(a, f);
		ack_done(a, f, RECORDS);
		cr_assert_not_null(ack_take_dirty(a));
		atomic_store(&is_counting, false);
	}
	/* Criterion's own assertions take a few; records would take 50,000. */
	cr_assert(lt(sz, atomic_load(&calls), 10 * ROUNDS));
	ack_free(&a);
	host_free(&h);
}

Test(no_malloc, on_the_way_of_a_sink)
{
	struct ps_batch *b = batch_new(256 << 10);
	struct positions *positions = positions_new();
	struct instance in = converter();
	struct tolerance t = { .all = false };
	struct ps_error err = { 0 };

	for (int32_t i = 0; i < 4; i++)
		(void)positions_add(positions, "t", i);
	for (int round = 0; round < WARM + ROUNDS; round++) {
		atomic_store(&is_counting, round >= WARM);
		fill(b, NULL, 0);
		stage_convert(&t, &in, b, STAGE_DECODE, PS_PART_VALUE);
		if (tolerance_settle(&t, b, &err) != 0)
			abort();
		for (size_t i = 0; i < b->count; i++)
			positions_find(positions, b->records[i].origin_topic,
			    b->records[i].origin_partition)
			    ->current++;
		batch_reset(b, 4 << 20);
		atomic_store(&is_counting, false);
	}
	cr_assert(zero(sz, atomic_load(&calls)));
	batch_free(&b);
	positions_free(&positions);
}

/* Every other record has a schema, so that both ways of each step are gone. */
static void
fill_both(struct ps_batch *b, const struct ps_schema *text)
{
	fill(b, NULL, 0);
	for (size_t i = 0; i < b->count; i += 2)
		b->records[i].value_schema = text;
}

Test(no_malloc, on_the_way_through_a_chain)
{
	static const struct ps_setting rows[] = {
		{ "connector.class", "NumbersSource" },
		{ "topic", "t" },
		{ "transforms", "hoist,insert,rename,flat,route" },
		{ "transforms.hoist.type", "HoistField$Value" },
		{ "transforms.hoist.field", "line" },
		{ "transforms.insert.type", "InsertField$Value" },
		{ "transforms.insert.static.field", "from" },
		{ "transforms.insert.static.value", "here" },
		{ "transforms.rename.type", "ReplaceField$Value" },
		{ "transforms.rename.renames", "line:text" },
		{ "transforms.flat.type", "Flatten$Value" },
		{ "transforms.flat.predicate", "gone" },
		{ "transforms.flat.negate", "true" },
		{ "transforms.route.type", "RegexRouter" },
		{ "transforms.route.regex", "(.*)" },
		{ "transforms.route.replacement", "$1-x" },
		{ "predicates", "gone" },
		{ "predicates.gone.type", "RecordIsTombstone" },
		{ 0 },
	};
	static struct played w;
	struct ps_batch *b = batch_new(1 << 20);
	struct ps_schema draft = { .type = PS_STRING };
	const struct ps_schema *text;
	struct tolerance t = { .all = false };
	struct ps_error err = { 0 };
	struct pipeline *p;

	played_begin(&w);
	cr_assert(zero(int, played_configure(&w, NULL, rows, &err)), "%s",
	    err.text);
	p = pipeline_new(&w.task.settings, host_abi(w.task.host), &err);
	cr_assert(p != NULL, "%s", err.text);
	text = host_abi(w.task.host)->intern(host_abi(w.task.host), &draft);
	for (int round = 0; round < WARM + ROUNDS; round++) {
		atomic_store(&is_counting, round >= WARM);
		fill_both(b, text);
		pipeline_apply(p, &t, b);
		atomic_store(&is_counting, false);
		for (size_t i = 0; i < b->count; i++)
			cr_assert(b->records[i].outcome == PS_KEPT);
		cr_assert_str_eq(b->records[0].topic, "t-x");
		batch_reset(b, 16 << 20);
	}
	/* A batch may ask for a larger piece now and then. */
	cr_assert(lt(sz, atomic_load(&calls), 10 * ROUNDS));
	pipeline_free(&p);
	batch_free(&b);
	played_end(&w);
}
