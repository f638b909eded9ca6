/*
 * hash: SHA-256 and its HMAC, as signatures need them.
 */
#ifndef PENSTOCK_CONNECTORS_S3_HASH_H
#define PENSTOCK_CONNECTORS_S3_HASH_H

#include <stddef.h>

#include "chunk.h"

#define HASH_BYTES   32
#define HASH_HEX     65
#define HASH_KEY_MAX 512 /* of what signs */

void hash_hex(char hex[HASH_HEX], const unsigned char bytes[HASH_BYTES]);
void hash_bytes(const void *data, size_t len, unsigned char out[HASH_BYTES]);
void hash_chain(const struct chain *ch, unsigned char out[HASH_BYTES]);

void hash_mac(const unsigned char *key, size_t key_len, const char *text,
    unsigned char out[HASH_BYTES]);

#endif
