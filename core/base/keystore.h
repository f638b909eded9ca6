/*
 * keystore: keys and certificates in the files that Java's settings name.
 *
 * A PEM file, or a PKCS12 store whose contents come out as PEM. A JKS store
 * is refused with the line that makes a PKCS12 one of it.
 */
#ifndef PENSTOCK_BASE_KEYSTORE_H
#define PENSTOCK_BASE_KEYSTORE_H

#include <stddef.h>

#include <penstock/arena.h>

enum keystore_kind { KEYSTORE_PKCS12, KEYSTORE_PEM };

/* A file of at most 1 MiB, as it is, in the arena. */
struct keystore {
	enum keystore_kind kind;
	const char *data; /* a NUL stands behind it */
	size_t len;
};

/* What is in one, as PEM; NULL: no such thing. */
struct keystore_pem {
	const char *key;          /* not encrypted */
	const char *certificates; /* that of the key first */
};

/* Errors (PS_E_CONFIG) name the setting `key` and its value. */
int keystore_load(struct ps_arena *a, const char *key, const char *path,
    struct keystore *out, struct ps_error *err);
/* `password` NULL: none. An error does not say which setting it was in. */
int keystore_open(struct ps_arena *a, const struct keystore *s,
    const char *password, struct keystore_pem *out, struct ps_error *err);
/* Is there a certificate, and is it that of the key, if there is one? */
int keystore_check(const struct keystore_pem *p, struct ps_error *err);

#endif
