/*
 * reply: an exchange's answer, as libmicrohttpd sends it.
 */
#ifndef PENSTOCK_HTTP_REPLY_H
#define PENSTOCK_HTTP_REPLY_H

#include <microhttpd.h>

#include "http/exchange.h"
#include "http/headers.h"

/* With all its headers and those of the configuration (NULL: none). The body
 * lives as long as the exchange. */
enum MHD_Result reply_queue(struct exchange *x, const struct headers *h);

#endif
