/*
 * headers: the headers of every answer that the configuration asks for.
 *
 * CORS (access.control.*) and response.http.headers.config. Origins are
 * compared as texts without regard to case; `*` allows all.
 */
#ifndef PENSTOCK_HTTP_HEADERS_H
#define PENSTOCK_HTTP_HEADERS_H

#include <penstock/config.h>
#include <penstock/error.h>

#include "http/exchange.h"

struct headers;

/* NULL: a rule that is none, named in the error. */
struct headers *headers_new(const struct ps_config *c, struct ps_error *err);
void headers_free(struct headers **hp);

enum header_action {
	HEADER_SET, /* instead of what is there */
	HEADER_ADD,
};

typedef void header_fn(void *ctx, enum header_action action, const char *name,
    const char *value);

/* All that the answer to `x` gets; values live in its arena or longer. */
void headers_each(const struct headers *h, struct exchange *x, header_fn *fn,
    void *ctx);

#endif
