#include "access/jwt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "base/xalloc.h"

#define ARENA_BYTES   4096
#define DIGEST_BYTES  32
#define SECRET_MIN    32
#define P256_BYTES    32
#define RSA_BYTES_MIN 256
#define TOKEN_MAX     8192
#define SKEW_S        60 /* clocks differ */

struct part {
	const uint8_t *data;
	size_t len;
};

struct jwk {
	const struct jwk_kind *kind;
	const char *kid; /* NULL: none */
	EVP_PKEY *key;
	struct part secret;
};

struct jwk_kind {
	const char *kty, *alg;
	int (*read)(struct ps_arena *a, const json_t *j, struct jwk *k,
	    struct ps_error *err);
	bool (*verify)(const struct jwk *k, struct part signed_text,
	    struct part signature);
};

struct jwt_keys {
	struct ps_arena *a;
	struct jwk *list;
	size_t count;
};

/* base64url without padding; -1: it is none. */
static int
decode(struct ps_arena *a, const char *s, size_t len, struct part *out)
{
	size_t padded = (len + 3) / 4 * 4;
	char *text = ps_alloc(a, padded + 1);
	uint8_t *data = ps_alloc(a, padded + 1);
	int64_t got;

	for (size_t i = 0; i < padded; i++) {
		char c = '=';

		if (i < len)
			c = s[i];
		if (i < len && (c == '=' || c == '+' || c == '/'))
			return -1;
		if (c == '-')
			c = '+';
		else if (c == '_')
			c = '/';
		text[i] = c;
	}
	got = text_base64_decode(text, padded, data);
	if (got < 0)
		return -1;
	*out = (struct part){ data, (size_t)got };
	return 0;
}

/* ---- keys -------------------------------------------------------------- */

static int
member(struct ps_arena *a, const json_t *j, const char *name, struct part *out,
    struct ps_error *err)
{
	const char *text;

	if (js_get_str(j, name, &text, err) != 0)
		return -1;
	if (decode(a, text, strlen(text), out) != 0)
		return ps_fail(err, PS_E_CONFIG, "%s is not base64url", name);
	return 0;
}

static int
make_key(const char *type, OSSL_PARAM_BLD *bld, struct jwk *k,
    struct ps_error *err)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	int ok =
	    ctx != NULL && params != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &k->key, EVP_PKEY_PUBLIC_KEY, params) == 1;

	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return ok ? 0
		  : ps_fail(err, PS_E_CONFIG, "it is no %s public key", type);
}

static int
read_rsa(struct ps_arena *a, const json_t *j, struct jwk *k,
    struct ps_error *err)
{
	struct part n, e;
	OSSL_PARAM_BLD *bld;
	BIGNUM *bn, *be;
	int done;

	if (member(a, j, "n", &n, err) != 0 || member(a, j, "e", &e, err) != 0)
		return -1;
	if (n.len < RSA_BYTES_MIN)
		return ps_fail(err, PS_E_CONFIG,
		    "an RSA key of 2048 bits at least is expected");
	bld = OSSL_PARAM_BLD_new();
	bn = BN_bin2bn(n.data, (int)n.len, NULL);
	be = BN_bin2bn(e.data, (int)e.len, NULL);
	(void)OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn);
	(void)OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be);
	done = make_key("RSA", bld, k, err);
	BN_free(bn);
	BN_free(be);
	OSSL_PARAM_BLD_free(bld);
	return done;
}

static int
read_ec(struct ps_arena *a, const json_t *j, struct jwk *k,
    struct ps_error *err)
{
	uint8_t point[1 + 2 * P256_BYTES] = { POINT_CONVERSION_UNCOMPRESSED };
	const char *curve = js_opt_str(j, "crv");
	OSSL_PARAM_BLD *bld;
	struct part x, y;
	int done;

	if (curve == NULL || strcmp(curve, "P-256") != 0)
		return ps_fail(err, PS_E_CONFIG, "crv P-256 is expected");
	if (member(a, j, "x", &x, err) != 0 || member(a, j, "y", &y, err) != 0)
		return -1;
	if (x.len != P256_BYTES || y.len != P256_BYTES)
		return ps_fail(err, PS_E_CONFIG,
		    "x and y of 32 bytes are expected");
	memcpy(point + 1, x.data, P256_BYTES);
	memcpy(point + 1 + P256_BYTES, y.data, P256_BYTES);
	bld = OSSL_PARAM_BLD_new();
	(void)OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
	    "prime256v1", 0);
	(void)OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
	    point, sizeof point);
	done = make_key("EC", bld, k, err);
	OSSL_PARAM_BLD_free(bld);
	return done;
}

