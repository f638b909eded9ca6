/*
 * match: is a configuration still the one that somebody has seen?
 *
 * Its tag is where in the config log it stands, so that it is the same on
 * every worker and another after every write, also of the same settings.
 */
#ifndef PENSTOCK_WORKER_MATCH_H
#define PENSTOCK_WORKER_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <penstock/arena.h>

/* As in an ETag header, quotes and all. */
const char *match_tag(struct ps_arena *a, int64_t config_offset);
/* Does an If-Match header (NULL: none was sent) name what stands there? -1:
 * nothing does. A weak tag never matches. */
bool match_holds(const char *if_match, int64_t config_offset);

#endif
