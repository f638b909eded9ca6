/*
 * format: what makes a converter with a registry an Avro, a JSON Schema or a
 * Protobuf one.
 *
 * converter.c finds subjects, ids and plans, and frames what a format
 * writes; a format knows texts of schemas and how values look by them. Plans
 * live in the arena they are given; `end` gives back what is not in it.
 */
#ifndef PENSTOCK_REGISTRY_FORMAT_H
#define PENSTOCK_REGISTRY_FORMAT_H

#include <penstock/abi.h>

#include "bytes.h"
#include "client.h"

struct format {
	enum schema_kind kind;
	const char *title, *java_name;
	/* What the format's own keys say, in the arena. */
	const void *(*options)(const struct ps_host *h,
	    const struct ps_config *c, struct ps_arena *a,
	    struct ps_error *err);
	/* The text under which a schema is registered, and the name of its
	 * record (NULL: none). `s` NULL: values without a schema. */
	int (*text)(const void *options, struct ps_arena *a,
	    const struct ps_schema *s, const char **text, const char **record,
	    struct ps_error *err);
	/* How values of `s` are written as `r`; `strict`: all of them. */
	void *(*writer)(const void *options, struct ps_arena *a,
	    const struct ps_schema *s, const struct registered *r, bool strict,
	    struct ps_error *err);
	int (*write)(const void *writer, struct bytes *out,
	    const struct ps_value *v, struct ps_error *err);
	/* How values that were written as `r` are read. */
	void *(*reader)(const void *options, struct ps_arena *a,
	    const struct registered *r, struct ps_error *err);
	/* A value and the draft of its schema (NULL: none). */
	int (*read)(const void *reader, struct ps_arena *a, struct ps_slice in,
	    struct ps_value *v, const struct ps_schema **draft,
	    struct ps_error *err);
	void (*writer_end)(void *writer); /* NULL: nothing to give back */
	void (*reader_end)(void *reader);
	/* The name of the record in a registered schema, for the subject of
	 * what is read; NULL: not known. */
	const char *(*record_of)(const void *reader);
	difference_fn *differs;
};

extern const struct ps_converter_ops registry_ops;
/* The formats by the class's variant. */
enum format_of { FORMAT_AVRO, FORMAT_JSON, FORMAT_PROTOBUF };

extern const struct format avro_format;
extern const struct format json_schema_format;
extern const struct format protobuf_format;

#endif
