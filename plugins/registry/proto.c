#include "proto.h"

#include <stdlib.h>

#include "format.h"
#include "proto_in.h"
#include "proto_out.h"
#include "proto_scrub.h"
#include "proto_write.h"
#include "wire.h"

#define MAX_PATH 16

struct proto_writer {
	struct proto_plan plan;
	struct proto_plan_field raw; /* is_raw: the field of a wrapper */
	bool is_raw;
	uint8_t path[2 * VARINT_MAX];
	size_t path_len;
};

/* One of the messages of a schema; made when it is met first. */
struct known {
	struct known *next;
	const struct proto_message *message;
	const struct ps_schema *draft;
	struct proto_layout layout;
	struct proto_reading raw;
	bool is_raw;
};

struct proto_reader_of {
	const struct proto_options *o;
	struct ps_arena *arena; /* of the reader */
	struct proto_schema schema;
	struct known *known;
};

static const void *
options(const struct ps_host *h, const struct ps_config *c, struct ps_arena *a,
    struct ps_error *err)
{
	struct proto_options *o =
	    (struct proto_options *)ps_alloc(a, sizeof *o);

	(void)h;
	(void)err;
	*o = (struct proto_options){
		.enhanced =
		    ps_config_bool(c, "enhanced.protobuf.schema.support"),
		.int_enums = ps_config_bool(c, "int.for.enums"),
		.optional_for_nullables =
		    ps_config_bool(c, "optional.for.nullables"),
		.wrapper_for_nullables =
		    ps_config_bool(c, "wrapper.for.nullables"),
		.wrapper_for_raw =
		    ps_config_bool(c, "wrapper.for.raw.primitives"),
		.index_unions = ps_config_bool(c, "generate.index.for.unions"),
		.flatten_unions = ps_config_bool(c, "flatten.unions"),
		.ignore_null_defaults =
		    ps_config_bool(c, "ignore.default.for.nullables"),
		.scrub = ps_config_bool(c, "scrub.invalid.names"),
	};
	return o;
}

static int
text(const void *opts, struct ps_arena *a, const struct ps_schema *s,
    const char **out, const char **record, struct ps_error *err)
{
	const struct proto_options *o = (const struct proto_options *)opts;

	if (o->scrub)
		s = proto_scrubbed(a, s);
	*record =
	    s == NULL || s->type != PS_STRUCT ? NULL : proto_full_name(a, s);
	return proto_text(a, o, s, out, err);
}

/* ---- Writing ---- */

/* The message of the schema's name, else the first. */
static const struct proto_message *
choose(const struct proto_schema *schema, const struct ps_schema *s,
    int32_t *index)
{
	const struct proto_message *m = schema->files->top.nested;
	const char *name = s->name == NULL ? "" : s->name;
	const char *dot = strrchr(name, '.');

	*index = 0;
	if (dot != NULL)
		name = dot + 1;
	for (int32_t i = 0; m != NULL; m = m->next, i++)
		if (strcmp(m->name, name) == 0) {
			*index = i;
			return m;
		}
	return schema->files->top.nested;
}

static void *
writer(const void *opts, struct ps_arena *a, const struct ps_schema *s,
    const struct registered *r, bool strict, struct ps_error *err)
{
	struct proto_writer *w =
	    (struct proto_writer *)ps_calloc(a, 1, sizeof *w);
	struct proto_compiler c = { .arena = a,
		.o = (const struct proto_options *)opts,
		.err = err,
		.strict = strict };
	const struct proto_message *m;
	struct proto_schema schema;
	uint8_t *p = w->path;
	int32_t index;
	int rc;

	if (s == NULL || proto_read(&schema, a, r, err) < 0)
		return NULL;
	if (c.o->scrub)
		s = proto_scrubbed(a, s);
	m = choose(&schema, s, &index);
	if (m == NULL) {
		(void)ps_fail(err, PS_E_DATA,
		    "the registered schema has no message");
		return NULL;
	}
	w->is_raw = s->type != PS_STRUCT;
	rc = w->is_raw ? proto_compile_raw(&c, s, m, &w->raw)
		       : proto_compile(&c, s, m, &w->plan);
	if (rc < 0)
		return NULL;
	/* [0] is one byte, other paths their length and indexes */
	if (index > 0)
		p = put_zigzag(p, 1);
	p = put_zigzag(p, index);
	w->path_len = (size_t)(p - w->path);
	return w;
}

