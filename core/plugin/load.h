/*
 * load: opens one shared object and checks what it says about itself.
 *
 * Only children of the worker come here. What is loaded stays loaded. An
 * error names the file and, where it can be told, what to do about it.
 */
#ifndef PENSTOCK_PLUGIN_LOAD_H
#define PENSTOCK_PLUGIN_LOAD_H

#include <penstock/abi.h>
#include <penstock/error.h>

/* The plugin, or NULL: PS_E_CONFIG, or PS_E_RETRY when it needs a newer
 * penstock than the one that runs. */
const struct ps_plugin *load_plugin(const char *path, struct ps_error *err);
/* May everybody write there? Then nothing is loaded from it. */
int load_check_writable(const char *path, struct ps_error *err);
const char *kind_name(enum ps_kind kind);

#endif
