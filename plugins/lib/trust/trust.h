/*
 * trust: whose certificates a libcurl handle believes.
 *
 * What is given replaces all that libcurl was built to trust. Setting a file
 * alone does not: a directory that was compiled in, as Debian's is, stays
 * beside it with all public authorities. Without such a directory libcurl
 * keeps what it has read of the file for a day; a file that is exchanged is
 * to be used by the next connection. For the worker's own calls, too.
 */
#ifndef PENSTOCK_PLUGINS_LIB_TRUST_H
#define PENSTOCK_PLUGINS_LIB_TRUST_H

#include <curl/curl.h>
#include <string.h>

static inline void
trust_nothing_else(CURL *e)
{
	(void)curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
#if LIBCURL_VERSION_NUM >= 0x075700
	(void)curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
}

/* A PEM file. */
static inline void
trust_file(CURL *e, const char *path)
{
	(void)curl_easy_setopt(e, CURLOPT_CAINFO, path);
	trust_nothing_else(e);
}

/* PEM, which is copied. It counts before a file. */
static inline void
trust_text(CURL *e, const char *pem)
{
	struct curl_blob blob = { .len = strlen(pem), .flags = CURL_BLOB_COPY };

	memcpy(&blob.data, &pem, sizeof blob.data);
	(void)curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, &blob);
	trust_nothing_else(e);
}

#endif
