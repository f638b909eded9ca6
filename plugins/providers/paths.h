/*
 * paths: files below the directories of `allowed.paths`, and no others.
 *
 * Without the setting every path is allowed. With it a path is opened from
 * the allowed directory down and can leave it by no "..", link or mount of
 * another name.
 */
#ifndef PENSTOCK_PROVIDERS_PATHS_H
#define PENSTOCK_PROVIDERS_PATHS_H

#include <penstock/abi.h>
#include <penstock/host.h>

#define PATHS_MAX_FILE 1048576

struct paths {
	const struct ps_host *host;
	char *text;        /* owns what `dirs` points to */
	const char **dirs; /* absolute, normalised, no slash at the end */
	size_t count;      /* 0: everything is allowed */
	int64_t ttl_ms;    /* -1: not given */
};

/* ---- operations of a provider whose state is a struct paths ---- */

/* NULL when an entry is not absolute or does not exist. */
void *paths_create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err);
void paths_destroy(void *state);
int64_t paths_ttl(void *state);

/* A descriptor; -1: errno says why, EPERM that the path is not allowed
 * (which is logged). */
int paths_open(const struct paths *p, const char *path, int flags);

/* A whole regular file with a NUL behind it. 1: read, 0: it is none. */
int paths_read(int fd, struct ps_arena *a, char **text, size_t *len);

#endif
