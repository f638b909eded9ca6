/*
 * sign: requests between workers, signed with the cluster's session key.
 *
 * Kafka Connect's: HMAC-SHA256 of the body with the key that the leader keeps
 * in the config topic, in base64.
 */
#ifndef PENSTOCK_HTTP_SIGN_H
#define PENSTOCK_HTTP_SIGN_H

#include "http/exchange.h"
#include "store/configs.h"

#define SIGN_HEADER    "X-Connect-Authorization"
#define SIGN_ALGORITHM "X-Connect-Request-Signature-Algorithm"
/* Ours, of what a worker passes on: who asked it, its id, when (Unix ms), and
 * the signature of these, the method, the path, the query and the body. */
#define SIGN_FORWARDED "X-Penstock-Forwarded"
/* Who reads it later, by the clocks of both, does not believe it. */
#define SIGN_RECENT_MS (INT64_C(5) * 60 * 1000)

/* Base64 in the arena, NULL: the key is none. */
char *sign_body(struct ps_arena *a, const struct configs_session_key *key,
    const void *body, size_t len);
/* Answers, in Connect's words, a request that is not signed as it must be. */
bool sign_is_refused(struct exchange *x);
/* The value of SIGN_FORWARDED, NULL: the cluster has no key now. */
const char *sign_forwarded(struct exchange *x);
/* Whose request another worker passed on, in `from` and `through`, where the
 * signature proves it. Else it is the one of whoever is on the line. */
void sign_take_forwarded(struct exchange *x);

#endif
