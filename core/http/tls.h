/*
 * tls: the key and certificates of an https listener, and of what this worker
 * asks of others over https.
 *
 * From Java's keys: listeners.https.ssl.* (admin.listeners.https.ssl.* for
 * those), else ssl.*. PKCS12 or PEM files, or PEM in the settings. Files are
 * read again when they change; what cannot be read leaves the old in use.
 */
#ifndef PENSTOCK_HTTP_TLS_H
#define PENSTOCK_HTTP_TLS_H

#include <stdbool.h>

#include "options/options.h"

enum tls_client { TLS_CLIENT_NONE, TLS_CLIENT_REQUESTED, TLS_CLIENT_REQUIRED };

struct tls_pem {
	const char *key, *certificates;
	const char *trust; /* of the other side, NULL: the system's */
	enum tls_client client;
	bool any_host; /* another worker's certificate may name any */
};

struct tls;

/* PS_E_CONFIG names the setting. */
struct tls *tls_new(const struct options *o, const struct listener *l,
    struct ps_error *err);
void tls_free(struct tls **tp);
const struct tls_pem *tls_pem(const struct tls *t);
/* Has a file changed, and was it read? `stale` is set when it could not be. */
bool tls_changed(struct tls *t, bool *stale);

#endif
