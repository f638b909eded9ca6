/*
 * jwt: bearer tokens that another authority signed (RFC 7519, 7515, 7517).
 *
 * Keys come from a file, a JWK set: RSA (RS256), EC P-256 (ES256) and oct
 * (HS256, 32 bytes at least). The key decides the algorithm, never the token;
 * a token without exp, or signed by a key that is not there, is refused.
 */
#ifndef PENSTOCK_ACCESS_JWT_H
#define PENSTOCK_ACCESS_JWT_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <penstock/arena.h>

struct jwt_keys;

/* PS_E_CONFIG names the key and what is wrong with it. */
struct jwt_keys *jwt_keys_parse(const char *text, size_t len, const char *what,
    struct ps_error *err);
void jwt_keys_free(struct jwt_keys **kp);

/* What a token has to say besides being valid; NULL: anything. */
struct jwt_rules {
	const char *issuer, *audience;
};

/* The claims (new reference), or NULL and why not. `now_s`: since 1970. */
json_t *jwt_verify(struct ps_arena *a, const struct jwt_keys *keys,
    const struct jwt_rules *rules, const char *token, int64_t now_s,
    struct ps_error *err);

#endif
