/*
 * text: strings that end with a ceiling, and the encodings of names.
 */
#ifndef PENSTOCK_CONNECTORS_S3_TEXT_H
#define PENSTOCK_CONNECTORS_S3_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A growing string in a fixed buffer; `full` once something was cut off. */
struct str {
	char *data;
	size_t len, room;
	bool full;
};

#define STR(buffer) ((struct str){ .data = (buffer), .room = sizeof(buffer) })

void str_add(struct str *s, const char *text, size_t len);
void str_puts(struct str *s, const char *text);
__attribute__((format(printf, 2, 3))) void
str_printf(struct str *s, const char *fmt, ...);

/* As URLs and signatures want it: all but A-Za-z0-9-_.~ as %XX; '/' stays
 * when `keep_slash`. */
void str_uri(struct str *s, const char *text, size_t len, bool keep_slash);
/* One segment of an object's name: what could leave the segment or break a
 * reader (slashes, control bytes, backslash, '%', lone dots, malformed UTF-8)
 * becomes %XX. */
void str_segment(struct str *s, const char *text, size_t len);

char *dup_text(const char *text); /* never NULL; free() it */

#endif
