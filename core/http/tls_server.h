/*
 * tls_server: what makes a libmicrohttpd daemon speak TLS, or not.
 */
#ifndef PENSTOCK_HTTP_TLS_SERVER_H
#define PENSTOCK_HTTP_TLS_SERVER_H

#include <microhttpd.h>

#include "http/tls.h"

#define TLS_SERVER_OPTIONS 8

/* The flags, and the options in `out`, which borrow from `tls` (NULL:
 * plain). */
unsigned tls_server_options(const struct tls_pem *tls,
    struct MHD_OptionItem out[TLS_SERVER_OPTIONS]);

#endif
