/*
 * additions: an event's metadata that ExtractNewRecordState adds to the row or
 * to the headers: "source.ts_ms" becomes __source_ts_ms.
 */
#ifndef PENSTOCK_TRANSFORMS_ADDITIONS_H
#define PENSTOCK_TRANSFORMS_ADDITIONS_H

#include "envelope.h"

struct addition {
	const char *in; /* the struct it is in, NULL: it is at the top */
	const char *field, *name;
	size_t name_len;
};

struct additions {
	struct addition *items;
	size_t count;
};

/* add.fields or add.headers, and the prefix of its names. */
int additions_read(struct additions *out, struct common *t,
    const struct ps_config *c, const char *key, struct ps_error *err);
/* 1 and what it is, optional and without default; 0: there is no such field;
 * -1: there is no such struct. */
int addition_find(const struct addition *a, const struct node *event,
    struct node *out, struct ps_error *err);
/* How that is in a new schema. */
const struct ps_schema *
addition_schema(const struct common *t, const struct ps_schema *of);

#endif
