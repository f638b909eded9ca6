/*
 * start: librdkafka starts libraries before anyone knows whether they will be
 * used; here they start when they are. It takes random numbers from OpenSSL;
 * here they come from where OpenSSL gets its own. And it writes the id of each
 * topic that a consumer reads in base64: for that alone every sink's task
 * would have OpenSSL, half a megabyte that no other process shares.
 */
#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <sasl/sasl.h>
#include <stddef.h>
#include <sys/random.h>

#include "base/text.h"

/* In the libraries, as core/lazy/rows says. */
extern __typeof__(sasl_client_init) real_sasl_client_init;
extern __typeof__(sasl_client_new) real_sasl_client_new;

/* curl_easy_init() does it when it was not done. */
CURLcode
curl_global_init(long flags)
{
	(void)flags;
	return CURLE_OK;
}

int
sasl_client_init(const sasl_callback_t *callbacks)
{
	(void)callbacks; /* librdkafka has none */
	return SASL_OK;
}

/* When it fails, sasl_client_new() says so. */
static void
start_sasl(void)
{
	(void)real_sasl_client_init(NULL);
}

/* The shape is libsasl2's. NOLINTBEGIN(readability-function-size) */
int
sasl_client_new(const char *service, const char *server, const char *local,
    const char *remote, const sasl_callback_t *callbacks, unsigned flags,
    sasl_conn_t **out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, start_sasl);
	return real_sasl_client_new(service, server, local, remote, callbacks,
	    flags, out);
}

/* NOLINTEND(readability-function-size) */

int
RAND_priv_bytes(unsigned char *buf, int num)
{
	size_t done = 0, wanted = num < 0 ? 0 : (size_t)num;

	while (done < wanted) {
		ssize_t n = getrandom(buf + done, wanted - done, 0);

		if (n <= 0)
			return 0;
		done += (size_t)n;
	}
	return 1;
}

/* As OpenSSL's: with a NUL that does not count. */
int
EVP_EncodeBlock(unsigned char *to, const unsigned char *from, int len)
{
	size_t n = len < 0 ? 0 : text_base64_to((char *)to, from, (size_t)len);

	to[n] = '\0';
	return (int)n;
}
