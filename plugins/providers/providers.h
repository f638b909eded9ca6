/*
 * providers: where ${env:NAME}, ${file:path:key} and ${directory:path:key}
 * find their values.
 */
#ifndef PENSTOCK_PROVIDERS_PROVIDERS_H
#define PENSTOCK_PROVIDERS_PROVIDERS_H

#include <penstock/abi.h>
#include <penstock/provider.h>

extern const struct ps_provider_ops env_ops;
extern const struct ps_provider_ops file_ops;
extern const struct ps_provider_ops directory_ops;

#endif
