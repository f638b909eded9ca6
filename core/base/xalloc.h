/*
 * xalloc: malloc that does not fail.
 *
 * Without memory the process ends (a task is one process, so that costs one
 * task). Nobody tests for NULL.
 */
#ifndef PENSTOCK_BASE_XALLOC_H
#define PENSTOCK_BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);

#endif
