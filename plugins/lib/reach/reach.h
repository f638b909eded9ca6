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

#define REACH_DENIED                                                          \
	"the address is link-local, a metadata service's or none to connect " \
	"to"

/* Of one transfer. A name may have addresses of both kinds: then the others
 * answer, or why not is theirs to say. */
struct reach {
	bool kept_away, went;
};

/* The handle (a CURL) connects to no such address. */
void reach_limit(void *easy, struct reach *r);
/* It had nowhere else to go. */
bool reach_is_denied(const struct reach *r);

#endif
