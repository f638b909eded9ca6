#include "store/localfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

#define FILE_MAX ((off_t)1024 * 1024 * 1024)

static int
fail_io(struct ps_error *err, const char *path, const char *what)
{
	return ps_fail(err, PS_E_RETRY, "offset file %s: %s: %s", path, what,
	    strerror(errno));
}

static int
read_all(int fd, char *data, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = read(fd, data + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

int
localfile_load(struct ps_arena *a, const char *path, struct store_pairs *out,
    struct ps_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;
	int result;

	*out = (struct store_pairs){ NULL, 0 };
	if (fd < 0)
		return errno == ENOENT ? 0 : fail_io(err, path, "open");
	if (fstat(fd, &st) != 0 || st.st_size > FILE_MAX) {
		(void)close(fd);
		return ps_fail(err, PS_E_DATA,
		    "offset file %s: a file of at most 1 GiB is expected",
		    path);
	}
	data = ps_alloc(a, (size_t)st.st_size + 1);
	result = read_all(fd, data, (size_t)st.st_size);
	if (result != 0)
		(void)fail_io(err, path, "read");
	(void)close(fd);
	if (result != 0 || st.st_size == 0)
		return result;
	if (localfile_decode(a, data, (size_t)st.st_size, out, err) != 0)
		return ps_fail_in(err, "offset file %s", path);
	return 0;
}

static int
write_all(int fd, const char *data, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = write(fd, data + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

static int
write_file(const char *path, const char *data, size_t len, struct ps_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	int result = 0;

	if (fd < 0)
		return fail_io(err, path, "open");
	if (write_all(fd, data, len) != 0 || fsync(fd) != 0)
		result = fail_io(err, path, "write");
	if (close(fd) != 0 && result == 0)
		result = fail_io(err, path, "close");
	return result;
}

/* The new name lasts only when the directory is on disk. */
static int
sync_folder(struct ps_arena *a, const char *path, struct ps_error *err)
{
	const char *folder = dirname(ps_strdup(a, path));
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = 0;

	if (fd < 0 || fsync(fd) != 0)
		result = fail_io(err, folder, "sync");
	if (fd >= 0)
		(void)close(fd);
	return result;
}

int
localfile_save(const char *path, const struct store_pairs *pairs,
    struct ps_error *err)
{
	struct ps_arena *a = arena_new((size_t)64 * 1024);
	size_t len;
	char *data = localfile_encode(a, pairs, &len);
	const char *beside = ps_printf(a, "%s.tmp", path);
	int result = write_file(beside, data, len, err);

	if (result == 0 && rename(beside, path) != 0)
		result = fail_io(err, path, "rename");
	if (result == 0)
		result = sync_folder(a, path, err);
	arena_free(&a);
	return result;
}
