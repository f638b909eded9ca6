#include "rotated.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The folder of a path, and what names in it begin with. */
struct place {
	DIR *dir;
	const char *base;
	size_t base_len;
};

/* False when the folder cannot be read. */
static bool
open_place(struct place *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096] = ".";
	size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;

	if (len >= sizeof folder)
		return false;
	if (len > 0) {
		memcpy(folder, path, len);
		folder[len] = '\0';
	}
	p->base = path + len;
	p->base_len = strlen(p->base);
	p->dir = opendir(folder);
	return p->dir != NULL;
}

/* The next name that begins with the base and goes on. */
static const char *
next_name(struct place *p)
{
	const struct dirent *e;

	while ((e = readdir(p->dir)) != NULL)
		if (strncmp(e->d_name, p->base, p->base_len) == 0 &&
		    e->d_name[p->base_len] != '\0')
			return e->d_name;
	return NULL;
}

static int
open_name(const struct place *p, const char *name)
{
	return openat(dirfd(p->dir), name,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
}

static bool
is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec
				      : a->tv_nsec > b->tv_nsec;
}

/* Has it the bytes that the mark was made of? */
static bool
has_mark(int fd, const struct mark *m, int64_t position)
{
	size_t len = mark_length(position);
	char data[MARK_BYTES];
	ssize_t got = pread(fd, data, len, position - (int64_t)len);

	return got == (ssize_t)len &&
	       mark_of(m->inode, data, len).hash == m->hash;
}

int
rotated_find(const char *path, const struct mark *m, int64_t position)
{
	struct timespec best_time = { 0 };
	struct place p;
	const char *name;
	int best = -1;

	if (!open_place(&p, path))
		return -1;
	while ((name = next_name(&p)) != NULL) {
		int fd = open_name(&p, name);
		struct stat st;
		bool same;

		if (fd < 0)
			continue;
		if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
		    st.st_size < position || !has_mark(fd, m, position)) {
			(void)close(fd);
			continue;
		}
		same = st.st_ino == m->inode;
		/* Nothing before the position: a copy cannot be known. */
		if (!same &&
		    (position == 0 || !is_later(&st.st_mtim, &best_time))) {
			(void)close(fd);
			continue;
		}
		if (best >= 0)
			(void)close(best);
		best = fd;
		best_time = st.st_mtim;
		if (same)
			break;
	}
	(void)closedir(p.dir);
	return best;
}

/* What rotation puts behind a name: numbers and dates. A compressed file has
 * an ending more. */
static bool
is_rotation(const char *suffix, bool *compressed)
{
	static const char *const packed[] = { ".gz", ".bz2", ".xz", ".zst",
		".Z", ".zip", ".lz4" };
	size_t n = strspn(suffix, "0123456789.-_:T");

	*compressed = false;
	if (suffix[n] != '\0' && n > 0 && suffix[n - 1] == '.')
		n--;
	for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
		*compressed = *compressed || strcmp(suffix + n, packed[i]) == 0;
	return strchr(".-_", suffix[0]) != NULL &&
	       strcspn(suffix, "0123456789") < n &&
	       (suffix[n] == '\0' || *compressed);
}

int
rotated_next(const char *path, const struct stat *done, char lost[ROTATED_NAME])
{
	struct timespec best_time = { 0 };
	const char *name;
	struct stat st;
	struct place p;
	bool packed;
	int best = -1, fd;

	lost[0] = '\0';
	if (!open_place(&p, path))
		return -1;
	while ((name = next_name(&p)) != NULL) {
		if (!is_rotation(name + p.base_len, &packed) ||
		    fstatat(dirfd(p.dir), name, &st, AT_SYMLINK_NOFOLLOW) !=
			0 ||
		    !S_ISREG(st.st_mode) || st.st_ino == done->st_ino ||
		    !is_later(&st.st_mtim, &done->st_mtim))
			continue;
		if (packed) {
			(void)snprintf(lost, ROTATED_NAME, "%s", name);
			continue;
		}
		if (best >= 0 && is_later(&st.st_mtim, &best_time))
			continue;
		fd = open_name(&p, name);
		if (fd < 0)
			continue;
		if (best >= 0)
			(void)close(best);
		best = fd;
		best_time = st.st_mtim;
	}
	(void)closedir(p.dir);
	return best;
}
