/*
 * reach: addresses that no handle of libcurl's is to connect to, whatever an
 * address in a configuration says or a name resolves to.
 *
 * Link-local addresses and the metadata services of clouds answer to whoever
 * runs on the machine, with what is the machine's own. What is looked at is
 * the address that is connected to, after all names and forms of numbers.
 */
#ifndef PENSTOCK_PLUGINS_LIB_REACH_H
#define PENSTOCK_PLUGINS_LIB_REACH_H

#include <stdbool.h>

#include <curl/curl.h>

#define REACH_DENIED                                                          \
	"the address is link-local, a metadata service's or none to connect " \
	"to"

/* The handle connects to no such address; sets *denied when it was to. */
void reach_limit(CURL *e, bool *denied);

#endif
