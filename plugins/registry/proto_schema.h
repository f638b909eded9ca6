/*
 * proto_schema: a .proto file as its messages.
 *
 * A registry holds the text of a .proto file or, from some clients, the
 * serialized FileDescriptorProto in base64. The C libraries for Protobuf
 * read neither (protobuf-c generates code, what parses .proto is C++), so
 * both are read here: text in proto_parse.c, descriptors in
 * proto_descriptor.c; names are resolved in proto_schema.c. All is in one
 * arena.
 */
#ifndef PENSTOCK_REGISTRY_PROTO_SCHEMA_H
#define PENSTOCK_REGISTRY_PROTO_SCHEMA_H

#include "client.h"

#define PROTO_NAMESPACE "io.confluent.connect.protobuf"
#define PROTO_ENUM      PROTO_NAMESPACE ".Enum"
#define PROTO_UNION     PROTO_NAMESPACE ".Union."
#define PROTO_TAG       PROTO_NAMESPACE ".Tag"
#define PROTO_TYPE      PROTO_NAMESPACE ".Type"

#define PROTO_MAX_DEPTH 100

/* Numbers are those of FieldDescriptorProto.Type. */
enum proto_kind {
	PROTO_UNKNOWN = 0, /* a name that is not resolved yet */
	PROTO_DOUBLE = 1,
	PROTO_FLOAT,
	PROTO_INT64,
	PROTO_UINT64,
	PROTO_INT32,
	PROTO_FIXED64,
	PROTO_FIXED32,
	PROTO_BOOL,
	PROTO_STRING,
	PROTO_GROUP,
	PROTO_MESSAGE,
	PROTO_BYTES,
	PROTO_UINT32,
	PROTO_ENUMERATION,
	PROTO_SFIXED32,
	PROTO_SFIXED64,
	PROTO_SINT32,
	PROTO_SINT64,
};

struct proto_symbol {
	struct proto_symbol *next;
	const char *name;
	int32_t number;
};

struct proto_enum {
	struct proto_enum *next;
	const char *name, *full;
	struct proto_symbol *symbols, **symbols_end;
};

struct proto_message;

struct proto_field {
	struct proto_field *next;
	const char *name, *type_name;
	int32_t number;
	enum proto_kind kind;
	bool is_repeated;
	bool has_presence; /* the keyword optional */
	bool is_unpacked;  /* packed = false, or proto2's default */
	int oneof;         /* -1: none */
	const struct proto_message *message;
	const struct proto_enum *enumeration;
	const char *connect_type, *precision, *scale; /* of its meta data */
};

struct proto_oneof {
	struct proto_oneof *next;
	const char *name;
	int index;
	bool is_real; /* not made up for one optional field */
};

struct proto_message {
	struct proto_message *next; /* of those beside it */
	const char *name, *full;
	struct proto_field *fields, **fields_end;
	struct proto_oneof *oneofs, **oneofs_end;
	struct proto_message *nested, **nested_end;
	struct proto_enum *enums, **enums_end;
	size_t field_count;
	int oneof_count;
	bool is_open; /* of those who walk */
};

struct proto_file {
	struct proto_file *next;
	const char *package; /* "" without one */
	bool is_proto3;
	struct proto_message top; /* holds what is at the top */
};

struct proto_schema {
	struct proto_file *files; /* the schema itself first */
};

/* -1: PS_E_DATA. */
int proto_read(struct proto_schema *out, struct ps_arena *a,
    const struct registered *r, struct ps_error *err);

/* Of proto_schema's own parts. */
int proto_parse_text(struct proto_file *f, struct ps_arena *a, const char *text,
    struct ps_error *err);
int proto_parse_descriptor(struct proto_file *f, struct ps_arena *a,
    const uint8_t *p, size_t len, struct ps_error *err);
struct proto_message *
proto_add_message(struct ps_arena *a, struct proto_message *in);
struct proto_enum *proto_add_enum(struct ps_arena *a, struct proto_message *in);
struct proto_field *
proto_add_field(struct ps_arena *a, struct proto_message *in);
struct proto_oneof *
proto_add_oneof(struct ps_arena *a, struct proto_message *in);
void proto_add_symbol(struct ps_arena *a, struct proto_enum *in,
    const char *name, int32_t number);
void proto_message_init(struct proto_message *m);
void proto_set_param(struct proto_field *f, const char *key, const char *value);

bool proto_is_map_entry(const struct proto_message *m);
const struct proto_field *
proto_find_field(const struct proto_message *m, const char *name);

#endif
