#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <math.h>
#include <stdlib.h>

#include <penstock/converter.h>
#include <penstock/number.h>

#include "record/batch.h"
#include "tests/connectors/host.h"

/* What no JSON text can express; the rest is in tests/data/vectors. */
struct fixture {
	struct test_host *t;
	const struct ps_converter_ops *ops;
	void *state;
	struct ps_batch *b;
	struct ps_record *r;
};

static struct fixture f;

static void
begin(const char *schemas_enable)
{
	f.t = test_host_new("json", "JsonConverter");
	test_host_set(f.t, "schemas.enable", schemas_enable);
	test_host_set(f.t, "schemas.cache.size", "2");
	f.ops = f.t->class->ops;
	f.state = f.ops->create(&f.t->h, f.t->class, &f.t->config, &f.t->err);
	f.b = batch_new(4096);
	f.r = ps_batch_add(f.b);
}

static void
end(void)
{
	if (f.t == NULL)
		return;
	f.ops->destroy(f.state);
	batch_free(&f.b);
	test_host_free(&f.t);
}

/* The text, or the failure's. */
static const char *
encode(const struct ps_schema *draft, struct ps_value v)
{
	f.r->outcome = PS_KEPT;
	f.r->value = v;
	f.r->value_schema =
	    draft == NULL ? NULL : f.t->h.intern(&f.t->h, draft);
	f.ops->encode(f.state, f.b, &f.r, 1, PS_PART_VALUE);
	if (f.r->outcome == PS_FAILED)
		return f.r->failure->error.text;
	if (f.r->raw_value.data == NULL)
		return "(null)";
	return ps_strndup(f.b->arena, (const char *)f.r->raw_value.data,
	    f.r->raw_value.len);
}

TestSuite(json_converter, .fini = end, .timeout = 20);

Test(json_converter, what_is_no_number_is_written_as_text)
{
	const struct ps_value items[] = { ps_float64((double)NAN),
		ps_float64((double)INFINITY), ps_float32(-INFINITY) };

	begin("false");
	cr_expect(eq(str, (char *)encode(NULL, ps_array(items, 3)),
	    "[\"NaN\",\"Infinity\",\"-Infinity\"]"));
}

Test(json_converter, fields_that_did_not_change_are_left_out)
{
	const struct ps_schema i = { .type = PS_INT32 };
	const struct ps_field fields[] = { { "a", 1, &i }, { "b", 1, &i },
		{ "c", 1, &i } };
	const struct ps_schema s = { .type = PS_STRUCT,
		.fields = fields,
		.field_count = 3 };
	struct ps_value v[] = { { .type = PS_UNCHANGED }, ps_int(PS_INT32, 1),
		{ .type = PS_UNCHANGED } };

	begin("false");
	cr_expect(eq(str, (char *)encode(&s, ps_struct(v, 3)), "{\"b\":1}"));
	v[1].type = PS_UNCHANGED;
	cr_expect(eq(str, (char *)encode(&s, ps_struct(v, 3)), "{}"));
}

Test(json_converter, maps_with_other_keys_are_lists_of_pairs)
{
	const struct ps_pair pairs[] = {
		{ ps_int(PS_INT8, 1), ps_text("a") },
		{ ps_text("k"), ps_null() },
	};

	begin("false");
	cr_expect(eq(str, (char *)encode(NULL, ps_map(pairs, 2)),
	    "[[1,\"a\"],[\"k\",null]]"));
	cr_expect(eq(str, (char *)encode(NULL, ps_map(pairs + 1, 1)),
	    "{\"k\":null}"));
}

Test(json_converter, a_value_of_another_type_than_its_schema_fails)
{
	const struct ps_schema i = { .type = PS_INT32 };
	const struct ps_schema d = { .type = PS_BYTES,
		.name = PS_NAME_DECIMAL };
	const struct ps_schema t = { .type = PS_INT32, .name = PS_NAME_TIME };

	begin("true");
	cr_expect(eq(str, (char *)encode(&i, ps_text("x")),
	    "Invalid type for INT32: class java.lang.String"));
	cr_expect(eq(str, (char *)encode(&i, ps_int64(1)),
	    "Invalid type for INT32: class java.lang.Long"));
	cr_expect(eq(str, (char *)encode(&d, ps_int64(1)),
	    "Invalid type for Decimal, expected BigDecimal but was class "
	    "java.lang.Long"));
	cr_expect(strstr(encode(&t, ps_int(PS_INT32, 86400001)),
		      "86400001 ms") != NULL);
	cr_expect(eq(str, (char *)encode(&i, ps_null()),
	    "Conversion error: null value for field that is required and has "
	    "no default value"));
}

