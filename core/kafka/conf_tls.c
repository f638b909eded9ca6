#include <openssl/ssl.h>
#include <string.h>
#include <strings.h>

#include "base/keystore.h"
#include "base/text.h"
#include "kafka/conf_work.h"

int
conf_keystore(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	const char *password = ps_config_get(w->java, "ssl.keystore.password");
	struct keystore s;

	if (keystore_load(w->a, row->key, value, &s, err) != 0)
		return -1;
	switch (s.kind) {
	case KEYSTORE_PEM:
		conf_set(w, "ssl.certificate.pem", s.data);
		conf_set(w, "ssl.key.pem", s.data);
		break;
	case KEYSTORE_PKCS12:
		conf_set(w, "ssl.keystore.location", value);
		if (password != NULL)
			conf_set(w, "ssl.keystore.password", password);
		break;
	}
	return 0;
}

/* librdkafka reads no PKCS12 truststore: its certificates are given to it as
 * PEM, in memory. */
int
conf_truststore(struct conf_work *w, const struct conf_row *row,
    const char *value, struct ps_error *err)
{
	struct keystore s;
	struct keystore_pem pem;

	if (keystore_load(w->a, row->key, value, &s, err) != 0)
		return -1;
	if (keystore_open(w->a, &s,
		ps_config_get(w->java, "ssl.truststore.password"), &pem,
		err) != 0)
		return ps_fail_in(err,
		    "%s=%.200s cannot be opened with "
		    "ssl.truststore.password",
		    row->key, value);
	if (pem.certificates == NULL)
		return conf_refuse(row, value,
		    "a store with certificates is expected", err);
	conf_set(w, "ssl.ca.pem", pem.certificates);
	return 0;
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
