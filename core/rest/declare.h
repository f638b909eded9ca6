/*
 * declare: what the handlers of templates and pipelines share.
 */
#ifndef PENSTOCK_REST_DECLARE_H
#define PENSTOCK_REST_DECLARE_H

#include "http/exchange.h"
#include "store/documents.h"

struct ps_config;

/* {"error_code", "message", "errors"}: all of them at once. Takes the
 * reference. */
void declare_refuse(struct exchange *x, int status, const char *what,
    json_t *errors);
/* A member that is none of `known` is a fault. */
void declare_check_known(struct ps_arena *a, const json_t *body,
    const char *const *known, size_t count, json_t *errors);
/* The names of an object's members, sorted; NULL at the end. */
const char **declare_names(struct ps_arena *a, const json_t *all);
/* Answers 409 when a direct change of the connector that the path names is
 * not to be made: it belongs to a pipeline, or `given` (NULL: it is to go)
 * would make it belong to another. */
bool declare_owns(struct exchange *x, const char *name,
    const struct ps_config *given);
/* Whoever may not see one of a pipeline's connectors does not see it. */
bool declare_sees(const struct exchange *x, const char *pipeline);
/* What GET shows has a tag, which If-Match may name. */
void declare_tag(struct exchange *x, enum document_kind k);
/* Who may only touch connectors with certain labels? Answers 403. */
bool declare_is_limited(struct exchange *x);

#endif