static int
proto_write_value(const void *writer_of, struct bytes *out,
    const struct ps_value *v, struct ps_error *err)
{
	const struct proto_writer *w = (const struct proto_writer *)writer_of;

	bytes_put(out, w->path, w->path_len);
	return w->is_raw ? proto_encode_raw(&w->raw, out, v, err)
			 : proto_encode(&w->plan, out, v, err);
}

/* ---- Reading ---- */

static void *
reader(const void *opts, struct ps_arena *a, const struct registered *r,
    struct ps_error *err)
{
	struct proto_reader_of *n =
	    (struct proto_reader_of *)ps_calloc(a, 1, sizeof *n);

	n->o = (const struct proto_options *)opts;
	n->arena = a;
	return proto_read(&n->schema, a, r, err) < 0 ? NULL : n;
}

static int
get_index(struct wire *w, int64_t *out)
{
	uint64_t v;

	if (!wire_varint(w, &v))
		return -1;
	*out = (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
	return *out < 0 ? -1 : 0;
}

/* Which message the payload is: the indexes before it. */
static const struct proto_message *
message_of(const struct proto_reader_of *n, struct wire *w,
    struct ps_error *err)
{
	const struct proto_message *m = &n->schema.files->top;
	int64_t count = 0, index = 0;
	bool bad = get_index(w, &count) < 0 || count > MAX_PATH;

	for (int64_t i = 0; !bad && i < (count == 0 ? 1 : count); i++) {
		index = 0;
		bad = count > 0 && get_index(w, &index) < 0;
		m = m->nested;
		for (; !bad && m != NULL && index > 0; index--)
			m = m->next;
		bad |= m == NULL;
	}
	if (!bad)
		return m;
	(void)ps_fail(err, PS_E_DATA,
	    "the payload's message indexes name no message of the schema");
	return NULL;
}

static struct known *
find_known(const struct proto_reader_of *n, const struct proto_message *m,
    struct ps_error *err)
{
	struct proto_reader_of *own;
	struct known *k;
	struct ps_schema *s;
	struct proto_reader r = { .arena = n->arena, .o = n->o, .err = err };
	struct proto_message *walked;
	int rc;

	for (k = n->known; k != NULL; k = k->next)
		if (k->message == m)
			return k;
	k = (struct known *)ps_calloc(n->arena, 1, sizeof *k);
	s = (struct ps_schema *)ps_calloc(n->arena, 1, sizeof *s);
	k->message = m;
	k->is_raw = n->o->wrapper_for_raw && proto_wrapped(m) != PROTO_UNKNOWN;
	memcpy(&walked, &m, sizeof walked);
	rc = k->is_raw ? proto_reading_of(&r, m->fields, s, &k->raw)
		       : proto_layout_of(&r, walked, s, &k->layout);
	if (rc < 0)
		return NULL;
	if (k->is_raw) {
		s->params = NULL;
		s->param_count = 0;
	}
	k->draft = s;
	memcpy(&own, &n, sizeof own);
	k->next = own->known;
	own->known = k;
	return k;
}

static int
proto_read_value(const void *reader_of, struct ps_arena *a, struct ps_slice in,
    struct ps_value *v, const struct ps_schema **draft, struct ps_error *err)
{
	const struct proto_reader_of *n =
	    (const struct proto_reader_of *)reader_of;
	struct wire w = { in.data, in.data + in.len };
	const struct proto_message *m = message_of(n, &w, err);
	struct known *k = m == NULL ? NULL : find_known(n, m, err);
	struct ps_slice rest = { w.p, (size_t)(w.end - w.p) };

	if (k == NULL)
		return -1;
	*draft = k->draft;
	return k->is_raw ? proto_decode_wrapped(&k->raw, a, rest, v, err)
			 : proto_decode(&k->layout, a, rest, v, err);
}

static const char *
record_of(const void *reader_of)
{
	const struct proto_message *m =
	    ((const struct proto_reader_of *)reader_of)
		->schema.files->top.nested;

	return m == NULL ? NULL : m->full;
}

const struct format protobuf_format = {
	.kind = SCHEMA_PROTOBUF,
	.title = "Protobuf",
	.java_name = "io.confluent.connect.protobuf.ProtobufConverter",
	.options = options,
	.text = text,
	.writer = writer,
	.write = proto_write_value,
	.reader = reader,
	.read = proto_read_value,
	.record_of = record_of,
};
