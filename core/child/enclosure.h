/*
 * enclosure: which files a process may use: Landlock.
 *
 * What is not allowed before it is closed fails with EACCES from then on, for
 * this thread and those that it starts, for good. A kernel without Landlock
 * has none; an older one knows fewer rights: below version 3 (Linux 6.2)
 * truncating is not refused, below 2 (5.19) moving a file to another folder
 * always is.
 */
#ifndef PENSTOCK_CHILD_ENCLOSURE_H
#define PENSTOCK_CHILD_ENCLOSURE_H

#include <stdbool.h>
#include <stdint.h>

enum enclosure_right {
	ENCLOSURE_READ = 1 << 0,
	ENCLOSURE_WRITE = 1 << 1, /* make, rename and remove too */
};

struct enclosure {
	int fd;
	uint64_t handled; /* rights that this kernel knows */
};

/* false: the kernel has none, or none now: errno. */
bool enclosure_open(struct enclosure *e);
/* A file, or a folder with all that is in it; what is not there is left
 * out. */
void
enclosure_allow(const struct enclosure *e, const char *path, unsigned rights);
/* The same of a descriptor, which stays the caller's. */
void enclosure_allow_open(const struct enclosure *e, int fd, unsigned rights);
/* Whether a file that may not be written is kept from being emptied, too. */
bool enclosure_keeps_from_truncating(const struct enclosure *e);
/* false: it could not be closed: errno. */
bool enclosure_close(struct enclosure *e);

#endif
