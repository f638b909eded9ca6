#include "http/sign.h"

/* The evp interface's header says `rand`, which this tree bans; these
 * functions use the same code of the library. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "worker/worker.h"

#define ALGORITHM "HmacSHA256"
#define BLOCK     64
#define HEAD_MAX  ((size_t)16 * 1024) /* no request's is longer */

static void
hash_two(const unsigned char first[BLOCK], const void *data, size_t len,
    unsigned char out[SHA256_DIGEST_LENGTH])
{
	SHA256_CTX ctx;

	(void)SHA256_Init(&ctx);
	(void)SHA256_Update(&ctx, first, BLOCK);
	(void)SHA256_Update(&ctx, data, len);
	(void)SHA256_Final(out, &ctx);
}

/* RFC 2104 */
static void
hmac(const unsigned char *key, size_t key_len, const void *data, size_t len,
    unsigned char out[SHA256_DIGEST_LENGTH])
{
	unsigned char pad[BLOCK] = { 0 }, inner[SHA256_DIGEST_LENGTH];

	if (key_len > BLOCK)
		(void)SHA256(key, key_len, pad);
	else
		memcpy(pad, key, key_len);
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36;
	hash_two(pad, data, len, inner);
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash_two(pad, inner, sizeof inner, out);
}

char *
sign_body(struct ps_arena *a, const struct configs_session_key *key,
    const void *body, size_t len)
{
	unsigned char mac[SHA256_DIGEST_LENGTH];
	size_t text_len = strlen(key->key);
	unsigned char *bytes = ps_alloc(a, text_len + 1);
	int64_t got = text_base64_decode(key->key, text_len, bytes);

	if (got <= 0)
		return NULL;
	hmac(bytes, (size_t)got, body, len, mac);
	return text_base64(a, mac, sizeof mac);
}

/* ---- checking ---------------------------------------------------------- */

static bool
is_accepted(const struct exchange *x, const char *algorithm)
{
	const struct ps_config *c = &worker_options(x->worker)->all;
	const char *list =
	    ps_config_str(c, "inter.worker.verification.algorithms");
	size_t count;
	char **names = text_list(x->a, list, &count);

	for (size_t i = 0; i < count; i++)
		if (strcasecmp(names[i], algorithm) == 0)
			return strcasecmp(algorithm, ALGORITHM) == 0;
	return false;
}

static bool
is_ours(struct exchange *x, const struct configs_session_key *key)
{
	const char *ours = sign_body(x->a, key, buf_str(&x->body), x->body.len);
	size_t len = strlen(x->signature);

	return ours != NULL && strlen(ours) == len &&
	       CRYPTO_memcmp(ours, x->signature, len) == 0;
}

static bool
is_base64(struct exchange *x)
{
	size_t len = strlen(x->signature);

	return text_base64_decode(x->signature, len, ps_alloc(x->a, len + 1)) >
	       0;
}

bool
sign_is_refused(struct exchange *x)
{
	const struct configs_session_key *key =
	    configs_session_key(journal_configs(worker_journal(x->worker)));

	if (x->signature == NULL || x->algorithm == NULL || !is_base64(x))
		exchange_error(x, 400,
		    "Internal request missing required signature");
	else if (!is_accepted(x, x->algorithm))
		exchange_error(x, 400,
		    "This worker does not support the '%s' key signing "
		    "algorithm used by other workers. This worker is "
		    "currently configured to use: [%s]. Check that all "
		    "workers' configuration files permit the same set of "
		    "signature algorithms, and correct any misconfigured "
		    "worker and restart it.",
		    x->algorithm, ALGORITHM);
	else if (key == NULL)
		exchange_error(x, 503,
		    "This worker is still starting up and has not been able "
		    "to read a session key from the config topic yet");
	else if (!is_ours(x, key))
		exchange_error(x, 403,
		    "Internal request contained invalid signature.");
	else
		return false;
	return true;
}

/* ---- what is passed on ------------------------------------------------- */

static const struct configs_session_key *
key_of(const struct exchange *x)
{
	const struct journal *j = worker_journal(x->worker);

	return j == NULL ? NULL : configs_session_key(journal_configs(j));
}

/* What it begins with is no body that another request is signed with. */
static const char *
sign_origin(struct exchange *x, const struct configs_session_key *key,
    const char *client, const char *through)
{
	const char *mac = NULL;
	struct buf all;

	buf_init(&all, HEAD_MAX + x->body.len);
	if (buf_printf(&all, "forward\n%s\n%s\n%s\n%s\n", client, through,
		x->method, x->path) == 0 &&
	    buf_append(&all, buf_str(&x->body), x->body.len) == 0)
		mac = sign_body(x->a, key, buf_str(&all), all.len);
	buf_fini(&all);
	return mac;
}

const char *
sign_forwarded(struct exchange *x)
{
	const struct configs_session_key *key = key_of(x);
	const char *id = worker_id(x->worker), *mac;

	if (key == NULL || x->from == NULL)
		return NULL;
	mac = sign_origin(x, key, x->from, id);
	return mac == NULL ? NULL
			   : ps_printf(x->a, "%s %s %s", x->from, id, mac);
}

void
sign_take_forwarded(struct exchange *x)
{
	const struct configs_session_key *key = key_of(x);
	const char *client, *through, *ours, *mac;
	char *text, *rest;

	if (key == NULL || x->forwarded == NULL)
		return;
	text = ps_strdup(x->a, x->forwarded);
	client = strtok_r(text, " ", &rest);
	through = strtok_r(NULL, " ", &rest);
	mac = rest;
	if (client == NULL || through == NULL || mac == NULL)
		return;
	ours = sign_origin(x, key, client, through);
	if (ours == NULL || strlen(ours) != strlen(mac) ||
	    CRYPTO_memcmp(ours, mac, strlen(ours)) != 0)
		return;
	x->from = client;
	x->through = through;
}
