/*
 * counted: a stretch of a benchmark, as callgrind counts its instructions.
 *
 * Under callgrind each stretch is a profile of its own, with its name;
 * elsewhere both do nothing (support/callgrind.py reads them).
 */
#ifndef PENSTOCK_BENCH_COUNTED_H
#define PENSTOCK_BENCH_COUNTED_H

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS          ((void)0)
#define CALLGRIND_DUMP_STATS_AT(name) ((void)(name))
#endif

#endif
