#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include <math.h>

#include "plugins/registry/avro_decode.h"
#include "plugins/registry/avro_diff.h"
#include "plugins/registry/avro_encode.h"
#include "plugins/registry/avro_out.h"
#include "plugins/registry/avro_params.h"
#include "plugins/registry/utf8.h"
#include "record/batch.h"
#include "record/intern.h"
#include "record/value.h"

/* What needs no registry; the rest is in tests/integration/test_registry_*. */
static struct fixture {
	struct ps_batch *b;
	struct intern *schemas;
	struct avro_options o;
	struct ps_error err;
} f;

static void
begin(void)
{
	f.b = batch_new(4096);
	f.schemas = intern_new(100);
	f.o = (struct avro_options){ .meta_data = true,
		.flatten_singletons = true };
}

static void
end(void)
{
	batch_free(&f.b);
	intern_free(&f.schemas);
}

TestSuite(avro, .init = begin, .fini = end, .timeout = 20);

static const struct ps_schema *
intern(const struct ps_schema *draft)
{
	return intern_schema(f.schemas, f.b->arena, draft);
}

static const char *
text_of(const struct ps_schema *draft)
{
	const char *text;

	if (avro_text(f.b->arena, &f.o, draft == NULL ? NULL : intern(draft),
		&text, &f.err) < 0)
		return f.err.text;
	return text;
}

struct bytes_case {
	int64_t value;
	size_t len;
	uint8_t bytes[10];
};

static struct bytes_case numbers[] = {
	{ 0, 1, { 0 } },
	{ -1, 1, { 1 } },
	{ 1, 1, { 2 } },
	{ -64, 1, { 0x7f } },
	{ 64, 2, { 0x80, 0x01 } },
	{ INT32_MAX, 5, { 0xfe, 0xff, 0xff, 0xff, 0x0f } },
	{ INT64_MIN, 10,
	    { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 } },
};

ParameterizedTestParameters(avro, numbers_are_zigzag_varints)
{
	return cr_make_param_array(struct bytes_case, numbers,
	    sizeof numbers / sizeof *numbers);
}

ParameterizedTest(struct bytes_case *c, avro, numbers_are_zigzag_varints)
{
	uint8_t out[VARINT_MAX];
	size_t n = (size_t)(put_zigzag(out, c->value) - out);

	cr_assert(eq(sz, n, c->len));
	cr_expect(memcmp(out, c->bytes, n) == 0);
}

struct text_case {
	char schema[400], words[120];
};

static struct text_case bad_texts[] = {
	{ "{", "no JSON" },
	{ "7", "no type" },
	{ "\"what\"", "unknown type" },
	{ "{\"type\":\"record\",\"name\":\"R\"}", "without fields" },
	{ "{\"type\":\"record\",\"fields\":[]}", "without a name" },
	{ "{\"type\":\"fixed\",\"name\":\"F\"}", "without a size" },
	{ "{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}", "without a size" },
	{ "[\"null\",[\"int\"]]", "union in a union" },
	{ "[{\"type\":\"fixed\",\"name\":\"F\",\"size\":1},"
	  "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}]",
	    "there twice" },
	{ "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
	  "{\"name\":\"x\",\"type\":\"Q\"}]}",
	    "field x" },
};

ParameterizedTestParameters(avro, texts_that_are_no_schema_are_refused)
{
	return cr_make_param_array(struct text_case, bad_texts,
	    sizeof bad_texts / sizeof *bad_texts);
}

ParameterizedTest(struct text_case *c, avro,
    texts_that_are_no_schema_are_refused)
{
	struct registered r = { .text = c->schema };
	struct avro_document doc;

	cr_assert(lt(int, avro_parse(&doc, f.b->arena, &r, &f.err), 0));
	cr_expect(strstr(f.err.text, c->words) != NULL, "%s", f.err.text);
	avro_document_fini(&doc);
}

Test(avro, a_schema_may_not_nest_without_end)
{
	char *text = ps_alloc(f.b->arena, 300 * 40);
	struct registered r = { .text = text };
	struct avro_document doc;
	size_t n = 0;

	for (int i = 0; i < 200; i++)
		n +=
		    (size_t)sprintf(text + n, "{\"type\":\"array\",\"items\":");
	n += (size_t)sprintf(text + n, "\"int\"");
	for (int i = 0; i < 200; i++)
		text[n++] = '}';
	text[n] = '\0';
	cr_assert(lt(int, avro_parse(&doc, f.b->arena, &r, &f.err), 0));
	cr_expect(strstr(f.err.text, "nests deeper") != NULL);
	avro_document_fini(&doc);
}

