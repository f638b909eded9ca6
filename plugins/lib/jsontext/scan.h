/*
 * scan: JSON tokens in place, as Jackson accepts them for Connect.
 *
 * Leading zeros are accepted; NaN, comments and single quotes are not. Every
 * function returns -1 and fills `err` when the text is not JSON.
 */
#ifndef PENSTOCK_JSON_SCAN_H
#define PENSTOCK_JSON_SCAN_H

#include "json.h"

struct scan {
	const char *start, *p, *end;
	struct ps_error *err;
};

enum token_kind {
	TOKEN_NULL,
	TOKEN_FALSE,
	TOKEN_TRUE,
	TOKEN_NUMBER,
	TOKEN_STRING,
	TOKEN_ARRAY,
	TOKEN_OBJECT,
};

struct token {
	enum token_kind kind;
	const char *s; /* STRING: what is between the quotes */
	size_t len;
	bool integral; /* NUMBER */
	bool escaped;  /* STRING */
};

/* Past a byte order mark, where the first value is expected. */
void scan_init(struct scan *sc, const uint8_t *data, size_t len,
    struct ps_error *err);

static inline void
scan_space(struct scan *sc)
{
	while (sc->p < sc->end && (*sc->p == ' ' || *sc->p == '\n' ||
				      *sc->p == '\r' || *sc->p == '\t'))
		sc->p++;
}

/* Always -1. */
int scan_fail(struct scan *sc, const char *expected);
/* The next one after space must be `c`. */
int scan_expect(struct scan *sc, char c, const char *expected);
/* At the quote. */
int scan_string(struct scan *sc, struct token *t);
/* A member's name and its colon. */
int scan_name(struct scan *sc, struct token *t);
/* A string, number or word; an array or object gives its kind and stays. */
int scan_scalar(struct scan *sc, struct token *t);
/* Any value, checked to its end. */
int scan_skip(struct scan *sc);
/* A value; arrays and objects are skipped, `s` and `len` are their text. */
int scan_value(struct scan *sc, struct token *t);
/* Space, the end, or what follows a value at the top: 1 when `c` may. */
int scan_top_end(struct scan *sc, const struct token *t);

/* The characters of a string; in the arena when they were escaped. */
struct ps_value token_string(const struct token *t, struct ps_arena *a);
/* The low 64 bits of an integral number, or of a fraction's whole part. */
int64_t token_int(const struct token *t);
/* Is there more of an integral number than its low 64 bits? */
bool token_is_wide(const struct token *t);
double token_double(const struct token *t);
float token_float(const struct token *t);

#endif
