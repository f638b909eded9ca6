#include "base/arena.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>

/* Under AddressSanitizer each allocation is a chunk of its own. */
#ifdef __SANITIZE_ADDRESS__
#define POOLED 0
#else
#define POOLED 1
#endif

static struct ps_arena *a;

static void
setup(void)
{
	a = arena_new(1024);
}

static void
teardown(void)
{
	arena_free(&a);
	cr_assert_null(a);
}

TestSuite(arena, .init = setup, .fini = teardown);

Test(arena, gives_aligned_memory_that_does_not_overlap)
{
	char *last = NULL;

	for (size_t size = 0; size < 3000; size += 7) {
		char *p = ps_alloc(a, size);

		cr_assert_eq((uintptr_t)p % PS_ALIGN, 0);
		cr_assert_neq(p, last);
		memset(p, (int)size, size);
		last = size == 0 ? last : p;
	}
}

Test(arena, keeps_what_was_written_while_it_grows)
{
	uint64_t *numbers[1000];

	for (size_t i = 0; i < 1000; i++) {
		numbers[i] = ps_alloc(a, sizeof **numbers);
		*numbers[i] = i;
		(void)ps_alloc(a, i * 3);
	}
	for (size_t i = 0; i < 1000; i++)
		cr_assert(eq(u64, *numbers[i], i));
}

Test(arena, takes_small_pieces_from_one_chunk, .disabled = !POOLED)
{
	char *first = ps_alloc(a, 8), *second = ps_alloc(a, 1);
	char *third = ps_alloc(a, 8);

	cr_assert_eq(second, first + 8);
	cr_assert_eq(third, first + 16);
	cr_assert(eq(sz, arena_size(a), 1024));
}

Test(arena, leaves_the_room_of_a_chunk_when_a_large_piece_comes,
    .disabled = !POOLED)
{
	char *first = ps_alloc(a, 8);

	(void)ps_alloc(a, 5000);
	cr_assert_eq(ps_alloc(a, 8), first + 8);
	cr_assert(eq(sz, arena_size(a), 1024 + 5000));
}

static void
fill(void)
{
	for (size_t i = 0; i < 100; i++)
		(void)ps_alloc(a, 100);
	(void)ps_alloc(a, 9000);
}

Test(arena, asks_malloc_for_nothing_under_a_steady_load, .disabled = !POOLED)
{
	size_t held;

	fill();
	held = arena_size(a);
	for (int i = 0; i < 10; i++) {
		arena_reset(a, SIZE_MAX);
		cr_assert(eq(sz, arena_size(a), held));
		fill();
		cr_assert(eq(sz, arena_size(a), held));
	}
}

Test(arena, gives_back_what_is_beyond_the_bytes_to_keep)
{
	fill();
	cr_assert(gt(sz, arena_size(a), 10000));
	arena_reset(a, 4096);
	cr_assert(le(sz, arena_size(a), 4096));
	arena_reset(a, 0);
	cr_assert(le(sz, arena_size(a), 4096));
}

Test(arena, keeps_one_chunk_whatever_is_asked, .disabled = !POOLED)
{
	fill();
	arena_reset(a, 0);
	cr_assert(eq(sz, arena_size(a), 1024));
}

Test(arena, copies_text_with_a_nul_behind_it)
{
	cr_assert(eq(str, ps_strdup(a, "orders"), "orders"));
	cr_assert(eq(str, ps_strndup(a, "orders", 3), "ord"));
	cr_assert(eq(str, ps_strndup(a, "", 0), ""));
}

Test(arena, prints_what_is_longer_than_a_chunk)
{
	char *s = ps_printf(a, "%s-%0*d", "task", 4000, 7);

	cr_assert(eq(sz, strlen(s), 4005));
	cr_assert(eq(chr, s[4004], '7'));
}

Test(arena, zeroes_what_calloc_gives_although_memory_is_used_again)
{
	memset(ps_alloc(a, 512), 0xff, 512);
	arena_reset(a, 4096);
	for (const char *p = ps_calloc(a, 64, 8), *e = p + 512; p < e; p++)
		cr_assert(eq(chr, *p, 0));
}

/* A sanitizer ends the process by itself, with a report. */
Test(arena, ends_the_process_when_asked_for_the_impossible, .signal = SIGABRT,
    .disabled = !POOLED)
{
	(void)ps_alloc(a, SIZE_MAX - 3);
}

Test(arena, ends_the_process_when_a_product_overflows, .signal = SIGABRT,
    .disabled = !POOLED)
{
	(void)ps_calloc(a, SIZE_MAX / 4, 8);
}

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>

Test(arena, lets_the_sanitizer_see_one_byte_too_far)
{
	char *p = ps_alloc(a, 13);

	cr_assert(not(__asan_address_is_poisoned(p + 12)));
	cr_assert(__asan_address_is_poisoned(p + 13));
}

Test(arena, lets_the_sanitizer_see_use_after_the_end)
{
	char *p = ps_alloc(a, 13);

	arena_reset(a, SIZE_MAX);
	cr_assert(__asan_address_is_poisoned(p));
}
#endif
