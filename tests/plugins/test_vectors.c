#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/plugins/vectors.h"

Test(vectors, json_reads_and_writes_what_connect_does, .timeout = 60)
{
	cr_assert(ge(sz, vectors_run("json"), 700));
}

Test(vectors, simple_converters_read_and_write_what_connect_does, .timeout = 60)
{
	cr_assert(ge(sz, vectors_run("primitive"), 200));
}

Test(vectors, every_converter_reads_and_writes_headers_as_connects_do,
    .timeout = 60)
{
	cr_assert(ge(sz, vectors_run("headers"), 200));
}

Test(vectors, transforms_do_what_connects_do, .timeout = 60)
{
	cr_assert(ge(sz, vectors_run("transforms"), 300));
}
