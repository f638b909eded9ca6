/*
 * schema_text: one JSON schema text as a draft for the host's intern().
 *
 * The draft lives in the reader's arena and aliases the text.
 */
#ifndef PENSTOCK_JSON_SCHEMA_TEXT_H
#define PENSTOCK_JSON_SCHEMA_TEXT_H

#include <jsontext/typed.h>

struct schema_reader {
	struct ps_arena *arena;
	struct ps_error *err;
	bool null_default;
	const char *end; /* of the text */
	int depth;
};

/* `out` is NULL for `null`. */
int schema_parse(struct schema_reader *r, const char *text, size_t len,
    const struct ps_schema **out);
/* The schema at one token of the text. */
int schema_read(struct schema_reader *r, const struct token *t,
    const struct ps_schema **out);

#endif
