/*
 * watched: a file that is read again when it has changed.
 *
 * Looked at when somebody asks, at most once a second. What is wrong with a
 * new version is the reader's to tell; the old one stays in use until then.
 */
#ifndef PENSTOCK_HTTP_WATCHED_H
#define PENSTOCK_HTTP_WATCHED_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <penstock/arena.h>

#include "base/clock.h"

#define WATCHED_MAX ((size_t)1024 * 1024)

struct watched {
	const char *path;
	struct clock_ms looked;
	struct timespec changed;
	off_t size;
	ino_t inode;
};

/* Is it another than at the last call that said so? A file that is not there
 * is not another. */
bool watched_changed(struct watched *f, struct clock_ms now);
/* The whole text in the arena, at most WATCHED_MAX. */
int watched_read(struct ps_arena *a, const char *path, const char **text,
    size_t *len, struct ps_error *err);

#endif
