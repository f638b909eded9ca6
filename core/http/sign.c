#include "http/sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "worker/worker.h"

#define ALGORITHM    "HmacSHA256"
#define DIGEST_BYTES 32
/* A request's is no longer; each byte of it may be escaped. */
#define HEAD_MAX ((size_t)3 * 16 * 1024)

char *
sign_body(struct ps_arena *a, const struct configs_session_key *key,
    const void *body, size_t len)
{
	unsigned char mac[DIGEST_BYTES];
	unsigned mac_len = sizeof mac;
	size_t text_len = strlen(key->key);
	unsigned char *bytes = ps_alloc(a, text_len + 1);
	int64_t got = text_base64_decode(key->key, text_len, bytes);

	if (got <= 0)
		return NULL;
	(void)HMAC(EVP_sha256(), bytes, (int)got, body, len, mac, &mac_len);
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

static const struct configs_session_key *
key_of(const struct exchange *x)
{
	const struct journal *j = worker_journal(x->worker);

	return j == NULL ? NULL : configs_session_key(journal_configs(j));
}

/* In a time that does not tell where they differ. `ours` may be NULL. */
static bool
is_same(const char *ours, const char *theirs)
{
	size_t len = strlen(theirs);

	return ours != NULL && strlen(ours) == len &&
	       CRYPTO_memcmp(ours, theirs, len) == 0;
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
	const struct configs_session_key *key = key_of(x);

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
	else if (!is_same(sign_body(x->a, key, buf_str(&x->body), x->body.len),
		     x->signature))
		exchange_error(x, 403,
		    "Internal request contained invalid signature.");
	else
		return false;
	return true;
}

/* ---- what is passed on ------------------------------------------------- */

/* What the signature is of, and when that was said. */
struct origin {
	const char *client, *through;
	int64_t time_ms;
};

static const char *
origin_text(struct exchange *x, const struct origin *o)
{
	return ps_printf(x->a, "%s %s %lld", o->client, o->through,
	    (long long)o->time_ms);
}

/* Without the one that the worker added that passed it on. */
static int
put_query(struct buf *all, struct exchange *x)
{
	for (const struct query_arg *q = x->query; q != NULL; q = q->next)
		if (strcmp(q->name, "forward") != 0 &&
		    buf_printf(all, "%s=%s&", text_url_encode(x->a, q->name),
			text_url_encode(x->a, q->value)) != 0)
			return -1;
	return buf_append(all, "\n", 1);
}

/* What it begins with is no body that another request is signed with. */
static const char *
sign_origin(struct exchange *x, const struct configs_session_key *key,
    const struct origin *o)
{
	const char *mac = NULL;
	struct buf all;

	buf_init(&all, HEAD_MAX + x->body.len);
	if (buf_printf(&all, "forward\n%s\n%s\n%s\n", origin_text(x, o),
		x->method, x->path) == 0 &&
	    put_query(&all, x) == 0 &&
	    buf_append(&all, buf_str(&x->body), x->body.len) == 0)
		mac = sign_body(x->a, key, buf_str(&all), all.len);
	buf_fini(&all);
	return mac;
}

const char *
sign_forwarded(struct exchange *x)
{
	const struct configs_session_key *key = key_of(x);
	struct origin o = { x->from, worker_id(x->worker), wall_now().ms };
	const char *mac;

	if (key == NULL || o.client == NULL)
		return NULL;
	mac = sign_origin(x, key, &o);
	return mac == NULL ? NULL
			   : ps_printf(x->a, "%s %s", origin_text(x, &o), mac);
}

/* When it came here, not when it could be looked at. */
static bool
is_recent(const struct exchange *x, int64_t time_ms)
{
	int64_t came_ms = wall_now().ms - clock_since(x->began, clock_now());

	return time_ms > came_ms - SIGN_RECENT_MS &&
	       time_ms < came_ms + SIGN_RECENT_MS;
}

void
sign_take_forwarded(struct exchange *x)
{
	const struct configs_session_key *key = key_of(x);
	const char *time, *mac;
	struct origin o;
	char *text, *rest;

	if (key == NULL || x->forwarded == NULL)
		return;
	text = ps_strdup(x->a, x->forwarded);
	o.client = strtok_r(text, " ", &rest);
	o.through = strtok_r(NULL, " ", &rest);
	time = strtok_r(NULL, " ", &rest);
	mac = rest;
	if (time == NULL || mac == NULL ||
	    text_int64(time, 0, INT64_MAX, &o.time_ms) != 0 ||
	    !is_recent(x, o.time_ms) || !is_same(sign_origin(x, key, &o), mac))
		return;
	x->from = o.client;
	x->through = o.through;
}
