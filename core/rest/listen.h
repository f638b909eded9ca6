/*
 * listen: the socket that HTTP comes in by.
 */
#ifndef PENSTOCK_REST_LISTEN_H
#define PENSTOCK_REST_LISTEN_H

#include <penstock/error.h>

struct listener;

/* A listening descriptor. */
int listen_open(const struct listener *l, struct ps_error *err);
/* The port it is bound to. */
int listen_port(int fd);

#endif
