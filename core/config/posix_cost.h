/*
 * posix_cost: how large regcomp() makes a POSIX extended expression.
 *
 * It writes repeats out: X+ is XX*, X{2,9} nine X, of groups as well, so a
 * short text may be more than any memory. A pattern that others give is
 * counted before it is compiled.
 */
#ifndef PENSTOCK_CONFIG_POSIX_COST_H
#define PENSTOCK_CONFIG_POSIX_COST_H

#include <stdbool.h>

enum {
	POSIX_COST_MAX = 1 << 20, /* more is not counted */
	POSIX_DEPTH_MAX = 200
};

struct posix_cost {
	long characters; /* single ones, repeats written out */
	bool refers_back;
	bool is_too_deep; /* groups in more than POSIX_DEPTH_MAX others */
};

struct posix_cost posix_cost(const char *pattern);

#endif
