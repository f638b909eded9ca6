/*
 * arena: memory that ends all at once.
 *
 * Records, values and text built by plugins live in their batch's arena and
 * are never freed one by one. Allocation cannot fail: without memory the
 * process ends. The host makes and ends arenas; plugins only take from them.
 */
#ifndef PENSTOCK_ARENA_H
#define PENSTOCK_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <penstock/error.h>

struct ps_arena {
	char *cur, *end; /* both aligned to 8 */
	/* Makes room and returns `size` bytes aligned to 8. Set by the host. */
	void *(*grow)(struct ps_arena *a, size_t size);
};

#define PS_ALIGN 8u

/* `size` bytes, aligned to 8, contents undefined. */
static inline void *
ps_alloc(struct ps_arena *a, size_t size)
{
	char *p = a->cur;

	if (size > (size_t)(a->end - p))
		return a->grow(a, size);
	a->cur = p + ((size + PS_ALIGN - 1) & ~(size_t)(PS_ALIGN - 1));
	return p;
}

static inline void *
ps_calloc(struct ps_arena *a, size_t count, size_t size)
{
	void *p;

	if (size != 0 && count > SIZE_MAX / 2 / size)
		count = SIZE_MAX / 2 / size; /* grow ends the process */
	p = ps_alloc(a, count * size);
	return memset(p, 0, count * size);
}

/* A copy of `len` bytes with a NUL behind it. */
static inline char *
ps_strndup(struct ps_arena *a, const char *s, size_t len)
{
	char *p = (char *)ps_alloc(a, len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

static inline char *
ps_strdup(struct ps_arena *a, const char *s)
{
	return ps_strndup(a, s, strlen(s));
}

PS_PRINTF(2, 3)
static inline char *
ps_printf(struct ps_arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	p = (char *)ps_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

#endif