static int
read_oct(struct ps_arena *a, const json_t *j, struct jwk *k,
    struct ps_error *err)
{
	if (member(a, j, "k", &k->secret, err) != 0)
		return -1;
	if (k->secret.len < SECRET_MIN)
		return ps_fail(err, PS_E_CONFIG,
		    "a secret of 32 bytes at least is expected");
	return 0;
}

/* ---- signatures -------------------------------------------------------- */

static bool
verify_evp(const struct jwk *k, struct part text, struct part signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok =
	    ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, k->key) == 1 &&
	    EVP_DigestVerify(ctx, signature.data, signature.len, text.data,
		text.len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

/* JWS has the two numbers side by side, OpenSSL wants them in DER. */
static bool
verify_ec(const struct jwk *k, struct part text, struct part signature)
{
	ECDSA_SIG *sig;
	BIGNUM *r, *s;
	uint8_t *der = NULL;
	int len;
	bool ok;

	if (signature.len != 2 * (size_t)P256_BYTES)
		return false;
	sig = ECDSA_SIG_new();
	r = BN_bin2bn(signature.data, P256_BYTES, NULL);
	s = BN_bin2bn(signature.data + P256_BYTES, P256_BYTES, NULL);
	(void)ECDSA_SIG_set0(sig, r, s); /* they are sig's now */
	len = i2d_ECDSA_SIG(sig, &der);
	ok = len > 0 && verify_evp(k, text, (struct part){ der, (size_t)len });
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	return ok;
}

static bool
verify_hmac(const struct jwk *k, struct part text, struct part signature)
{
	uint8_t made[DIGEST_BYTES];
	unsigned len = sizeof made;

	return signature.len == sizeof made &&
	       HMAC(EVP_sha256(), k->secret.data, (int)k->secret.len, text.data,
		   text.len, made, &len) != NULL &&
	       CRYPTO_memcmp(made, signature.data, sizeof made) == 0;
}

static const struct jwk_kind kinds[] = {
	{ "RSA", "RS256", read_rsa, verify_evp },
	{ "EC", "ES256", read_ec, verify_ec },
	{ "oct", "HS256", read_oct, verify_hmac },
};

/* ---- the file ---------------------------------------------------------- */

static const struct jwk_kind *
kind_of(const char *kty)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].kty, kty) == 0)
			return &kinds[i];
	return NULL;
}

static int
read_key(struct ps_arena *a, const json_t *j, struct jwk *k,
    struct ps_error *err)
{
	const char *kty, *kid = js_opt_str(j, "kid"),
			 *alg = js_opt_str(j, "alg");

	if (js_get_str(j, "kty", &kty, err) != 0)
		return -1;
	k->kind = kind_of(kty);
	if (k->kind == NULL || (alg != NULL && strcmp(alg, k->kind->alg) != 0))
		return ps_fail(err, PS_E_CONFIG,
		    "kty %s, alg %s: RSA with RS256, EC with ES256 or oct with "
		    "HS256 is expected",
		    kty, alg == NULL ? "unset" : alg);
	k->kid = kid == NULL ? NULL : ps_strdup(a, kid);
	return k->kind->read(a, j, k, err);
}

static int
read_keys(struct jwt_keys *k, const json_t *list, struct ps_error *err)
{
	if (!json_is_array(list))
		return ps_fail(err, PS_E_CONFIG,
		    "keys: an array of keys is expected");
	k->count = json_array_size(list);
	k->list = ps_calloc(k->a, k->count + 1, sizeof *k->list);
	for (size_t i = 0; i < k->count; i++)
		if (read_key(k->a, json_array_get(list, i), &k->list[i], err) !=
		    0)
			return ps_fail_in(err, "key %zu", i + 1);
	return 0;
}

struct jwt_keys *
jwt_keys_parse(const char *text, size_t len, const char *what,
    struct ps_error *err)
{
	json_t *j = js_parse(text, len, what, err);
	struct jwt_keys *k;

	if (j == NULL)
		return NULL;
	k = xcalloc(1, sizeof *k);
	k->a = arena_new(ARENA_BYTES);
	if (read_keys(k, json_object_get(j, "keys"), err) != 0) {
		(void)ps_fail_in(err, "%s", what);
		jwt_keys_free(&k);
	}
	json_decref(j);
	return k;
}

