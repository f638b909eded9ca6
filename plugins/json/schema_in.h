/*
 * schema_in: the schema that stands before a payload.
 *
 * Read once per text and kept, up to `schemas.cache.size`; a text seen
 * before costs a comparison. What is kept are drafts: the host's schema is
 * asked for once per batch, since beyond its ceiling it ends with the batch.
 */
#ifndef PENSTOCK_JSON_SCHEMA_IN_H
#define PENSTOCK_JSON_SCHEMA_IN_H

#include <jsontext/parse.h>

struct schema_cache;

struct schema_cache *schema_cache_new(const struct json_options *options);
void schema_cache_free(struct schema_cache **cp);
/* A batch begins: schemas of the one before are not used again. */
void schema_cache_turn(struct schema_cache *c);

/* The schema of this text; 0 and NULL for `null`. -1: it is not one. */
int schema_in(struct schema_cache *c, const char *text, size_t len,
    const struct ps_schema **out, struct ps_error *err);
/* The text of the last schema, to try first; NULL: none yet. */
const char *schema_cache_last(const struct schema_cache *c, size_t *len,
    const struct ps_schema **schema);

#endif
