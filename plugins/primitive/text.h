/*
 * text: any value as text, and text that grows in an arena.
 */
#ifndef PENSTOCK_PRIMITIVE_TEXT_H
#define PENSTOCK_PRIMITIVE_TEXT_H

#include <penstock/record.h>

/* Values that nest deeper are refused. */
#define TEXT_MAX_DEPTH 200

struct text {
	struct ps_arena *arena;
	char *s;
	size_t len, room;
};

void text_need(struct text *t, size_t size);
void text_add(struct text *t, const char *s, size_t len);
void text_char(struct text *t, char c);
/* The scalars that Java prints alike everywhere: numbers, booleans. */
void text_scalar(struct text *t, const struct ps_value *v);
/* Base64, no quotes. */
void text_put_base64(struct text *t, const struct ps_value *v);
/* The unscaled bytes as BigDecimal.toString; -1 when they are too many. */
int text_decimal(struct text *t, const struct ps_value *v, int32_t scale,
    struct ps_error *err);

/* Java's toString(): [1, 2], {a=1}, Struct{a=1,b=x}; bytes are base64. */
int text_of_value(struct text *t, const struct ps_schema *s,
    const struct ps_value *v, int depth, struct ps_error *err);

#endif
