/*
 * redact_url: the secrets inside of URLs.
 *
 * What stands before the '@' of a URL and what parameters like password=… and
 * access_token=… say, in a setting's value, which a key's name tells nothing
 * about. A ${…} in its place is no secret.
 */
#ifndef PENSTOCK_CONFIG_REDACT_URL_H
#define PENSTOCK_CONFIG_REDACT_URL_H

#include <penstock/arena.h>

#include "config/redact.h"

/* The value with REDACT_MASK in place of each; the value itself when there are
 * none, or when it is NULL. */
const char *redact_url(struct ps_arena *a, const char *value);
bool redact_url_finds(const char *value);
/* Does one of them read so? */
bool redact_url_is_masked(const char *value);
/* Where `given` reads so, what `present` has there. */
const char *
redact_url_back(struct ps_arena *a, const char *given, const char *present);
/* Learns them, as they stand there and decoded. */
void redact_url_add(struct redact *r, const char *value);
/* In place, of running text: a URL ends there with its word. */
bool redact_url_text(char *text, size_t room);

#endif
