/*
 * wire: integers as Postgres sends them, big-endian.
 */
#ifndef PENSTOCK_POSTGRES_WIRE_H
#define PENSTOCK_POSTGRES_WIRE_H

#include <stdint.h>
#include <string.h>

static inline int16_t
wire_i16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return (int16_t)__builtin_bswap16(v);
}

static inline int32_t
wire_i32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return (int32_t)__builtin_bswap32(v);
}

static inline int64_t
wire_i64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return (int64_t)__builtin_bswap64(v);
}

#endif
