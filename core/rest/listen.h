/*
 * listen: the socket that HTTP comes in by.
 */
#ifndef PENSTOCK_REST_LISTEN_H
#define PENSTOCK_REST_LISTEN_H

#include <penstock/error.h>

/* A listening descriptor. Host "": all interfaces; port 0: any. */
int listen_open(const char *host, int port, struct ps_error *err);
/* The port it is bound to. */
int listen_port(int fd);

#endif
