/*
 * pem: files of certificates and keys, as settings name them.
 *
 * A file that is no PEM is a wrong configuration, said with the line that
 * makes one; the TLS library would only say so when it connects.
 */
#ifndef PENSTOCK_PEM_H
#define PENSTOCK_PEM_H

#include <stdio.h>

#include <penstock/config.h>
#include <penstock/error.h>

static inline bool
ps_pem_has(FILE *in, const char *what)
{
	char line[512];
	bool found = false;

	rewind(in);
	while (!found && fgets(line, sizeof line, in) != NULL)
		found = strncmp(line, "-----BEGIN ", 11) == 0 &&
			strstr(line, what) != NULL;
	return found;
}

/* Unset, or a file with certificates, and with a private key if `has_key`. */
static inline int
ps_pem_check(const struct ps_config *c, const char *key, bool has_key,
    struct ps_error *err)
{
	const char *path = ps_config_str(c, key);
	const char *lacks;
	FILE *in;

	if (path[0] == '\0')
		return 0;
	in = fopen(path, "re");
	if (in == NULL)
		return ps_fail(err, PS_E_CONFIG, "%s=%s cannot be opened", key,
		    path);
	lacks = !ps_pem_has(in, "CERTIFICATE-----")              ? "certificate"
		: has_key && !ps_pem_has(in, "PRIVATE KEY-----") ? "private key"
								 : NULL;
	(void)fclose(in);
	if (lacks == NULL)
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "%s=%s has no %s in PEM form (of a JKS store: keytool "
	    "-importkeystore -deststoretype PKCS12, then openssl pkcs12 "
	    "-nodes)",
	    key, path, lacks);
}

#endif
