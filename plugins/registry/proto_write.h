/*
 * proto_write: values of a Connect schema as a message of Protobuf.
 */
#ifndef PENSTOCK_REGISTRY_PROTO_WRITE_H
#define PENSTOCK_REGISTRY_PROTO_WRITE_H

#include "bytes.h"
#include "proto.h"

struct proto_plan;

struct proto_plan_field {
	int32_t number;
	enum proto_kind kind;
	enum ps_type type; /* what values must be */
	enum ps_logical logical;
	int32_t scale;
	size_t source, member; /* in the struct, and in a union there */
	bool is_repeated, is_map, is_packed;
	bool is_wrapped; /* inside a wrapper */
	bool is_always;  /* also when it is 0 */
	bool is_union;   /* the members follow as fields of `plan` */
	const char *name;
	const struct ps_value *or_null;
	const struct proto_enum *enumeration;
	const struct proto_plan *plan; /* of the message inside */
};

struct proto_plan {
	const struct proto_plan_field *fields;
	size_t count, source_count;
};

struct proto_compiler {
	struct ps_arena *arena;
	const struct proto_options *o;
	struct ps_error *err;
	bool strict;
	int depth;
};

/* -1: the schemas do not go together (PS_E_DATA). */
int proto_compile(struct proto_compiler *c, const struct ps_schema *s,
    const struct proto_message *m, struct proto_plan *out);
/* A value that is no struct, in its wrapper. */
int proto_compile_raw(struct proto_compiler *c, const struct ps_schema *s,
    const struct proto_message *m, struct proto_plan_field *out);

int proto_encode(const struct proto_plan *n, struct bytes *out,
    const struct ps_value *v, struct ps_error *err);
int proto_encode_raw(const struct proto_plan_field *f, struct bytes *out,
    const struct ps_value *v, struct ps_error *err);

#endif
