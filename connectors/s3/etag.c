#include "etag.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* As in hash.c: the evp interface's header says `rand`. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>

#define MD5_BYTES ((size_t)MD5_DIGEST_LENGTH)
#define MD5_HEX   (2 * MD5_BYTES)

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The sum that an ETag begins with; false when it has none. */
static bool
sum_of(const char *etag, unsigned char sum[MD5_BYTES])
{
	etag += *etag == '"';
	if (strnlen(etag, MD5_HEX) < MD5_HEX)
		return false;
	for (size_t i = 0; i < MD5_BYTES; i++) {
		int high = nibble(etag[2 * i]), low = nibble(etag[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		sum[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

/* Has the ETag this sum, and only `tail` behind it? */
static bool
is_made_of(const char *etag, const unsigned char sum[MD5_BYTES],
    const char *tail)
{
	unsigned char its[MD5_BYTES];
	size_t len = strlen(tail);

	if (!sum_of(etag, its) || memcmp(its, sum, sizeof its) != 0)
		return false;
	etag += *etag == '"';
	etag += MD5_HEX;
	return strncmp(etag, tail, len) == 0 &&
	       (etag[len] == '\0' || strcmp(etag + len, "\"") == 0);
}

bool
etag_is_of(const char *etag, const struct chain *bytes)
{
	unsigned char sum[MD5_BYTES];
	MD5_CTX ctx;

	(void)MD5_Init(&ctx);
	for (const struct chunk *c = bytes->first; c != NULL; c = c->next)
		(void)MD5_Update(&ctx, c->data, c->len);
	(void)MD5_Final(sum, &ctx);
	return is_made_of(etag, sum, "");
}

bool
etag_is_of_parts(const char *etag, const struct object_part *parts,
    size_t count)
{
	unsigned char sum[MD5_BYTES];
	char tail[24];
	MD5_CTX ctx;

	(void)MD5_Init(&ctx);
	for (size_t i = 0; i < count; i++) {
		if (!sum_of(parts[i].etag, sum))
			return false;
		(void)MD5_Update(&ctx, sum, sizeof sum);
	}
	(void)MD5_Final(sum, &ctx);
	(void)snprintf(tail, sizeof tail, "-%zu", count);
	return is_made_of(etag, sum, tail);
}
