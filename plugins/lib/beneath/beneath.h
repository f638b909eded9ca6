/*
 * beneath: files below a folder, opened from there down.
 *
 * A path leaves the folder by no "..", link or mount of another name. For the
 * worker's children, too.
 */
#ifndef PENSTOCK_PLUGINS_LIB_BENEATH_H
#define PENSTOCK_PLUGINS_LIB_BENEATH_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Without ".", "..", "//" and a slash at the end, as Path.normalize(); "" is
 * "/". -1: it is too long. */
static inline int
beneath_normalise(char to[PATH_MAX], const char *path)
{
	size_t len = 0, n;

	for (; *path != '\0'; path += n) {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && path[0] == '.'))
			continue;
		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (len > 0 && to[--len] != '/')
				;
			continue;
		}
		if (len + n + 2 > PATH_MAX)
			return -1;
		to[len++] = '/';
		memcpy(to + len, path, n);
		len += n;
	}
	to[len] = '\0';
	return 0;
}

/* What of `path` is below `dir`, both normalised: "" for itself, NULL when it
 * is elsewhere. */
static inline const char *
beneath_rest(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	if (strncmp(dir, path, len) != 0 ||
	    (path[len] != '/' && path[len] != '\0'))
		return NULL;
	path += len;
	return path + (*path == '/');
}

/* -1: errno, EPERM where it would lead out. */
static inline int
beneath_open(const char *dir, const char *rest, int flags)
{
	struct open_how how = {
		.flags = (__u64)(unsigned)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int top =
	    open(dir[0] == '\0' ? "/" : dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd, why;

	if (top < 0 && errno == ENOTDIR && rest[0] == '\0')
		return open(dir, flags); /* what is allowed may be a file */
	if (top < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, top, rest[0] == '\0' ? "." : rest, &how,
	    sizeof how);
	why = errno;
	(void)close(top);
	errno = why == EXDEV ? EPERM : why;
	return fd;
}

#endif
