/*
 * writer: text that grows in an arena; for schemas, not for records.
 */
#ifndef PENSTOCK_REGISTRY_WRITER_H
#define PENSTOCK_REGISTRY_WRITER_H

#include <penstock/value.h>

struct writer {
	struct ps_arena *arena;
	char *s; /* NUL-terminated once something was written */
	size_t len, room;
};

void write_text(struct writer *w, const char *s);
void write_bytes(struct writer *w, const char *s, size_t len);
PS_PRINTF(2, 3) void write_format(struct writer *w, const char *fmt, ...);
/* A JSON string with its quotes, as Jackson writes it. */
void write_string(struct writer *w, const char *s, size_t len);
/* Bytes as the characters of ISO 8859-1, as JSON. */
void write_latin1(struct writer *w, const uint8_t *p, size_t len);
/* A number or boolean as JSON. */
void write_scalar(struct writer *w, const struct ps_value *v);

#endif
