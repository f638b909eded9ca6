/*
 * str: text that grows up to a ceiling: SQL, and rows for COPY.
 *
 * A str that would outgrow its ceiling stays as it is and says so in
 * `overflow`, which whoever filled it tests once at the end.
 */
#ifndef PENSTOCK_POSTGRES_STR_H
#define PENSTOCK_POSTGRES_STR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <penstock/error.h>

#define STR_SQL_LIMIT (4u << 20)

struct str {
	char *data; /* NUL-terminated once something was added */
	size_t len, room, limit;
	bool overflow;
};

void str_init(struct str *s, size_t limit);
void str_fini(struct str *s);
void str_clear(struct str *s);
char *str_grow(struct str *s, size_t n);

/* Room for `n` more bytes at data + len, or NULL; add to len what was used. */
static inline char *
str_room(struct str *s, size_t n)
{
	return n < s->room - s->len ? s->data + s->len : str_grow(s, n);
}

static inline void
str_add(struct str *s, const char *p, size_t n)
{
	char *to = str_room(s, n);

	if (to == NULL)
		return;
	memcpy(to, p, n);
	to[n] = '\0';
	s->len += n;
}

static inline void
str_put(struct str *s, const char *text)
{
	str_add(s, text, strlen(text));
}

void str_add_int(struct str *s, int64_t v);
PS_PRINTF(2, 3) void str_addf(struct str *s, const char *fmt, ...);
/* "name", quotes doubled. The name is valid UTF-8 without NUL. */
void str_ident(struct str *s, const char *name);
/* 'text' for standard_conforming_strings=on. */
void str_literal(struct str *s, const char *text);

#endif