Test(avro, unnamed_structs_are_numbered_and_equal_ones_are_one)
{
	const struct ps_schema i = { .type = PS_INT32 };
	const struct ps_field x[] = { { "x", 1, &i } };
	const struct ps_field y[] = { { "y", 1, &i } };
	const struct ps_schema one = { .type = PS_STRUCT,
		.fields = x,
		.field_count = 1 };
	const struct ps_schema maybe = { .type = PS_STRUCT,
		.optional = true,
		.fields = x,
		.field_count = 1 };
	const struct ps_schema two = { .type = PS_STRUCT,
		.fields = y,
		.field_count = 1 };
	const struct ps_field fields[] = { { "a", 1, &one }, { "b", 1, &maybe },
		{ "c", 1, &two } };
	const struct ps_schema s = { .type = PS_STRUCT,
		.name = "top",
		.fields = fields,
		.field_count = 3 };

	cr_expect(eq(str, (char *)text_of(&s),
	    "{\"type\":\"record\",\"name\":\"top\",\"fields\":["
	    "{\"name\":\"a\",\"type\":{\"type\":\"record\",\"name\":"
	    "\"ConnectDefault\",\"namespace\":\"io.confluent.connect.avro\","
	    "\"fields\":[{\"name\":\"x\",\"type\":\"int\"}]}},"
	    "{\"name\":\"b\",\"type\":[\"null\","
	    "\"io.confluent.connect.avro.ConnectDefault\"],\"default\":null},"
	    "{\"name\":\"c\",\"type\":{\"type\":\"record\",\"name\":"
	    "\"ConnectDefault2\",\"namespace\":\"io.confluent.connect.avro\","
	    "\"fields\":[{\"name\":\"y\",\"type\":\"int\"}]}}],"
	    "\"connect.name\":\"top\"}"));
}

Test(avro, one_name_cannot_be_two_types)
{
	const struct ps_schema i = { .type = PS_INT32 };
	const struct ps_field x[] = { { "x", 1, &i } };
	const struct ps_schema one = { .type = PS_STRUCT,
		.name = "n",
		.fields = x,
		.field_count = 1 };
	const struct ps_schema two = { .type = PS_STRUCT, .name = "n" };
	const struct ps_field fields[] = { { "a", 1, &one }, { "b", 1, &two } };
	const struct ps_schema s = { .type = PS_STRUCT,
		.name = "top",
		.fields = fields,
		.field_count = 2 };

	cr_expect(eq(str, (char *)text_of(&s),
	    "field b: two different schemas are named n, Avro allows one"));
}

Test(avro, without_meta_data_only_avros_own_is_written)
{
	const struct ps_param scale = { "scale", "2" };
	const struct ps_schema s = { .type = PS_BYTES,
		.name = PS_NAME_DECIMAL,
		.version = 1,
		.params = &scale,
		.param_count = 1 };
	const struct ps_schema small = { .type = PS_INT8, .doc = "d" };

	f.o.meta_data = false;
	cr_expect(eq(str, (char *)text_of(&s),
	    "{\"type\":\"bytes\",\"scale\":2,\"precision\":64,"
	    "\"logicalType\":\"decimal\"}"));
	cr_expect(eq(str, (char *)text_of(&small), "\"int\""));
}

Test(avro, bytes_as_defaults_are_latin1)
{
	static const uint8_t p[] = { 0x00, 0x7f, 0x80, 0xff, '"' };
	const struct ps_value v = ps_bytes(p, sizeof p);
	const struct ps_schema s = { .type = PS_BYTES, .default_value = &v };

	cr_expect(eq(str, (char *)text_of(&s),
	    "{\"type\":\"bytes\",\"connect.default\":"
	    "\"\\u0000\x7f\xc2\x80\xc3\xbf\\\"\"}"));
}

/* The plan of a draft and the schema of its own text. */
static int
encode(const struct ps_schema *draft, struct ps_value v, struct ps_slice *out)
{
	const struct ps_schema *s = intern(draft);
	struct registered r = { .text = text_of(draft) };
	struct avro_compiler c = { .arena = f.b->arena,
		.o = &f.o,
		.err = &f.err,
		.strict = true };
	struct avro_encoder e = { .err = &f.err };
	struct avro_document doc;
	struct avro_plan plan = { 0 };
	int rc;

	cr_assert(eq(int, avro_parse(&doc, f.b->arena, &r, &f.err), 0));
	cr_assert(eq(int, avro_compile(&c, s, doc.schema, &plan), 0));
	avro_document_fini(&doc);
	bytes_begin(&e.out, f.b->arena);
	rc = avro_encode(&e, &plan, &v);
	*out = bytes_end(&e.out);
	return rc;
}

