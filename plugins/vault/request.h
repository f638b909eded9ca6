/*
 * request: one question to the server, within limits.
 *
 * No error says what was answered or sent: both are secret.
 */
#ifndef PENSTOCK_VAULT_REQUEST_H
#define PENSTOCK_VAULT_REQUEST_H

#include <penstock/host.h>

struct request_conf {
	const struct ps_host *host;
	const char *address, *name_space, *token, *token_file, *ca_file;
	int64_t timeout_ms;
	size_t max_bytes;
	bool allow_link_local;
};

/* The body of a 200, for the caller to wipe and free. -1: PS_E_RETRY for an
 * outage, PS_E_CONFIG for what was refused. */
int request_get(const struct request_conf *c, const char *path, char **body,
    size_t *len, struct ps_error *err);
/* Overwrites before it frees. */
void request_wipe(char **body, size_t len);

#endif
