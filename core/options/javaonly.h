/*
 * javaonly: what a Kafka Connect installation has and only Java could run.
 *
 * Said with what takes its place, instead of being passed over in silence.
 */
#ifndef PENSTOCK_OPTIONS_JAVAONLY_H
#define PENSTOCK_OPTIONS_JAVAONLY_H

#include "options/options.h"

/* Extensions of REST usually guard it: without a guard of ours, PS_E_CONFIG.
 * All else is a warning. */
int javaonly_check(const struct options *o, struct ps_error *err);
/* Logging that is configured by the environment, or by an argument. */
void javaonly_environment(void);
/* NULL: the argument is no option of a JVM. */
const char *javaonly_argument(struct ps_arena *a, const char *argument);

#endif
