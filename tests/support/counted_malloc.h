/*
 * counted_malloc: how often a test's own code asks for memory.
 *
 * Defines malloc, calloc and realloc of the program, so one file of it
 * includes this. While is_counting each call adds to `calls`. A sanitizer's
 * allocator is left alone, and nothing is counted.
 */
#ifndef PENSTOCK_TESTS_SUPPORT_COUNTED_MALLOC_H
#define PENSTOCK_TESTS_SUPPORT_COUNTED_MALLOC_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define COUNTS 0
#else
#define COUNTS 1
#endif

static _Atomic bool is_counting;
static _Atomic size_t calls;

#if COUNTS
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static void
note(void)
{
	if (atomic_load(&is_counting))
		atomic_fetch_add(&calls, 1);
}

void *
malloc(size_t size)
{
	note();
	return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	note();
	return __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	note();
	return __libc_realloc(p, size);
}
#endif

#if COUNTS
Test(no_malloc, is_something_this_test_would_see)
{
	void *volatile p;

	atomic_store(&is_counting, true);
	p = malloc(10);
	atomic_store(&is_counting, false);
	free(p);
	cr_assert(eq(sz, atomic_load(&calls), 1));
}
#endif

#endif
