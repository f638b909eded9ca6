/*
 * validate_parts: transforms and predicates, made once to see that they can be.
 *
 * Connect finds what only their own code knows (a wrong date pattern, a rename
 * without a colon, a predicate that is not there) when the task starts; here
 * it is an error of the key that is wrong.
 */
#ifndef PENSTOCK_VALIDATE_VALIDATE_PARTS_H
#define PENSTOCK_VALIDATE_VALIDATE_PARTS_H

#include "config/def.h"
#include "plugin/catalog.h"

struct ps_host;

struct parts_check {
	struct ps_arena *a;
	struct catalog *catalog;
	const struct ps_host *host;
	const struct ps_config *config; /* of the connector, resolved */
	struct def_result *result;
};

void validate_parts(const struct parts_check *c);

#endif