void
jwt_keys_free(struct jwt_keys **kp)
{
	struct jwt_keys *k = *kp;

	*kp = NULL;
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->count; i++)
		EVP_PKEY_free(k->list[i].key);
	arena_free(&k->a);
	free(k);
}

/* ---- tokens ------------------------------------------------------------ */

static json_t *
parse_part(struct ps_arena *a, const char *s, size_t len, const char *what,
    struct ps_error *err)
{
	struct part p;

	if (decode(a, s, len, &p) != 0) {
		(void)ps_fail(err, PS_E_DATA, "the %s is not base64url", what);
		return NULL;
	}
	return js_parse((const char *)p.data, p.len, what, err);
}

/* Signed by one of the keys that the header may mean? */
static int
check_signature(const struct jwt_keys *keys, const json_t *header,
    struct part text, struct part signature, struct ps_error *err)
{
	const char *alg = js_opt_str(header, "alg");
	const char *kid = js_opt_str(header, "kid");

	for (size_t i = 0; alg != NULL && i < keys->count; i++) {
		const struct jwk *k = &keys->list[i];

		if (strcmp(k->kind->alg, alg) != 0 ||
		    (kid != NULL && k->kid != NULL && strcmp(kid, k->kid) != 0))
			continue;
		if (k->kind->verify(k, text, signature))
			return 0;
	}
	return ps_fail(err, PS_E_DATA, "no key of ours has signed it");
}

static bool
is_for(const json_t *audience, const char *wanted)
{
	const json_t *one;
	size_t i;

	if (json_is_string(audience))
		return strcmp(json_string_value(audience), wanted) == 0;
	json_array_foreach(audience, i,
	    one) if (json_is_string(one) &&
		     strcmp(json_string_value(one), wanted) == 0) return true;
	return false;
}

/* NumericDate: seconds, maybe with a fraction; `absent` without it. */
static double
date_of(const json_t *claims, const char *name, double absent)
{
	const json_t *date = json_object_get(claims, name);

	return json_is_number(date) ? json_number_value(date) : absent;
}

static int
check_claims(const json_t *claims, const struct jwt_rules *rules, int64_t now_s,
    struct ps_error *err)
{
	const char *issuer = js_opt_str(claims, "iss");
	double now = (double)now_s;

	if (date_of(claims, "exp", 0) + SKEW_S <= now)
		return ps_fail(err, PS_E_DATA, "it has expired, or has no exp");
	if (date_of(claims, "nbf", 0) - SKEW_S > now)
		return ps_fail(err, PS_E_DATA, "it is not valid yet");
	if (rules->issuer != NULL &&
	    (issuer == NULL || strcmp(issuer, rules->issuer) != 0))
		return ps_fail(err, PS_E_DATA, "its iss is not %s",
		    rules->issuer);
	if (rules->audience != NULL &&
	    !is_for(json_object_get(claims, "aud"), rules->audience))
		return ps_fail(err, PS_E_DATA, "its aud is not %s",
		    rules->audience);
	return 0;
}

json_t *
jwt_verify(struct ps_arena *a, const struct jwt_keys *keys,
    const struct jwt_rules *rules, const char *token, int64_t now_s,
    struct ps_error *err)
{
	size_t head = strcspn(token, "."), body,
	       len = strnlen(token, TOKEN_MAX);
	json_t *header, *claims;
	struct part signature;

	body = head < len ? strcspn(token + head + 1, ".") : 0;
	if (len == TOKEN_MAX || head + 1 + body >= len) {
		(void)ps_fail(err, PS_E_DATA, "it is no signed token");
		return NULL;
	}
	header = parse_part(a, token, head, "header", err);
	if (header == NULL)
		return NULL;
	if (decode(a, token + head + body + 2, len - head - body - 2,
		&signature) != 0)
		(void)ps_fail(err, PS_E_DATA, "its signature is no base64url");
	else
		(void)check_signature(keys, header,
		    (struct part){ (const uint8_t *)token, head + 1 + body },
		    signature, err);
	json_decref(header);
	if (err->code != PS_OK)
		return NULL;
	claims = parse_part(a, token + head + 1, body, "body", err);
	if (claims != NULL && check_claims(claims, rules, now_s, err) != 0) {
		json_decref(claims);
		claims = NULL;
	}
	return claims;
}
