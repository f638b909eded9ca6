/*
 * proto_in: a message of Protobuf as a Connect schema, and its bytes as values.
 *
 * Fields that are not there are what Protobuf says they are: 0, "" or, with
 * presence, null. Text and bytes alias the input.
 */
#ifndef PENSTOCK_REGISTRY_PROTO_IN_H
#define PENSTOCK_REGISTRY_PROTO_IN_H

#include "proto.h"

/* What a field's bytes become. */
enum proto_read {
	PROTO_AS_SCALAR,
	PROTO_AS_SYMBOL, /* an enum as its name */
	PROTO_AS_STRUCT,
	PROTO_AS_MAP,
	PROTO_AS_WRAPPED, /* the value of a wrapper */
	PROTO_AS_DECIMAL,
	PROTO_AS_DATE,
	PROTO_AS_TIME,
	PROTO_AS_TIMESTAMP,
};

#define PROTO_NO_MEMBER SIZE_MAX

struct proto_reading {
	int32_t number;
	enum proto_kind kind;
	enum proto_read how;
	enum ps_type type; /* of a scalar */
	bool is_repeated;
	bool is_null;         /* when it is not there */
	size_t place, member; /* in the struct, and in the union there */
	size_t members;       /* how many that union has */
	int32_t scale;
	const struct proto_enum *enumeration;
	const struct proto_layout *layout; /* of the message inside */
};

struct proto_layout {
	const struct proto_reading *fields; /* by number */
	size_t count;
	size_t places; /* values of the struct */
};

struct proto_reader {
	struct ps_arena *arena;
	const struct proto_options *o;
	struct ps_error *err;
	int depth;
};

/* The draft and the layout of a message. -1: PS_E_DATA. */
int proto_layout_of(struct proto_reader *r, struct proto_message *m,
    struct ps_schema *s, struct proto_layout *out);
/* A field that stands for a whole value: what a wrapper holds. */
int proto_reading_of(struct proto_reader *r, const struct proto_field *f,
    struct ps_schema *s, struct proto_reading *out);

/* -1: the bytes are not such a message. */
int proto_decode(const struct proto_layout *l, struct ps_arena *a,
    struct ps_slice in, struct ps_value *out, struct ps_error *err);
int proto_decode_wrapped(const struct proto_reading *n, struct ps_arena *a,
    struct ps_slice in, struct ps_value *out, struct ps_error *err);

#endif
