/*
 * Any bytes as the payload of one of some schemas: what was read and written
 * once is read and written alike for ever after. The first byte chooses the
 * schema; a zero lets the input be the schema.
 */
#include <assert.h>
#include <stdlib.h>

#include "plugins/registry/avro_decode.h"
#include "plugins/registry/avro_encode.h"
#include "plugins/registry/avro_out.h"
#include "record/batch.h"
#include "record/intern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const schemas[] = {
	"{\"type\":\"record\",\"name\":\"R\",\"fields\":["
	"{\"name\":\"a\",\"type\":\"int\"},"
	"{\"name\":\"b\",\"type\":[\"null\",\"string\"]},"
	"{\"name\":\"c\",\"type\":{\"type\":\"array\",\"items\":\"long\"}},"
	"{\"name\":\"d\",\"type\":{\"type\":\"map\",\"values\":\"bytes\"}},"
	"{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\","
	"\"symbols\":[\"X\",\"Y\"]}},"
	"{\"name\":\"f\",\"type\":{\"type\":\"fixed\",\"name\":\"F\","
	"\"size\":3}},"
	"{\"name\":\"g\",\"type\":\"double\"},"
	"{\"name\":\"h\",\"type\":[\"null\",\"int\",\"float\",\"E\"]}]}",
	"[\"null\",\"int\",\"string\",{\"type\":\"array\",\"items\":"
	"[\"null\",{\"type\":\"record\",\"name\":\"P\",\"fields\":[]}]}]",
	"{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":"
	"\"io.confluent.connect.avro.MapEntry\",\"fields\":["
	"{\"name\":\"key\",\"type\":\"int\"},"
	"{\"name\":\"value\",\"type\":[\"null\",{\"type\":\"bytes\","
	"\"logicalType\":\"decimal\",\"scale\":2}]}]}}",
	"{\"type\":\"record\",\"name\":\"io.confluent.connect.avro.Anything\","
	"\"fields\":[]}",
	"{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":"
	"{\"type\":\"int\",\"connect.type\":\"int8\"}}}",
};

#define SCHEMAS (sizeof schemas / sizeof *schemas)

struct work {
	struct ps_batch *b;
	struct avro_document doc;
	struct avro_reading reading;
	struct avro_plan plan;
};

static const struct avro_options options = { .enhanced = true,
	.meta_data = true,
	.flatten_singletons = true };

/* The bytes of the value of some bytes; NULL: they have none. */
static struct ps_slice
again(struct work *w, struct ps_slice in)
{
	struct ps_error err = { 0 };
	struct avro_decoder d = { .p = in.data,
		.end = in.data + in.len,
		.arena = w->b->arena,
		.err = &err };
	struct avro_encoder e = { .err = &err };
	struct ps_value v;

	if (avro_decode(&d, &w->reading, &v) < 0)
		return (struct ps_slice){ NULL, 0 };
	bytes_begin(&e.out, w->b->arena);
	assert(avro_encode(&e, &w->plan, &v) == 0);
	return bytes_end(&e.out);
}

static void
round_trip(struct work *w, struct ps_slice in)
{
	struct ps_slice first = again(w, in), second;

	if (first.data == NULL)
		return;
	second = again(w, first);
	assert(second.data != NULL && second.len == first.len);
	assert(memcmp(first.data, second.data, first.len) == 0);
}

static int
compile(struct work *w, struct intern *schemas_of, struct ps_error *err)
{
	struct avro_reader r = { .arena = w->b->arena,
		.o = &options,
		.err = err };
	struct avro_compiler c = { .arena = w->b->arena,
		.o = &options,
		.err = err,
		.strict = true };
	const struct ps_schema *draft;

	if (avro_read_schema(&r, w->doc.schema, &draft, &w->reading) < 0)
		return -1;
	if (draft != NULL)
		draft = intern_schema(schemas_of, w->b->arena, draft);
	return avro_compile(&c, draft, w->doc.schema, &w->plan);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct work w = { .b = batch_new(4096) };
	struct intern *in = intern_new(16);
	struct registered r = { 0 };
	struct ps_error err = { 0 };
	struct ps_slice payload = { data, size };

	if (size > 0 && data[0] % (SCHEMAS + 1) < SCHEMAS) {
		r.text = schemas[data[0] % (SCHEMAS + 1)];
		payload = (struct ps_slice){ data + 1, size - 1 };
	} else {
		r.text = ps_strndup(w.b->arena, (const char *)data + (size > 0),
		    size > 0 ? size - 1 : 0);
	}
	if (avro_parse(&w.doc, w.b->arena, &r, &err) == 0 &&
	    compile(&w, in, &err) == 0)
		round_trip(&w, payload);
	avro_document_fini(&w.doc);
	intern_free(&in);
	batch_free(&w.b);
	return 0;
}
