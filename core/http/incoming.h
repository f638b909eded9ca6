/*
 * incoming: what the head of a request says, copied into its exchange.
 */
#ifndef PENSTOCK_HTTP_INCOMING_H
#define PENSTOCK_HTTP_INCOMING_H

#include "http/exchange.h"

/* Method, path, arguments, headers and the client's address. */
void incoming_read(struct exchange *x, const char *method, const char *path,
    size_t body_max_bytes);

#endif
