/*
 * field: one field of a JSON document, found without building anything.
 *
 * The document was validated by the host; malformed input is still safe.
 */
#ifndef PENSTOCK_CONNECTORS_S3_FIELD_H
#define PENSTOCK_CONNECTORS_S3_FIELD_H

#include <stddef.h>

#include "text.h"

enum field_kind {
	FIELD_MISSING,
	FIELD_NULL,
	FIELD_STRING, /* text without its quotes, still escaped */
	FIELD_NUMBER,
	FIELD_BOOLEAN,
	FIELD_OTHER, /* object or array */
};

struct field {
	enum field_kind kind;
	const char *text;
	size_t len;
};

/* `path` is a name or names joined by dots: a.b is b within a. As in Java
 * the last of equal names counts. */
struct field field_find(const char *json, size_t len, const char *path);
/* What a string says, escapes resolved. */
void field_unescape(struct str *out, const char *text, size_t len);

#endif
