/*
 * version: versions of plugins and the ranges that *.plugin.version give.
 *
 * As Kafka Connect takes Maven's: "1.2" is exactly 1.2, "[1.0,2.0)" and
 * "(,1.5],[1.7,)" are sets, "latest" is any. Parts are compared as numbers or
 * words, where alpha < beta < milestone < rc < snapshot < the release itself
 * < sp < any other word; 1, 1.0 and 1.0.0 are the same.
 */
#ifndef PENSTOCK_BASE_VERSION_H
#define PENSTOCK_BASE_VERSION_H

#include <stdbool.h>
#include <stddef.h>

#include <penstock/arena.h>
#include <penstock/error.h>

#define VERSION_SETS_MAX 16

/* Of versions from `lower` to `upper`; NULL: no bound. */
struct version_set {
	const char *lower, *upper;
	bool has_lower, has_upper; /* the bound itself is in it */
};

struct version_range {
	struct version_set sets[VERSION_SETS_MAX]; /* in rising order */
	size_t count;                              /* 0: any */
};

/* Below 0, 0, above 0. */
int version_compare(const char *x, const char *y);
/* NULL is any. PS_E_CONFIG with Maven's words. Strings from `a`. */
int version_range_parse(struct ps_arena *a, const char *spec,
    struct version_range *out, struct ps_error *err);
bool version_range_takes(const struct version_range *r, const char *version);
/* "[1.0,2.0),[3.0,)" */
char *version_range_text(struct ps_arena *a, const struct version_range *r);

#endif
