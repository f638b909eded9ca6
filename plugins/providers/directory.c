#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "paths.h"
#include "providers.h"

static bool
is_file_name(const char *key)
{
	return key[0] != '\0' && strchr(key, '/') == NULL &&
	       strcmp(key, ".") != 0 && strcmp(key, "..") != 0;
}

/* The regular file `key` of the directory, whole; anything else is no key. */
static int
get(void *state, struct ps_arena *a, const char *path, const char *key,
    const char **value, struct ps_error *err)
{
	const struct paths *p = (const struct paths *)state;
	const char *file = ps_printf(a, "%s/%s", path, key);
	struct stat st;
	size_t len;
	char *text;
	int fd, rc;

	if (path[0] == '\0' || !is_file_name(key))
		return 0;
	fd = paths_open(p, file, O_RDONLY);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EPERM
			   ? 0
			   : ps_fail(err, PS_E_CONFIG,
				 "Could not read file %s for property %s: %s",
				 file, key, strerror(errno));
	rc = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (rc == 1 && paths_read(fd, a, &text, &len) == 0)
		rc = ps_fail(err, PS_E_CONFIG,
		    "Could not read file %s for property %s, at most %d bytes "
		    "are read",
		    file, key, PATHS_MAX_FILE);
	if (rc == 1)
		*value = text;
	(void)close(fd);
	return rc;
}

const struct ps_provider_ops directory_ops = {
	.create = paths_create,
	.get = get,
	.destroy = paths_destroy,
	.ttl_ms = paths_ttl,
};
