#include "record/digest.h"

#include <string.h>

#define C1 UINT64_C(0x87c37b91114253d5)
#define C2 UINT64_C(0x4cf5ad432745937f)

static uint64_t
rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t
finish(uint64_t x)
{
	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

static uint64_t
mix_low(uint64_t k)
{
	return rotate(k * C1, 31) * C2;
}

static uint64_t
mix_high(uint64_t k)
{
	return rotate(k * C2, 33) * C1;
}

void
digest_bytes(const void *data, size_t len, uint64_t out[2])
{
	const uint8_t *p = data;
	uint64_t h1 = 0, h2 = 0, k[2];
	size_t left = len;

	for (; left >= sizeof k; p += sizeof k, left -= sizeof k) {
		memcpy(k, p, sizeof k);
		h1 = rotate(h1 ^ mix_low(k[0]), 27) + h2;
		h1 = h1 * 5 + 0x52dce729;
		h2 = rotate(h2 ^ mix_high(k[1]), 31) + h1;
		h2 = h2 * 5 + 0x38495ab5;
	}
	memset(k, 0, sizeof k);
	memcpy(k, p, left);
	h1 ^= mix_low(k[0]) ^ len;
	h2 ^= mix_high(k[1]) ^ len;
	h1 += h2;
	h2 += h1;
	h1 = finish(h1);
	h2 = finish(h2);
	h1 += h2;
	out[0] = h1;
	out[1] = h2 + h1;
}
