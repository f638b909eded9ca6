#include "avro.h"

#include "avro_decode.h"
#include "avro_diff.h"
#include "avro_encode.h"
#include "avro_names.h"
#include "avro_out.h"
#include "format.h"

struct avro_writer {
	const struct avro_options *o;
	struct avro_plan plan;
	bool is_raw; /* bytes at the top have no length before them */
};

struct avro_reading_of {
	struct avro_document doc;
	const struct ps_schema *draft;
	struct avro_reading plan;
	bool is_raw;
};

static const void *
options(const struct ps_host *h, const struct ps_config *c, struct ps_arena *a,
    struct ps_error *err)
{
	struct avro_options *o = (struct avro_options *)ps_alloc(a, sizeof *o);

	(void)err;
	*o = (struct avro_options){
		.host = h,
		.enhanced = ps_config_bool(c, "enhanced.avro.schema.support"),
		.meta_data = ps_config_bool(c, "connect.meta.data"),
		.scrub = ps_config_bool(c, "scrub.invalid.names"),
		.optional_map_keys =
		    ps_config_bool(c, "allow.optional.map.keys"),
		.flatten_singletons =
		    ps_config_bool(c, "flatten.singleton.unions"),
		.sum_types = ps_config_bool(c, "generalized.sum.type.support"),
		.ignore_null_defaults =
		    ps_config_bool(c, "ignore.default.for.nullables"),
		.discard_type_doc =
		    ps_config_bool(c, "discard.type.doc.default"),
	};
	return o;
}

static int
text(const void *opts, struct ps_arena *a, const struct ps_schema *s,
    const char **out, const char **record, struct ps_error *err)
{
	const struct avro_options *o = (const struct avro_options *)opts;

	*record = avro_record_name(a, o, s, err);
	return avro_text(a, o, s, out, err);
}

static void *
writer(const void *opts, struct ps_arena *a, const struct ps_schema *s,
    const struct registered *r, bool strict, struct ps_error *err)
{
	struct avro_writer *w =
	    (struct avro_writer *)ps_calloc(a, 1, sizeof *w);
	struct avro_compiler c = { .arena = a,
		.o = (const struct avro_options *)opts,
		.err = err,
		.strict = strict };
	struct avro_document doc;
	int rc = avro_parse(&doc, a, r, err);

	if (rc == 0)
		rc = avro_compile(&c, s, doc.schema, &w->plan);
	w->is_raw = rc == 0 && doc.schema->kind == AVRO_BYTES;
	avro_document_fini(&doc);
	return rc < 0 ? NULL : w;
}

static int
avro_write(const void *writer_of, struct bytes *out, const struct ps_value *v,
    struct ps_error *err)
{
	const struct avro_writer *w = (const struct avro_writer *)writer_of;
	struct avro_encoder e = { .out = *out, .err = err };
	int rc = 0;

	if (w->is_raw && v->type == PS_BYTES)
		bytes_put(&e.out, v->p, v->len);
	else
		rc = avro_encode(&e, &w->plan, v);
	*out = e.out;
	return rc;
}

static void
reader_end(void *reader_of)
{
	avro_document_fini(&((struct avro_reading_of *)reader_of)->doc);
}

static void *
reader(const void *opts, struct ps_arena *a, const struct registered *r,
    struct ps_error *err)
{
	struct avro_reading_of *n =
	    (struct avro_reading_of *)ps_calloc(a, 1, sizeof *n);
	struct avro_reader by = { .arena = a,
		.o = (const struct avro_options *)opts,
		.err = err };

	if (avro_parse(&n->doc, a, r, err) == 0 &&
	    avro_read_schema(&by, n->doc.schema, &n->draft, &n->plan) == 0) {
		n->is_raw = n->doc.schema->kind == AVRO_BYTES;
		return n;
	}
	reader_end(n);
	return NULL;
}

static int
avro_read(const void *reader_of, struct ps_arena *a, struct ps_slice in,
    struct ps_value *v, const struct ps_schema **draft, struct ps_error *err)
{
	const struct avro_reading_of *n =
	    (const struct avro_reading_of *)reader_of;
	struct avro_decoder d = { .p = in.data,
		.end = in.data + in.len,
		.arena = a,
		.err = err };

	*draft = n->draft;
	if (!n->is_raw)
		return avro_decode(&d, &n->plan, v);
	*v = ps_bytes(in.data, in.len);
	return 0;
}

static const char *
record_of(const void *reader_of)
{
	return ((const struct avro_reading_of *)reader_of)->doc.schema->full;
}

const struct format avro_format = {
	.kind = SCHEMA_AVRO,
	.title = "Avro",
	.java_name = "io.confluent.connect.avro.AvroConverter",
	.options = options,
	.text = text,
	.writer = writer,
	.write = avro_write,
	.reader = reader,
	.read = avro_read,
	.reader_end = reader_end,
	.record_of = record_of,
	.differs = avro_differs,
};
