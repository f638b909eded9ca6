/*
 * beneath: files below a folder, opened from there down.
 *
 * A path leaves the folder by no "..", link or mount of another name. For the
 * worker's children, too. Where the kernel has no openat2, or the jail keeps it
 * from its own (child/jail.h), the way is gone name by name.
 */
#ifndef PENSTOCK_PLUGINS_LIB_BENEATH_H
#define PENSTOCK_PLUGINS_LIB_BENEATH_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

/* ---- name by name ------------------------------------------------------ */

/* As many as the kernel follows. */
#define BENEATH_LINKS 40

/* What is yet to be gone begins at `from`, with a slash. No name before it is
 * a link's. */
struct beneath_way {
	char path[PATH_MAX]; /* normalised, below the folder */
	size_t from;
	int links;
};

static inline int
beneath_fail(int why)
{
	errno = why;
	return -1;
}

/* `fd` instead of `old`. */
static inline int
beneath_swap(int old, int fd)
{
	int why = errno;

	(void)close(old);
	errno = why;
	return fd;
}

/* Does it lead above where it begins? */
static inline int
beneath_climbs(const char *path)
{
	size_t depth = 0, n;

	for (; *path != '\0'; path += n) {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && path[0] == '.'))
			continue;
		if (n != 2 || path[0] != '.' || path[1] != '.')
			depth++;
		else if (depth-- == 0)
			return 1;
	}
	return 0;
}

/* The name of `len` bytes is that of a link: begins again with what it says in
 * its place. */
static inline int
beneath_follow(struct beneath_way *w, size_t len, int link)
{
	char target[PATH_MAX], all[3 * PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof target);

	if (n < 0)
		return -1;
	if (n == (ssize_t)sizeof target)
		return beneath_fail(ENAMETOOLONG);
	target[n] = '\0';
	(void)snprintf(all, sizeof all, "%.*s/%s%s", (int)w->from, w->path,
	    target, w->path + w->from + 1 + len);
	if (target[0] == '/' || beneath_climbs(all))
		return beneath_fail(EPERM);
	if (++w->links > BENEATH_LINKS)
		return beneath_fail(ELOOP);
	w->from = 0;
	return beneath_normalise(w->path, all) == 0
		   ? 0
		   : beneath_fail(ENAMETOOLONG);
}

/* The next name in the folder `at`: opened with `flags` when it is the last, or
 * as a link is, that was followed: then `top` again. */
static inline int
beneath_next(struct beneath_way *w, int top, int at, int flags)
{
	const char *next = w->path + w->from + 1;
	size_t len = strcspn(next, "/");
	char name[NAME_MAX + 1];
	struct stat st;
	int fd;

	if (len >= sizeof name)
		return beneath_fail(ENAMETOOLONG);
	memcpy(name, next, len);
	name[len] = '\0';
	fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return fd < 0 ? -1 : beneath_swap(fd, -1);
	if (S_ISLNK(st.st_mode))
		return beneath_swap(fd, beneath_follow(w, len, fd) == 0
					    ? fcntl(top, F_DUPFD_CLOEXEC, 0)
					    : -1);
	w->from += 1 + len;
	if (next[len] == '\0')
		fd = beneath_swap(fd, openat(at, name, flags | O_NOFOLLOW));
	return fd;
}

/* As openat2 does, of what is there. */
static inline int
beneath_go(int top, const char *rest, int flags)
{
	struct beneath_way w = { .from = 0, .links = 0 };
	int at = fcntl(top, F_DUPFD_CLOEXEC, 0);

	if (at >= 0 && beneath_normalise(w.path, rest) != 0)
		return beneath_swap(at, beneath_fail(ENAMETOOLONG));
	while (at >= 0 && w.path[w.from] != '\0')
		at = beneath_swap(at, beneath_next(&w, top, at, flags));
	return at < 0 || w.from > 0 ? at
				    : beneath_swap(at, openat(top, ".", flags));
}

/* ---- opening ----------------------------------------------------------- */

/* Of what is there. -1: errno, EPERM where it would lead out. */
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
	if (fd < 0 && errno == ENOSYS)
		fd = beneath_go(top, rest, flags);
	why = errno;
	(void)close(top);
	errno = why == EXDEV ? EPERM : why;
	return fd;
}

#endif
