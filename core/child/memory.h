/*
 * memory: what an idle task gives back.
 *
 * Free pages of the heap, and the pages of code and constants that were run or
 * read so far: a start runs through a megabyte of libraries of which an idle
 * task needs little. They stay in the kernel's page cache, and whatever is
 * called again comes back from there.
 */
#ifndef PENSTOCK_CHILD_MEMORY_H
#define PENSTOCK_CHILD_MEMORY_H

#include <link.h>

void memory_give_back(void);
/* Of one loaded object: for dl_iterate_phdr(). Only what equals its file goes;
 * an object whose code was relocated stays. */
int memory_unmap(struct dl_phdr_info *info, size_t size, void *none);

#endif
