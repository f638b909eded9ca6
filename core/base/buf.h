/*
 * buf: bytes that grow, up to a ceiling.
 *
 * Appending past the ceiling fails once and for all: `overflow` stays set
 * and nothing more is added, so a writer can check once at its end.
 */
#ifndef PENSTOCK_BASE_BUF_H
#define PENSTOCK_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <penstock/error.h>

struct buf {
	char *data; /* a NUL stands behind it but after a write by reserve */
	size_t len, room, ceiling;
	bool overflow;
};

void buf_init(struct buf *b, size_t ceiling);
void buf_fini(struct buf *b);
void buf_clear(struct buf *b);
/* -1 when the ceiling is passed. */
int buf_append(struct buf *b, const void *data, size_t len);
int buf_puts(struct buf *b, const char *s);
PS_PRINTF(2, 3)
int buf_printf(struct buf *b, const char *fmt, ...);
/* At least `len` writable bytes at data + len, or NULL past the ceiling. The
 * caller adds what it wrote to b->len. */
char *buf_reserve(struct buf *b, size_t len);
/* Removes `len` bytes from the front. */
void buf_consume(struct buf *b, size_t len);
/* The text, "" when empty. */
const char *buf_str(const struct buf *b);

#endif
