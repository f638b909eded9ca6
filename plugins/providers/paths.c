#include "paths.h"

#include <beneath/beneath.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

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
	if (beneath_normalise(whole, dir) < 0)
		return ps_fail(err, PS_E_CONFIG,
		    "allowed.paths: Path %s is longer than %d", dir, PATH_MAX);
	own = strdup(whole);
	assert(own != NULL);
	p->dirs[p->count++] = own;
	return 0;
}

static int
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

static void
paths_fini(struct paths *p)
{
	for (size_t i = 0; i < p->count; i++)
		free((void *)(uintptr_t)p->dirs[i]);
	free(p->dirs);
	free(p->text);
}

void *
paths_create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct paths *p = (struct paths *)calloc(1, sizeof *p);

	(void)self;
	assert(p != NULL);
	if (paths_init(p, h, c, err) == 0)
		return p;
	paths_destroy(p);
	return NULL;
}

void
paths_destroy(void *state)
{
	paths_fini((struct paths *)state);
	free(state);
}

int64_t
paths_ttl(void *state)
{
	return ((const struct paths *)state)->ttl_ms;
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
	if (path[0] == '/' && beneath_normalise(whole, path) == 0) {
		for (size_t i = 0; i < p->count; i++) {
			const char *rest = beneath_rest(p->dirs[i], whole);

			if (rest == NULL)
				continue;
			fd = beneath_open(p->dirs[i], rest, flags);
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
