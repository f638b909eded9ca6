#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/text.h"
#include "store/localfile.h"

/* A JVM wrote PENSTOCK_SCRATCH/java, and reads what this makes of it. */
Test(localfile, files_go_both_ways)
{
	const char *folder = getenv("PENSTOCK_SCRATCH");
	struct ps_arena *a = arena_new(4096);
	struct store_pairs pairs;
	struct ps_error err = { PS_OK, "" };

	cr_assert(folder != NULL, "PENSTOCK_SCRATCH names no folder");
	cr_assert(eq(int,
		      localfile_load(a, ps_printf(a, "%s/java", folder), &pairs,
			  &err),
		      0),
	    "%s", err.text);
	cr_assert(
	    eq(int,
		localfile_save(ps_printf(a, "%s/ours", folder), &pairs, &err),
		0),
	    "%s", err.text);
	arena_free(&a);
}
