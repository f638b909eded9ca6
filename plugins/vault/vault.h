/*
 * vault: where ${vault:secret/data/db:password} finds its value.
 *
 * The path is that of the HTTP API behind /v1/. Version 2 of the key-value
 * store puts the secret into data.data, all others into data. An answer holds
 * until two thirds of its lease are over, so that what is made for each
 * request (a database's user) is made once a lease.
 */
#ifndef PENSTOCK_VAULT_VAULT_H
#define PENSTOCK_VAULT_VAULT_H

#include <penstock/abi.h>
#include <penstock/provider.h>

extern const struct ps_provider_ops vault_ops;

#endif