Test(avro, null_in_a_field_with_a_default_is_the_default)
{
	const struct ps_value seven = ps_int(PS_INT32, 7);
	const struct ps_schema i = { .type = PS_INT32,
		.optional = true,
		.default_value = &seven };
	const struct ps_field fields[] = { { "a", 1, &i } };
	const struct ps_schema s = { .type = PS_STRUCT,
		.fields = fields,
		.field_count = 1 };
	const struct ps_value v = ps_null();
	struct ps_slice out;

	cr_assert(eq(int, encode(&s, ps_struct(&v, 1), &out), 0));
	cr_assert(eq(sz, out.len, 2));
	cr_expect(memcmp(out.data, "\x00\x0e", 2) == 0);
	f.o.ignore_null_defaults = true;
	cr_assert(eq(int, encode(&s, ps_struct(&v, 1), &out), 0));
	cr_expect(memcmp(out.data, "\x02", 1) == 0 && out.len == 1);
}

Test(avro, values_that_do_not_fit_are_named)
{
	const struct ps_schema i = { .type = PS_INT32 };
	const struct ps_field fields[] = { { "a", 1, &i } };
	const struct ps_schema s = { .type = PS_STRUCT,
		.fields = fields,
		.field_count = 1 };
	const struct ps_value text = ps_text("x"), none = ps_null();
	struct ps_slice out;

	cr_expect(lt(int, encode(&s, ps_struct(&text, 1), &out), 0));
	cr_expect(
	    eq(str, f.err.text, "field a: Invalid type for INT32: STRING"));
	ps_error_clear(&f.err);
	cr_expect(lt(int, encode(&s, ps_struct(&none, 1), &out), 0));
	cr_expect(eq(str, f.err.text,
	    "field a: Found null value for non-optional schema"));
	ps_error_clear(&f.err);
	cr_expect(lt(int, encode(&s, ps_struct(&text, 0), &out), 0));
	cr_expect(strstr(f.err.text, "0 values for 1 fields") != NULL);
}

Test(avro, arrays_may_come_in_blocks_and_may_not_be_larger_than_the_input)
{
	struct registered r = { .text =
				    "{\"type\":\"array\",\"items\":\"int\"}" };
	static const uint8_t blocks[] = { 2, 2, 3, 4, 4, 6, 0 };
	static const uint8_t huge[] = { 0xfe, 0xff, 0xff, 0xff, 0x0f, 2 };
	struct avro_reader by = { .arena = f.b->arena,
		.o = &f.o,
		.err = &f.err };
	struct avro_document doc;
	struct avro_reading n;
	const struct ps_schema *draft;
	struct avro_decoder d = { blocks, blocks + sizeof blocks, f.b->arena,
		&f.err, 0 };
	struct ps_value v;

	cr_assert(eq(int, avro_parse(&doc, f.b->arena, &r, &f.err), 0));
	cr_assert(eq(int, avro_read_schema(&by, doc.schema, &draft, &n), 0));
	/* one element, then two more with their size before them */
	cr_assert(eq(int, avro_decode(&d, &n, &v), 0));
	cr_assert(eq(u32, v.len, 3));
	cr_expect(v.items[0].i == 1 && v.items[1].i == 2 && v.items[2].i == 3);
	d = (struct avro_decoder){ huge, huge + sizeof huge, f.b->arena, &f.err,
		0 };
	cr_assert(lt(int, avro_decode(&d, &n, &v), 0));
	cr_expect(strstr(f.err.text, "a block of") != NULL);
	avro_document_fini(&doc);
}

Test(avro, what_is_no_utf8_is_replaced)
{
	const uint8_t bad[] = { 'a', 0xff, 0xf0, 0x9f, 'b', 0xc3, 0xa9 };
	struct ps_value v = utf8_value(f.b->arena, bad, sizeof bad);

	cr_expect(ps_is_text(&v, "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
				 "b\xc3\xa9"));
	v = utf8_value(f.b->arena, bad + 5, 2);
	cr_expect(v.s == (const char *)bad + 5);
}

Test(avro, differences_are_said_in_words)
{
	char out[400];

	avro_differs(f.b->arena,
	    "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
	    "{\"name\":\"a\",\"type\":\"int\"},"
	    "{\"name\":\"b\",\"type\":[\"null\",\"string\"]},"
	    "{\"name\":\"p\",\"type\":[\"null\",{\"type\":\"record\","
	    "\"name\":\"P\",\"fields\":[]}]}]}",
	    "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
	    "{\"name\":\"b\",\"type\":\"string\"},"
	    "{\"name\":\"c\",\"type\":\"long\",\"default\":1},"
	    "{\"name\":\"p\",\"type\":[\"null\",{\"type\":\"record\","
	    "\"name\":\"P\",\"fields\":[{\"name\":\"x\",\"type\":"
	    "\"int\"}]}]}]}",
	    out, sizeof out);
	cr_expect(eq(str, out,
	    "field b was null or string and is string, field c was added, "
	    "field p.x was added without a default, field a is gone"));
	avro_differs(f.b->arena, "\"int\"", "\"string\"", out, sizeof out);
	cr_expect(eq(str, out, "it was int and is string"));
	avro_differs(f.b->arena, "{", "\"string\"", out, sizeof out);
	cr_expect(eq(str, out, ""));
}
