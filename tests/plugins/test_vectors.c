#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/plugins/vectors.h"

Test(vectors, json_reads_and_writes_what_connect_does, .timeout = 60)
{
	cr_assert(ge(sz, vectors_run("json"), 700));
}
