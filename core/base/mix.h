/*
 * mix: bits that are spread evenly, of numbers that are not.
 */
#ifndef PENSTOCK_BASE_MIX_H
#define PENSTOCK_BASE_MIX_H

#include <stdint.h>

/* Of splitmix64 (Steele, Lea, Flood 2014): the step, and what is made of its
 * sums. */
#define MIX_STEP UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t
mix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

#endif
