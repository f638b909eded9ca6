#include "hash.h"

/* The evp interface's header says `rand`, which this tree bans; these
 * functions use the same code of the library. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#define BLOCK 64

void
hash_hex(char hex[HASH_HEX], const unsigned char bytes[HASH_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < HASH_BYTES; i++) {
		*hex++ = digits[bytes[i] >> 4];
		*hex++ = digits[bytes[i] & 15];
	}
	*hex = '\0';
}

void
hash_bytes(const void *data, size_t len, unsigned char out[HASH_BYTES])
{
	(void)SHA256(data, len, out);
}

void
hash_chain(const struct chain *ch, unsigned char out[HASH_BYTES])
{
	SHA256_CTX ctx;

	(void)SHA256_Init(&ctx);
	for (const struct chunk *c = ch->first; c != NULL; c = c->next)
		(void)SHA256_Update(&ctx, c->data, c->len);
	(void)SHA256_Final(out, &ctx);
}

void
hash_mac(const unsigned char *key, size_t key_len, const char *text,
    unsigned char out[HASH_BYTES])
{
	unsigned char block[BLOCK] = { 0 }, inner[BLOCK], digest[HASH_BYTES];
	SHA256_CTX ctx;

	if (key_len > BLOCK)
		hash_bytes(key, key_len, block);
	else
		memcpy(block, key, key_len);
	for (size_t i = 0; i < BLOCK; i++) {
		inner[i] = block[i] ^ 0x36;
		block[i] ^= 0x5c;
	}
	(void)SHA256_Init(&ctx);
	(void)SHA256_Update(&ctx, inner, BLOCK);
	(void)SHA256_Update(&ctx, text, strlen(text));
	(void)SHA256_Final(digest, &ctx);
	(void)SHA256_Init(&ctx);
	(void)SHA256_Update(&ctx, block, BLOCK);
	(void)SHA256_Update(&ctx, digest, sizeof digest);
	(void)SHA256_Final(out, &ctx);
}
