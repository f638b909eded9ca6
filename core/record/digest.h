/*
 * digest: 128 bits that stand for bytes.
 *
 * MurmurHash3 (x64, 128 bits): equal digests are taken as equal bytes among
 * a process's schemas. It is no defence against chosen collisions.
 */
#ifndef PENSTOCK_RECORD_DIGEST_H
#define PENSTOCK_RECORD_DIGEST_H

#include <stddef.h>
#include <stdint.h>

void digest_bytes(const void *data, size_t len, uint64_t out[2]);

#endif
