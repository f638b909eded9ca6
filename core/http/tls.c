#include "http/tls.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/keystore.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "config/redact.h"
#include "http/watched.h"

#define AREA        "rest"
#define ARENA_BYTES 4096

struct tls {
	const struct options *o;
	const struct listener *listener;
	struct ps_arena *a; /* of `pem` */
	struct tls_pem pem;
	struct watched key_file, trust_file; /* path NULL: not a file */
	bool stale;
};

/* The listener's own setting, else the worker's; it may be "". */
static const char *
given(const struct tls *t, const char *key)
{
	struct ps_arena *a = arena_new(256);
	const char *own = ps_config_get(&t->o->given,
	    ps_printf(a, "%s.https.%s", t->listener->key, key));

	arena_free(&a);
	if (own == NULL)
		own = ps_config_get(&t->o->given, key);
	return own;
}

static const char *
setting(const struct tls *t, const char *key)
{
	const char *text = given(t, key);

	return text == NULL || text[0] == '\0' ? NULL : text;
}

/* ---- reading ----------------------------------------------------------- */

static int
open_store(struct tls *t, struct ps_arena *a, const char *kind,
    struct keystore_pem *out, struct ps_error *err)
{
	const char *key = ps_printf(a, "ssl.%s.location", kind);
	const char *path = setting(t, key);
	const char *password =
	    setting(t, ps_printf(a, "ssl.%s.password", kind));
	struct keystore s;

	if (password == NULL)
		password = setting(t, "ssl.key.password");
	if (keystore_load(a, key, path, &s, err) != 0)
		return -1;
	if (keystore_open(a, &s, password, out, err) != 0)
		return ps_fail_in(err, "%s=%s cannot be opened", key, path);
	return 0;
}

static int
read_key(struct tls *t, struct ps_arena *a, struct tls_pem *pem,
    struct ps_error *err)
{
	struct keystore_pem store = { setting(t, "ssl.keystore.key"),
		setting(t, "ssl.keystore.certificate.chain") };
	const char *path = setting(t, "ssl.keystore.location");

	if (path != NULL && open_store(t, a, "keystore", &store, err) != 0)
		return -1;
	if (store.key == NULL || store.certificates == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "%s has https, and %s.https.ssl.keystore.location (or "
		    "ssl.keystore.location) names no file with a private key "
		    "and its certificate: %s",
		    t->listener->key, t->listener->key,
		    path == NULL ? "it is not set" : path);
	if (keystore_check(&store, err) != 0)
		return ps_fail_in(err, "%s=%s cannot be used",
		    path == NULL ? "ssl.keystore.certificate.chain"
				 : "ssl.keystore.location",
		    path == NULL ? REDACT_MASK : path);
	pem->key = store.key;
	pem->certificates = store.certificates;
	return 0;
}

static int
read_trust(struct tls *t, struct ps_arena *a, struct tls_pem *pem,
    struct ps_error *err)
{
	const char *path = setting(t, "ssl.truststore.location");
	struct keystore_pem store = { NULL,
		setting(t, "ssl.truststore.certificates") };

	if (path == NULL && store.certificates == NULL)
		return 0;
	if (path != NULL && open_store(t, a, "truststore", &store, err) != 0)
		return -1;
	store.key = NULL; /* it is not what is trusted */
	if (keystore_check(&store, err) != 0)
		return ps_fail_in(err, "%s=%s cannot be used",
		    path == NULL ? "ssl.truststore.certificates"
				 : "ssl.truststore.location",
		    path == NULL ? REDACT_MASK : path);
	pem->trust = store.certificates;
	return 0;
}

/* As Java's clients: https, or "" for no check. */
static int
read_identification(const struct tls *t, struct tls_pem *pem,
    struct ps_error *err)
{
	static const char key[] = "ssl.endpoint.identification.algorithm";
	const char *text = given(t, key);

	pem->any_host = text != NULL && text[0] == '\0';
	if (text == NULL || pem->any_host || strcasecmp(text, "https") == 0)
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "Invalid value %s for configuration %s: https or nothing is "
	    "expected",
	    text, key);
}

static int
read_client(const struct tls *t, struct tls_pem *pem, struct ps_error *err)
{
	static const char *const names[] = { [TLS_CLIENT_NONE] = "none",
		[TLS_CLIENT_REQUESTED] = "requested",
		[TLS_CLIENT_REQUIRED] = "required" };
	const char *text = setting(t, "ssl.client.auth");

	pem->client = TLS_CLIENT_NONE;
	if (text == NULL)
		return 0;
	for (int i = TLS_CLIENT_NONE; i <= TLS_CLIENT_REQUIRED; i++)
		if (strcmp(text, names[i]) == 0) {
			pem->client = (enum tls_client)i;
			return 0;
		}
	return ps_fail(err, PS_E_CONFIG,
	    "Invalid value %s for configuration ssl.client.auth: none, "
	    "requested or required is expected",
	    text);
}

static int
read_all(struct tls *t, struct ps_error *err)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct tls_pem pem = { 0 };

	if (read_identification(t, &pem, err) != 0 ||
	    read_client(t, &pem, err) != 0 || read_key(t, a, &pem, err) != 0 ||
	    read_trust(t, a, &pem, err) != 0) {
		arena_free(&a);
		return -1;
	}
	if (pem.client != TLS_CLIENT_NONE && pem.trust == NULL) {
		arena_free(&a);
		return ps_fail(err, PS_E_CONFIG,
		    "ssl.client.auth needs ssl.truststore.location: whose "
		    "certificates are to be accepted is not said");
	}
	arena_free(&t->a);
	t->a = a;
	t->pem = pem;
	return 0;
}

/* ---- life -------------------------------------------------------------- */

struct tls *
tls_new(const struct options *o, const struct listener *l, struct ps_error *err)
{
	struct tls *t = xcalloc(1, sizeof *t);

	t->o = o;
	t->listener = l;
	t->a = arena_new(ARENA_BYTES);
	t->key_file.path = setting(t, "ssl.keystore.location");
	t->trust_file.path = setting(t, "ssl.truststore.location");
	if (t->key_file.path != NULL)
		(void)watched_changed(&t->key_file, clock_now());
	if (t->trust_file.path != NULL)
		(void)watched_changed(&t->trust_file, clock_now());
	if (read_all(t, err) != 0)
		tls_free(&t);
	return t;
}

void
tls_free(struct tls **tp)
{
	struct tls *t = *tp;

	*tp = NULL;
	if (t == NULL)
		return;
	arena_free(&t->a);
	free(t);
}

const struct tls_pem *
tls_pem(const struct tls *t)
{
	return &t->pem;
}

static bool
is_new(struct watched *f)
{
	return f->path != NULL && watched_changed(f, clock_now());
}

bool
tls_changed(struct tls *t, bool *stale)
{
	struct ps_error err = { 0 };
	bool key = is_new(&t->key_file), trust = is_new(&t->trust_file);
	bool fresh = false;

	if (key || trust) {
		fresh = read_all(t, &err) == 0;
		t->stale = !fresh;
		if (t->stale)
			log_error(AREA,
			    "%s; the certificate that was read before stays "
			    "in use",
			    err.text);
	}
	*stale = t->stale;
	return fresh;
}
