#include "record/intern.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "base/arena.h"
#include "record/digest.h"

static struct intern *in;
static struct ps_arena *a;

static void
setup(void)
{
	in = intern_new(100);
	a = arena_new(4096);
}

static void
teardown(void)
{
	intern_free(&in);
	cr_assert_null(in);
	intern_free(&in);
	arena_free(&a);
}

TestSuite(intern, .init = setup, .fini = teardown);

static const struct ps_schema int64_schema = { .type = PS_INT64 };
static const struct ps_schema text_schema = { .type = PS_STRING,
	.optional = true };

/* A draft on the stack that is overwritten before the next one. */
static const struct ps_schema *
orders(const char *field)
{
	char name[32];
	struct ps_field fields[2] = {
		{ "id", 2, &int64_schema },
		{ name, 0, &text_schema },
	};
	struct ps_schema draft = { .type = PS_STRUCT,
		.name = "orders",
		.fields = fields,
		.field_count = 2 };
	const struct ps_schema *s;

	fields[1].name_len = (size_t)snprintf(name, sizeof name, "%s", field);
	s = intern_schema(in, a, &draft);
	memset(name, 0, sizeof name);
	memset(fields, 0, sizeof fields);
	return s;
}

Test(intern, equal_drafts_are_one_schema)
{
	const struct ps_schema *s = orders("note");

	cr_assert_eq(orders("note"), s);
	cr_assert_neq(orders("other"), s);
	cr_assert(eq(sz, intern_count(in), 4));
	cr_assert(eq(int, ps_field_index(s, "note", 4), 1));
	cr_assert_eq(s->fields[0].schema, intern_schema(in, a, &int64_schema));
	cr_assert_eq(intern_schema(in, a, s), s);
}

Test(intern, whatever_differs_makes_another_schema)
{
	struct ps_value one = ps_int64(1), two = ps_int64(2);
	struct ps_param p1 = { "k", "v" }, p2 = { "k", "w" };
	struct ps_schema drafts[] = {
		{ .type = PS_INT64 },
		{ .type = PS_INT32 },
		{ .type = PS_INT64, .optional = true },
		{ .type = PS_INT64, .version = 1 },
		{ .type = PS_INT64, .name = "" },
		{ .type = PS_INT64, .name = "n" },
		{ .type = PS_INT64, .doc = "n" },
		{ .type = PS_INT64, .params = &p1, .param_count = 1 },
		{ .type = PS_INT64, .params = &p2, .param_count = 1 },
		{ .type = PS_INT64, .default_value = &one },
		{ .type = PS_INT64, .default_value = &two },
		{ .type = PS_ARRAY, .elem = &int64_schema },
		{ .type = PS_ARRAY, .elem = &text_schema },
		{ .type = PS_MAP, .key = &text_schema, .elem = &int64_schema },
		{ .type = PS_MAP, .key = &int64_schema, .elem = &text_schema },
	};
	size_t count = sizeof drafts / sizeof *drafts;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			cr_assert(eq(int,
				      ps_schema_equal(
					  intern_schema(in, a, &drafts[i]),
					  intern_schema(in, a, &drafts[j])),
				      i == j),
			    "%zu and %zu", i, j);
}

Test(intern, defaults_of_all_shapes_are_told_apart)
{
	struct ps_value list[] = { ps_text("a"), ps_float64(1.5) };
	struct ps_pair pair = { ps_text("a"), ps_boolean(true) };
	struct ps_value values[] = { ps_null(), ps_text("a"), ps_bytes("a", 1),
		ps_boolean(false), ps_boolean(true), ps_float64(1.5),
		ps_float32(1.5f), ps_array(list, 2), ps_array(list, 1),
		ps_struct(list, 2), ps_map(&pair, 1), ps_map(&pair, 0) };
	size_t count = sizeof values / sizeof *values;

	for (size_t i = 0; i < count; i++) {
		struct ps_schema draft = { .type = PS_STRING,
			.default_value = &values[i] };

		(void)intern_schema(in, a, &draft);
		(void)intern_schema(in, a, &draft);
		cr_assert(eq(sz, intern_count(in), i + 1));
	}
}

Test(intern, logical_types_are_known_by_name_and_base)
{
	struct ps_param scale = { "scale", "-3" };
	static const struct {
		const char *name;
		enum ps_type type;
		enum ps_logical logical;
	} rows[] = {
		{ NULL, PS_INT32, PS_PLAIN },
		{ PS_NAME_DECIMAL, PS_BYTES, PS_DECIMAL },
		{ PS_NAME_DATE, PS_INT32, PS_DATE },
		{ PS_NAME_TIME, PS_INT32, PS_TIME },
		{ PS_NAME_TIMESTAMP, PS_INT64, PS_TIMESTAMP },
		{ PS_NAME_TIMESTAMP, PS_INT32, PS_OTHER },
		{ "io.debezium.time.MicroTimestamp", PS_INT64, PS_OTHER },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_schema draft = { .type = rows[i].type,
			.name = rows[i].name,
			.params = &scale,
			.param_count = 1 };
		const struct ps_schema *s = intern_schema(in, a, &draft);

		cr_assert(eq(int, s->logical, rows[i].logical));
		cr_assert(eq(i32, s->scale, i == 1 ? -3 : 0));
	}
}

Test(intern, a_changed_copy_is_not_taken_for_its_original)
{
	struct ps_schema draft = *orders("note"), inner = int64_schema;
	const struct ps_schema *changed;
	struct ps_schema list = { .type = PS_ARRAY, .elem = &inner };

	draft.optional = true;
	changed = intern_schema(in, a, &draft);
	cr_assert_neq(changed, orders("note"));
	cr_assert(changed->optional);

	inner = *intern_schema(in, a, &int64_schema);
	inner.optional = true;
	cr_assert(intern_schema(in, a, &list)->elem->optional);
}

Test(intern, beyond_its_ceiling_digests_make_schemas_equal)
{
	const struct ps_schema *first, *s;
	char name[32];

	intern_free(&in);
	in = intern_new(3);
	first = orders("note");
	for (int i = 0; i < 50; i++) {
		(void)snprintf(name, sizeof name, "field%d", i);
		s = orders(name);
		cr_assert(eq(sz, intern_count(in), 3));
		cr_assert_neq(s, orders(name));
		cr_assert(ps_schema_equal(s, orders(name)));
		cr_assert(not(ps_schema_equal(s, first)));
		cr_assert(eq(int, ps_field_index(s, name, strlen(name)), 1));
	}
	cr_assert_eq(orders("note"), first);
}

/* The reference implementation's value. */
Test(digest, is_murmur3)
{
	static const struct {
		const char *text;
		uint64_t low, high;
	} rows[] = {
		{ "", 0, 0 },
		{ "hello", UINT64_C(0xcbd8a7b341bd9b02),
		    UINT64_C(0x5b1e906a48ae1d19) },
		{ "The quick brown fox jumps over the lazy dog",
		    UINT64_C(0xe34bbc7bbc071b6c),
		    UINT64_C(0x7a433ca9c49a9347) },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t out[2];

		digest_bytes(rows[i].text, strlen(rows[i].text), out);
		cr_assert(eq(u64, out[0], rows[i].low));
		cr_assert(eq(u64, out[1], rows[i].high));
	}
}
