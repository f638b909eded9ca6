/*
 * listen: the socket that HTTP comes in by.
 */
#ifndef PENSTOCK_HTTP_LISTEN_H
#define PENSTOCK_HTTP_LISTEN_H

#include <stdbool.h>

#include <penstock/error.h>

struct listener;

/* A listening descriptor. */
int listen_open(const struct listener *l, struct ps_error *err);
/* The port it is bound to. */
int listen_port(int fd);
/* Can only this machine reach it? */
bool listen_is_local(int fd);

#endif
