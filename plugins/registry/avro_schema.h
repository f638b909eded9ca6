/*
 * avro_schema: an Avro schema's text as a tree.
 *
 * Named types are resolved: a type that names itself makes the tree a graph,
 * so whoever walks it marks `open`. Texts and properties are borrowed of the
 * JSON, which lives as long as the document.
 */
#ifndef PENSTOCK_REGISTRY_AVRO_SCHEMA_H
#define PENSTOCK_REGISTRY_AVRO_SCHEMA_H

#include <jansson.h>

#include "client.h"

#define AVRO_NAMESPACE "io.confluent.connect.avro"
#define AVRO_ANYTHING  AVRO_NAMESPACE ".Anything"
#define AVRO_UNION     AVRO_NAMESPACE ".Union"
#define AVRO_ENUM      AVRO_NAMESPACE ".Enum"
#define AVRO_DEFAULT   AVRO_NAMESPACE ".ConnectDefault"
#define AVRO_MAP_ENTRY AVRO_NAMESPACE ".MapEntry"

/* Deeper schemas are refused: reading them recurses. */
#define AVRO_MAX_DEPTH 100

enum avro_kind {
	AVRO_NULL,
	AVRO_BOOLEAN,
	AVRO_INT,
	AVRO_LONG,
	AVRO_FLOAT,
	AVRO_DOUBLE,
	AVRO_BYTES,
	AVRO_STRING,
	AVRO_ARRAY,
	AVRO_MAP,
	AVRO_RECORD,
	AVRO_ENUMERATION,
	AVRO_FIXED,
	AVRO_UNION_OF,
};

struct avro_field;

struct avro_schema {
	enum avro_kind kind;
	bool open;                /* of those who walk */
	const char *name;         /* named types: the simple name */
	const char *full;         /* ... with its namespace */
	const json_t *props;      /* the object it was; NULL: a bare name */
	struct avro_schema *elem; /* ARRAY, MAP */
	struct avro_field *fields;
	struct avro_schema **branches;
	const char **symbols;
	size_t count; /* of fields, branches or symbols */
	size_t size;  /* FIXED */
};

struct avro_field {
	const char *name;
	struct avro_schema *schema;
	const json_t *props;
	const json_t *default_value; /* NULL: none */
};

struct avro_document {
	json_t **roots;
	size_t root_count;
	struct avro_schema *schema;
};

/* All that a registered schema consists of. -1: PS_E_DATA. */
int avro_parse(struct avro_document *doc, struct ps_arena *a,
    const struct registered *r, struct ps_error *err);
void avro_document_fini(struct avro_document *doc);

/* A property that is text, NULL: it is not there or none. */
const char *avro_prop(const struct avro_schema *s, const char *name);
/* "int", "record", … as Avro names them. */
const char *avro_kind_name(enum avro_kind kind);
/* The branch that is null, -1: none. */
int avro_null_branch(const struct avro_schema *s);
/* The record of key and value that stands for a map's entry? */
bool avro_is_map_entry(const struct avro_schema *s);

#endif
