#include "base/keystore.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define STORE_MAX ((size_t)1024 * 1024)

/* ---- files ------------------------------------------------------------- */

static int
refuse_jks(const char *key, const char *path, struct ps_error *err)
{
	return ps_fail(err, PS_E_CONFIG,
	    "%s=%.200s is a JKS store, which is not supported: make a PKCS12 "
	    "one with `keytool -importkeystore -srckeystore %.200s "
	    "-destkeystore store.p12 -deststoretype PKCS12` and name that",
	    key, path, path);
}

static bool
is_jks(const struct keystore *s)
{
	return s->len >= 4 && (memcmp(s->data, "\xfe\xed\xfe\xed", 4) == 0 ||
				  memcmp(s->data, "\xce\xce\xce\xce", 4) == 0);
}

static int
read_file(struct ps_arena *a, const char *key, const char *path,
    struct keystore *out, struct ps_error *err)
{
	FILE *f = fopen(path, "re");
	char *data;
	bool whole;

	if (f == NULL)
		return ps_fail(err, PS_E_CONFIG, "%s=%.200s cannot be read",
		    key, path);
	data = ps_alloc(a, STORE_MAX + 1);
	out->len = fread(data, 1, STORE_MAX + 1, f);
	whole = ferror(f) == 0 && out->len <= STORE_MAX;
	(void)fclose(f);
	if (!whole)
		return ps_fail(err, PS_E_CONFIG,
		    "%s=%.200s: a file of at most 1 MiB is expected", key,
		    path);
	data[out->len] = '\0';
	out->data = data;
	return 0;
}

int
keystore_load(struct ps_arena *a, const char *key, const char *path,
    struct keystore *out, struct ps_error *err)
{
	if (read_file(a, key, path, out, err) != 0)
		return -1;
	if (is_jks(out))
		return refuse_jks(key, path, err);
	if (strstr(out->data, "-----BEGIN ") != NULL)
		out->kind = KEYSTORE_PEM;
	else if (out->len > 0 && (unsigned char)out->data[0] == 0x30)
		out->kind = KEYSTORE_PKCS12;
	else
		return ps_fail(err, PS_E_CONFIG,
		    "%s=%.200s: a PKCS12 or PEM file is expected", key, path);
	return 0;
}

/* ---- PKCS12 ------------------------------------------------------------ */

/* What was written there, in the arena, NULL for nothing; frees it. */
static char *
take_text(struct ps_arena *a, BIO *mem)
{
	char *text = NULL, *data;
	long len = mem == NULL ? 0 : BIO_get_mem_data(mem, &data);

	if (len > 0)
		text = ps_strndup(a, data, (size_t)len);
	(void)BIO_free(mem);
	return text;
}

static char *
certificates_pem(struct ps_arena *a, X509 *own, STACK_OF(X509) * others)
{
	BIO *mem = BIO_new(BIO_s_mem());

	if (mem != NULL && own != NULL)
		(void)PEM_write_bio_X509(mem, own);
	for (int i = 0; mem != NULL && i < sk_X509_num(others); i++)
		(void)PEM_write_bio_X509(mem, sk_X509_value(others, i));
	return take_text(a, mem);
}

static char *
key_pem(struct ps_arena *a, EVP_PKEY *key)
{
	BIO *mem = key == NULL ? NULL : BIO_new(BIO_s_mem());

	if (mem != NULL)
		(void)PEM_write_bio_PKCS8PrivateKey(mem, key, NULL, NULL, 0,
		    NULL, NULL);
	return take_text(a, mem);
}

static int
openssl_failed(struct ps_error *err)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	return ps_fail(err, PS_E_CONFIG, "%s",
	    why == NULL ? "it is damaged" : why);
}

static int
open_pkcs12(struct ps_arena *a, const struct keystore *s, const char *password,
    struct keystore_pem *out, struct ps_error *err)
{
	const unsigned char *p = (const unsigned char *)s->data;
	PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)s->len);
	STACK_OF(X509) *others = NULL;
	EVP_PKEY *key = NULL;
	X509 *own = NULL;
	int ok =
	    p12 != NULL && PKCS12_parse(p12, password, &key, &own, &others);

	PKCS12_free(p12);
	if (!ok)
		return openssl_failed(err);
	out->key = key_pem(a, key);
	out->certificates = certificates_pem(a, own, others);
	EVP_PKEY_free(key);
	X509_free(own);
	sk_X509_pop_free(others, X509_free);
	return 0;
}

/* ---- PEM --------------------------------------------------------------- */

static int
password_is(char *buf, int size, int writing, void *ctx)
{
	const char *password = ctx;
	int len;

	(void)writing;
	if (password == NULL)
		return -1;
	len = snprintf(buf, (size_t)size, "%s", password);
	return len > 0 && len < size ? len : -1;
}

static int
open_pem(struct ps_arena *a, const struct keystore *s, const char *password,
    struct keystore_pem *out, struct ps_error *err)
{
	union {
		const char *in;
		void *out; /* password_is only reads it */
	} secret = { .in = password };
	BIO *mem;
	EVP_PKEY *key;

	if (strstr(s->data, "CERTIFICATE-----") != NULL)
		out->certificates = s->data;
	if (strstr(s->data, "PRIVATE KEY-----") == NULL)
		return 0;
	mem = BIO_new_mem_buf(s->data, (int)s->len);
	key = PEM_read_bio_PrivateKey(mem, NULL, password_is, secret.out);
	(void)BIO_free(mem);
	if (key == NULL)
		return openssl_failed(err);
	out->key = key_pem(a, key);
	EVP_PKEY_free(key);
	return 0;
}

int
keystore_open(struct ps_arena *a, const struct keystore *s,
    const char *password, struct keystore_pem *out, struct ps_error *err)
{
	*out = (struct keystore_pem){ 0 };
	switch (s->kind) {
	case KEYSTORE_PKCS12:
		return open_pkcs12(a, s, password == NULL ? "" : password, out,
		    err);
	case KEYSTORE_PEM:
		return open_pem(a, s, password, out, err);
	}
	return -1;
}

/* The first. */
static X509 *
certificate_of(const struct keystore_pem *p)
{
	BIO *mem;
	X509 *x;

	if (p->certificates == NULL)
		return NULL;
	mem = BIO_new_mem_buf(p->certificates, -1);
	x = PEM_read_bio_X509(mem, NULL, NULL, NULL);
	(void)BIO_free(mem);
	return x;
}

static bool
is_of_key(X509 *x, const char *pem)
{
	BIO *mem = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(mem, NULL, NULL, NULL);
	bool is = key != NULL && X509_check_private_key(x, key) == 1;

	(void)BIO_free(mem);
	EVP_PKEY_free(key);
	return is;
}

int
keystore_check(const struct keystore_pem *p, struct ps_error *err)
{
	X509 *x = certificate_of(p);
	bool is_of = x != NULL && (p->key == NULL || is_of_key(x, p->key));
	bool is_there = x != NULL;

	X509_free(x);
	ERR_clear_error();
	if (!is_there)
		return ps_fail(err, PS_E_CONFIG,
		    "there is no certificate in it");
	if (!is_of)
		return ps_fail(err, PS_E_CONFIG,
		    "its first certificate is not that of its private key");
	return 0;
}
