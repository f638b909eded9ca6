/*
 * fence: whether files are kept from plugins here, as task.jail.files says.
 */
#ifndef PENSTOCK_OPTIONS_FENCE_H
#define PENSTOCK_OPTIONS_FENCE_H

#include <stdbool.h>

#include "options/options.h"

/* The worker's file asks for it and the kernel can: Landlock, Linux 5.13. */
bool fence_stands(const struct options *o);
/* Folders of connector.allowed.paths that are not there are an error. A fence
 * that is not there is told in the log; one that is required there
 * is an error. */
int fence_check(const struct options *o, struct ps_error *err);

#endif
