#include "http/watched.h"

#include <errno.h>
#include <string.h>

#define LOOK_MS 1000

bool
watched_changed(struct watched *f, struct clock_ms now)
{
	struct stat st;

	if (f->looked.ms != 0 && clock_since(f->looked, now) < LOOK_MS)
		return false;
	f->looked = now;
	if (stat(f->path, &st) != 0)
		return false;
	if (st.st_mtim.tv_sec == f->changed.tv_sec &&
	    st.st_mtim.tv_nsec == f->changed.tv_nsec && st.st_size == f->size &&
	    st.st_ino == f->inode)
		return false;
	f->changed = st.st_mtim;
	f->size = st.st_size;
	f->inode = st.st_ino;
	return true;
}

int
watched_read(struct ps_arena *a, const char *path, const char **text,
    size_t *len, struct ps_error *err)
{
	FILE *f = fopen(path, "re");
	char *data;
	bool failed;

	if (f == NULL)
		return ps_fail(err, PS_E_CONFIG, "%s: %s", path,
		    strerror(errno));
	data = ps_alloc(a, WATCHED_MAX + 1);
	*len = fread(data, 1, WATCHED_MAX + 1, f);
	failed = ferror(f) != 0;
	(void)fclose(f);
	if (failed || *len > WATCHED_MAX)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: a readable file of at most 1 MiB is expected", path);
	data[*len] = '\0';
	*text = data;
	return 0;
}
