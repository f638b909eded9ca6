/*
 * parse: JSON text as values without a schema.
 *
 * Integers become INT64 (the low 64 bits of larger ones, as in Connect),
 * other numbers FLOAT64, objects maps; of members with one name the last
 * counts. Iterative: depth costs no stack.
 */
#ifndef PENSTOCK_JSON_PARSE_H
#define PENSTOCK_JSON_PARSE_H

#include "scan.h"

/* Values of open containers; kept from record to record. */
struct parser;

struct parser *parser_new(void);
void parser_free(struct parser **pp);

/* Strings alias the text unless they are escaped. */
int parse_value(struct parser *ps, struct scan *sc, struct ps_arena *a,
    struct ps_value *out);
/* Did the last value have an integer of more than 64 bits? */
bool parser_saw_wide(const struct parser *ps);

/* Of pairs with equal string keys the last counts, where the first stood.
 * How many are left. */
size_t unique_pairs(struct ps_pair *pairs, size_t count, struct ps_arena *a);

#endif
