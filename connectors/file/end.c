#include "end.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LOCK_TRIES 200        /* a millisecond each */
#define TAIL_MAX   (64 << 20) /* how far back a torn line is looked for */
/* "AT LENGTH" of the last write: a line that ends within it is ours. */
#define NOTE_ATTR "user.penstock.write"
#define NOTE_MAX  64

/* ---- the lock ---------------------------------------------------------- */

/* Of the open file, not of the process: two tasks of one are told apart. */
static int
set_lock(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lock);
}

bool
end_lock(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (set_lock(fd, F_WRLCK) == 0)
			return true;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return true;
		(void)poll(NULL, 0, 1);
	}
	return false;
}

void
end_unlock(int fd)
{
	(void)set_lock(fd, F_UNLCK);
}

/* ---- whose is the last line -------------------------------------------- */

void
end_note(int fd, off_t at, size_t len)
{
	char text[NOTE_MAX];
	int n = snprintf(text, sizeof text, "%jd %zu", (intmax_t)at, len);

	(void)fsetxattr(fd, NOTE_ATTR, text, (size_t)n, 0);
}

/* Was the line that begins at `whole` torn by the last write of a task? */
static bool
is_ours(int fd, off_t whole, off_t size)
{
	char text[NOTE_MAX], *end;
	ssize_t n = fgetxattr(fd, NOTE_ATTR, text, sizeof text - 1);
	intmax_t at, len;

	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strtoimax(text, &end, 10);
	len = strtoimax(end, NULL, 10);
	return at <= whole && size - at < len;
}

/* Length of the file up to the end of its last whole line; -1: that is
 * further back than a line is looked for. What cannot be read, as a file that
 * may only be written, counts as whole: it is to get no empty lines. */
static off_t
whole_length(int fd, off_t size)
{
	char buf[4096];
	off_t at = size;
	ssize_t n;

	while (at > 0 && size - at < TAIL_MAX) {
		off_t from =
		    at > (off_t)sizeof buf ? at - (off_t)sizeof buf : 0;

		n = pread(fd, buf, (size_t)(at - from), from);
		if (n != at - from)
			return size;
		for (; n > 0; n--)
			if (buf[n - 1] == '\n')
				return from + n;
		at = from;
	}
	return at == 0 ? 0 : -1;
}

/* ---- mending ----------------------------------------------------------- */

/* A lease is given while nobody else has the file open, and who opens it
 * then waits until it is given back: nobody writes between the look at the
 * size and the cut, not even a program that knows nothing of the lock. The
 * signal that asks for it back is one that is ignored. */
static bool
cut(int fd, off_t size, off_t whole)
{
	struct stat st;
	bool done;

	if (fcntl(fd, F_SETSIG, SIGURG) != 0 ||
	    fcntl(fd, F_SETLEASE, F_WRLCK) != 0)
		return false;
	done = fstat(fd, &st) == 0 && st.st_size == size &&
	       ftruncate(fd, whole) == 0;
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	return done;
}

off_t
end_mend(int fd, off_t size)
{
	off_t whole = whole_length(fd, size);

	if (whole == size)
		return 0;
	if (whole >= 0 && is_ours(fd, whole, size) && cut(fd, size, whole))
		return size - whole;
	return write(fd, "\n", 1) == 1 ? 0 : -1;
}