Test(json_converter, a_failed_record_leaves_its_neighbours_alone)
{
	static const char *const texts[] = { "1", "{", "3" };
	struct ps_record *records[3];

	begin("false");
	(void)ps_batch_add(f.b);
	(void)ps_batch_add(f.b);
	for (int i = 0; i < 3; i++) {
		records[i] = &f.b->records[i];
		records[i]->raw_key =
		    (struct ps_slice){ (const uint8_t *)texts[i],
			    strlen(texts[i]) };
	}
	f.ops->decode(f.state, f.b, records, 3, PS_PART_KEY);
	cr_expect(eq(i64, records[0]->key.i, 1));
	cr_expect(eq(int, records[1]->outcome, PS_FAILED));
	cr_expect(eq(int, records[1]->failure->stage, PS_STAGE_KEY_CONVERTER));
	cr_expect(eq(i64, records[2]->key.i, 3));
}

Test(json_converter, more_schemas_than_the_cache_holds_are_written_right)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	char expected[32];

	begin("false");
	for (int i = 0; i < 50; i++) {
		const char *name = names[(i * 3) % 5];
		const struct ps_schema s = { .type = PS_INT64 };
		const struct ps_field field = { name, 1, &s };
		const struct ps_schema row = { .type = PS_STRUCT,
			.fields = &field,
			.field_count = 1 };
		const struct ps_value v = ps_int64(i);

		(void)snprintf(expected, sizeof expected, "{\"%s\":%d}", name,
		    i);
		cr_expect(
		    eq(str, (char *)encode(&row, ps_struct(&v, 1)), expected));
	}
}

Test(json_converter, texts_larger_than_the_arena_are_written_whole)
{
	size_t len = 300000;
	char *s = malloc(len);
	const struct ps_slice *raw;

	begin("false");
	memset(s, 'x', len);
	for (size_t i = 0; i < len; i += 1000)
		s[i] = '\n';
	(void)encode(NULL, ps_string(s, len));
	raw = &f.r->raw_value;
	cr_expect(eq(sz, raw->len, len + len / 1000 + 2));
	f.ops->decode(f.state, f.b, &f.r, 1, PS_PART_VALUE);
	cr_expect(eq(sz, f.r->value.len, len));
	cr_expect(memcmp(f.r->value.s, s, len) == 0);
	free(s);
}

Test(json_converter, an_object_with_many_members_keeps_the_last_of_each_name)
{
	size_t n = 20000, used = 0, room = n * 24;
	char *s = malloc(room);

	begin("false");
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(s + used, room - used,
		    "%c\"k%zu\":%zu", i == 0 ? '{' : ',', i % (n / 2), i);
	used += (size_t)snprintf(s + used, room - used, "}");
	f.r->raw_value = (struct ps_slice){ (const uint8_t *)s, used };
	f.ops->decode(f.state, f.b, &f.r, 1, PS_PART_VALUE);
	cr_assert(eq(sz, f.r->value.len, n / 2));
	for (size_t i = 0; i < n / 2; i++)
		cr_assert(
		    eq(i64, f.r->value.pairs[i].value.i, (int64_t)(i + n / 2)));
	free(s);
}

Test(json_converter, only_without_schemas_is_the_raw_text_json)
{
	begin("false");
	cr_expect(f.ops->raw_is_json(f.state));
	end();
	begin("true");
	cr_expect(not(f.ops->raw_is_json(f.state)));
}

Test(json_converter, numbers_read_back_as_they_were)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {
		{ 0.0, "0.0" },
		{ -0.0, "-0.0" },
		{ 1.0, "1.0" },
		{ 1e7, "1.0E7" },
		{ 9999999, "9999999.0" },
		{ 1e-3, "0.001" },
		{ 9.5e-4, "9.5E-4" },
		{ 1e23, "1.0E23" },
		{ 2e23, "2.0E23" },
		{ 4.9e-324, "4.9E-324" },
		{ 1.7976931348623157e308, "1.7976931348623157E308" },
		{ 2.2250738585072014e-308, "2.2250738585072014E-308" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 123456.789, "123456.789" },
	};
	char text[PS_NUMBER_ROOM + 1];
	uint64_t bits = UINT64_C(88172645463325252);
	double v;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		text[ps_put_double(text, rows[i].v)] = '\0';
		cr_expect(eq(str, text, (char *)rows[i].text));
	}
	for (int i = 0; i < 200000; i++) {
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		text[ps_put_double(text, v)] = '\0';
		cr_assert(strtod(text, NULL) == v, "%s", text);
	}
}
