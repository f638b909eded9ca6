/*
 * linger: a task that was killed must not go on sending what the kernel has
 * left.
 */
#ifndef PENSTOCK_PLUGINS_LIB_LINGER_H
#define PENSTOCK_PLUGINS_LIB_LINGER_H

#include <curl/curl.h>

/* CURLOPT_SOCKOPTFUNCTION: closing the socket ends its connection. */
int linger_none(void *arg, curl_socket_t fd, curlsocktype purpose);

#endif
