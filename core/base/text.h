/*
 * text: small questions about strings, numbers and encodings.
 */
#ifndef PENSTOCK_BASE_TEXT_H
#define PENSTOCK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <penstock/arena.h>

/* Whole string, surrounding blanks allowed, range checked. */
int text_int64(const char *s, int64_t min, int64_t max, int64_t *out);
int text_double(const char *s, double *out);
int text_bool(const char *s, bool *out); /* true|false, any case */
/* The shortest decimal that reads back as `d`. */
#define TEXT_DOUBLE 32u
void text_of_double(char out[TEXT_DOUBLE], double d);

bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);
/* Stands `name` in the text, in any case, beside something else? */
bool text_names(const char *s, const char *name);
/* A trimmed copy in the arena. */
char *text_trim(struct ps_arena *a, const char *s);
/* Entries of a comma list, trimmed; "" gives none, "a," gives two. NULL ends
 * the array. */
char **text_list(struct ps_arena *a, const char *s, size_t *count);
char *text_join(struct ps_arena *a, const char *const *items, size_t count,
    const char *separator);

/* Percent-encoding of a path segment, and back; NULL when malformed, as %00
 * is. */
char *text_url_encode(struct ps_arena *a, const char *s);
char *text_url_decode(struct ps_arena *a, const char *s, size_t len);

/* Standard alphabet, padded. */
char *text_base64(struct ps_arena *a, const void *data, size_t len);
#define text_base64_size(len) (((len) + 2) / 3 * 4)
/* Writes text_base64_size(len) characters, no NUL; how many. */
size_t text_base64_to(char *out, const void *data, size_t len);
/* Length, or -1 when malformed. `out` has room for 3/4 of len. */
int64_t text_base64_decode(const char *s, size_t len, uint8_t *out);

/* 0 to 15, or -1. */
int text_hex_digit(char c);
/* Two small digits for each byte, and a NUL. */
void text_hex(const void *data, size_t len, char *out);

bool text_is_utf8(const char *s, size_t len);
/* Bytes of the character that `s` starts with, 0 when it is none. */
size_t text_utf8_length(const char *s, size_t len);
/* Writes code point `c`, at most 4 bytes; how many. */
size_t text_utf8_put(char *out, uint32_t c);
/* Control characters and bytes that are no UTF-8 made visible, for logs;
 * what goes beyond `room` is cut. The length, NUL not counted. */
size_t text_escape(char *out, size_t room, const char *s, size_t len);
char *text_printable(struct ps_arena *a, const char *s, size_t len);
/* The candidate closest to `s` by edit distance, NULL when none is near. */
const char *
text_nearest(const char *s, const char *const *candidates, size_t count);
/* Java's murmur2 of keys, as its default partitioner uses it. */
uint32_t text_murmur2(const void *data, size_t len);

#endif
