#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "kafka/conf_work.h"

#define STORE_MAX ((size_t)1024 * 1024)

enum store_kind { STORE_PKCS12, STORE_PEM, STORE_JKS, STORE_OTHER };

struct store {
	char *data; /* NUL-terminated */
	size_t len;
	enum store_kind kind;
};

static enum store_kind
kind_of(const char *data, size_t len)
{
	const unsigned char *p = (const unsigned char *)data;

	if (len >= 4 && memcmp(p, "\xfe\xed\xfe\xed", 4) == 0)
		return STORE_JKS;
	if (len >= 4 && memcmp(p, "\xce\xce\xce\xce", 4) == 0)
		return STORE_JKS;
	if (strstr(data, "-----BEGIN ") != NULL)
		return STORE_PEM;
	return len > 0 && p[0] == 0x30 ? STORE_PKCS12 : STORE_OTHER;
}

static int
load(struct conf_work *w, const struct conf_row *row, const char *path,
    struct store *out, struct ps_error *err)
{
	FILE *f = fopen(path, "re");
	bool whole;

	if (f == NULL)
		return conf_refuse(row, path, "the file cannot be read", err);
	out->data = ps_alloc(w->a, STORE_MAX + 1);
	out->len = fread(out->data, 1, STORE_MAX + 1, f);
	whole = ferror(f) == 0 && out->len <= STORE_MAX;
	(void)fclose(f);
	if (!whole)
		return conf_refuse(row, path,
		    "a file of at most 1 MiB is expected", err);
	out->data[out->len] = '\0';
	out->kind = kind_of(out->data, out->len);
	return 0;
}

static int
refuse_jks(const struct conf_row *row, const char *path, struct ps_error *err)
{
	return ps_fail(err, PS_E_CONFIG,
	    "%s=%.200s is a JKS store, which is not supported: make a PKCS12 "
	    "one with `keytool -importkeystore -srckeystore %.200s "
	    "-destkeystore store.p12 -deststoretype PKCS12` and name that",
	    row->key, path, path);
}

int
conf_keystore(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	const char *password = ps_config_get(w->java, "ssl.keystore.password");
	struct store s;

	if (load(w, row, value, &s, err) != 0)
		return -1;
	switch (s.kind) {
	case STORE_JKS:
		return refuse_jks(row, value, err);
	case STORE_PEM:
		conf_set(w, "ssl.certificate.pem", s.data);
		conf_set(w, "ssl.key.pem", s.data);
		return 0;
	case STORE_PKCS12:
		conf_set(w, "ssl.keystore.location", value);
		if (password != NULL)
			conf_set(w, "ssl.keystore.password", password);
		return 0;
	case STORE_OTHER:
		break;
	}
	return conf_refuse(row, value, "a PKCS12 or PEM file is expected", err);
}

/* All certificates of the store, as PEM in the arena; NULL: there is none. */
static char *
certificates_pem(struct ps_arena *a, STACK_OF(X509) * certs)
{
	BIO *mem = BIO_new(BIO_s_mem());
	char *text = NULL, *data;
	long len;

	for (int i = 0; mem != NULL && i < sk_X509_num(certs); i++)
		(void)PEM_write_bio_X509(mem, sk_X509_value(certs, i));
	len = mem == NULL ? 0 : BIO_get_mem_data(mem, &data);
	if (len > 0)
		text = ps_strndup(a, data, (size_t)len);
	(void)BIO_free(mem);
	return text;
}

static int
open_pkcs12(const struct store *s, const char *password,
    STACK_OF(X509) * *certs, struct ps_error *err)
{
	const unsigned char *p = (const unsigned char *)s->data;
	PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)s->len);
	EVP_PKEY *key = NULL;
	X509 *own = NULL;
	int ok = p12 != NULL && PKCS12_parse(p12, password, &key, &own, certs);

	if (ok && own != NULL) {
		if (*certs == NULL)
			*certs = sk_X509_new_null();
		(void)sk_X509_push(*certs, own);
	}
	EVP_PKEY_free(key);
	PKCS12_free(p12);
	if (ok)
		return 0;
	return ps_fail(err, PS_E_CONFIG, "%s",
	    ERR_reason_error_string(ERR_peek_last_error()));
}

/* librdkafka reads no truststore of this kind: its certificates are given to
 * it as PEM, in memory. */
static int
trust_pkcs12(struct conf_work *w, const struct conf_row *row, const char *path,
    const struct store *s, struct ps_error *err)
{
	const char *password =
	    ps_config_get(w->java, "ssl.truststore.password");
	STACK_OF(X509) *certs = NULL;
	char *pem = NULL;

	if (open_pkcs12(s, password == NULL ? "" : password, &certs, err) != 0)
		return ps_fail_in(err,
		    "%s=%.200s cannot be opened with "
		    "ssl.truststore.password",
		    row->key, path);
	if (certs != NULL)
		pem = certificates_pem(w->a, certs);
	sk_X509_pop_free(certs, X509_free);
	if (pem == NULL)
		return conf_refuse(row, path,
		    "a store with certificates is expected", err);
	conf_set(w, "ssl.ca.pem", pem);
	return 0;
}

int
conf_truststore(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	struct store s;

	if (load(w, row, value, &s, err) != 0)
		return -1;
	switch (s.kind) {
	case STORE_JKS:
		return refuse_jks(row, value, err);
	case STORE_PEM:
		conf_set(w, "ssl.ca.pem", s.data);
		return 0;
	case STORE_PKCS12:
		return trust_pkcs12(w, row, value, &s, err);
	case STORE_OTHER:
		break;
	}
	return conf_refuse(row, value, "a PKCS12 or PEM file is expected", err);
}

/* "" is Java's way to say none. */
int
conf_endpoint_identification(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	if (value[0] != '\0' && strcasecmp(value, "https") != 0)
		return conf_refuse(row, value, "https or nothing is expected",
		    err);
	conf_set(w, row->to, value[0] == '\0' ? "none" : "https");
	return 0;
}

/* Java has IANA's names, OpenSSL its own. TLS 1.3's are always on. */
int
conf_ciphers(struct conf_work *w, const struct conf_row *row, const char *value,
    struct ps_error *err)
{
	size_t count, kept = 0;
	char **names = text_list(w->a, value, &count);
	const char **ours = ps_calloc(w->a, count + 1, sizeof *ours);

	for (size_t i = 0; i < count; i++) {
		const char *name = OPENSSL_cipher_name(names[i]);

		if (name == NULL || strcmp(name, "(NONE)") == 0)
			return conf_refuse(row, names[i],
			    "a cipher suite that OpenSSL has is expected", err);
		if (!text_starts(name, "TLS_"))
			ours[kept++] = name;
	}
	if (kept > 0)
		conf_set(w, row->to, text_join(w->a, ours, kept, ":"));
	return 0;
}
