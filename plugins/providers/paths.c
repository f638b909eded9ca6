#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Without ".", "..", "//" and a slash at the end, as Path.normalize(). */
static int
normalise(char to[PATH_MAX], const char *path)
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

static int
add_dir(struct paths *p, const char *dir, struct ps_error *err)
{
	char whole[PATH_MAX];
	char *own;

	if (dir[0] != '/')
		return ps_fail(err, PS_E_CONFIG,
		    "allowed.paths: Path %s is not absolute", dir);
	if (access(dir, F_OK) != 0)
		return ps_fail(err, PS_E_CONFIG,
		    "allowed.paths: Path %s does not exist", dir);
	if (normalise(whole, dir) < 0)
		return ps_fail(err, PS_E_CONFIG,
		    "allowed.paths: Path %s is longer than %d", dir, PATH_MAX);
	own = strdup(whole);
	assert(own != NULL);
	p->dirs[p->count++] = own;
	return 0;
}

int
paths_init(struct paths *p, const struct ps_host *h, const struct ps_config *c,
    struct ps_error *err)
{
	char *rest, *dir;
	size_t entries = 1;

	*p = (struct paths){ .host = h, .ttl_ms = -1 };
	if (ps_config_has(c, "ttl.ms"))
		p->ttl_ms = ps_config_int(c, "ttl.ms");
	if (!ps_config_has(c, "allowed.paths"))
		return 0;
	rest = p->text = strdup(ps_config_str(c, "allowed.paths"));
	assert(rest != NULL);
	for (const char *s = rest; *s != '\0'; s++)
		entries += *s == ',';
	p->dirs = (const char **)calloc(entries, sizeof *p->dirs);
	assert(p->dirs != NULL);
	while ((dir = strsep(&rest, ",")) != NULL)
		if (add_dir(p, dir, err) < 0)
			return -1;
	return 0;
}

void
paths_fini(struct paths *p)
{
	for (size_t i = 0; i < p->count; i++)
		free((void *)(uintptr_t)p->dirs[i]);
	free(p->dirs);
	free(p->text);
}

int64_t
paths_ttl(void *state)
{
	return ((const struct paths *)state)->ttl_ms;
}

/* What of `path` is below `dir`: "" for itself, NULL when it is elsewhere. */
static const char *
below(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	if (strncmp(dir, path, len) != 0 ||
	    (path[len] != '/' && path[len] != '\0'))
		return NULL;
	path += len;
	return path + (*path == '/');
}

static int
open_below(const char *dir, const char *rest, int flags)
{
	struct open_how how = {
		.flags = (__u64)(unsigned)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int top =
	    open(dir[0] == '\0' ? "/" : dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd, why;

	if (top < 0 && errno == ENOTDIR && rest[0] == '\0')
		return open(dir, flags); /* an allowed path may be a file */
	if (top < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, top, rest[0] == '\0' ? "." : rest, &how,
	    sizeof how);
	why = errno;
	(void)close(top);
	errno = why == EXDEV ? EPERM : why;
	return fd;
}

int
paths_open(const struct paths *p, const char *path, int flags)
{
	char whole[PATH_MAX];
	int fd = -1;

	flags |= O_CLOEXEC | O_NONBLOCK;
	if (p->count == 0)
		return open(path, flags);
	errno = EPERM;
	if (path[0] == '/' && normalise(whole, path) == 0) {
		for (size_t i = 0; i < p->count; i++) {
			const char *rest = below(p->dirs[i], whole);

			if (rest == NULL)
				continue;
			fd = open_below(p->dirs[i], rest, flags);
			break;
		}
	}
	if (fd < 0 && errno == EPERM)
		p->host->log(p->host, PS_WARN,
		    "The path %s is not within the allowed paths", path);
	return fd;
}

int
paths_read(int fd, struct ps_arena *a, char **text, size_t *len)
{
	struct stat st;
	size_t used = 0;
	ssize_t n;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > PATHS_MAX_FILE)
		return 0;
	*text = (char *)ps_alloc(a, (size_t)st.st_size + 1);
	while (used < (size_t)st.st_size) {
		n = read(fd, *text + used, (size_t)st.st_size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return 0;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	(*text)[used] = '\0';
	*len = used;
	return 1;
}
