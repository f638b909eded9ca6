/*
 * providers: ${alias:path:key} answered by the worker's config providers.
 *
 * Only in children, so that what a provider returns is never in the memory
 * of the worker. Every answer is a secret from then on: the redactors given
 * learn it.
 */
#ifndef PENSTOCK_CHILD_PROVIDERS_H
#define PENSTOCK_CHILD_PROVIDERS_H

#include <penstock/config.h>

#include "config/redact.h"
#include "plugin/catalog.h"

struct ps_host;
struct providers;

/* From `config.providers` of the worker's settings; made when first asked. */
struct providers *providers_new(struct catalog *c, const struct ps_host *h,
    const struct ps_config *worker, struct redact *redact);
void providers_free(struct providers **pp);
/* Every value with its references replaced, in `a`. */
int providers_expand(struct providers *p, struct ps_arena *a,
    const struct ps_config *in, struct ps_config *out, struct ps_error *err);
/* Milliseconds until an answer is to be asked for again, -1: nobody says. */
int64_t providers_ttl_ms(const struct providers *p);
/* Does a text hold what some provider answered? */
bool providers_leaks(const struct providers *p, const char *text);

#endif
