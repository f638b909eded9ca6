#include "base/xalloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
must(void *p, size_t size)
{
	if (p == NULL) {
		(void)fprintf(stderr, "out of memory: %zu bytes\n", size);
		abort();
	}
	return p;
}

void *
xmalloc(size_t size)
{
	return must(malloc(size == 0 ? 1 : size), size);
}

void *
xcalloc(size_t count, size_t size)
{
	if (count == 0 || size == 0)
		count = size = 1;
	return must(calloc(count, size), size);
}

void *
xrealloc(void *p, size_t size)
{
	return must(realloc(p, size == 0 ? 1 : size), size);
}

char *
xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *
xstrndup(const char *s, size_t len)
{
	char *p = xmalloc(len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}
