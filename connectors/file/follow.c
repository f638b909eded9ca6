#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rotated.h"

#define WAIT_MS 1000
/* How long a replaced file must be quiet before it counts as finished: its
 * writer may still have it open. */
#define REPLACED_QUIET_MS 1000

static int64_t
ms_of(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * 1000 + ts->tv_nsec / 1000000;
}

static int64_t
now_ms(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return ms_of(&ts);
}

void
follow_init(struct follow *f, const struct ps_host *h, const char *path)
{
	*f = (struct follow){ .host = h, .fd = -1, .looked_at = -1 };
	f->path = strdup(path);
	if (f->path == NULL)
		abort();
	file_watch_init(&f->watch, f->path);
}

static void
close_file(struct follow *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
}

void
follow_fini(struct follow *f)
{
	file_watch_fini(&f->watch);
	close_file(f);
	free(f->path);
}

/* From here on this one is read. */
static void
use(struct follow *f, int fd)
{
	close_file(f);
	f->fd = fd;
	f->opened = (struct stat){ 0 };
	(void)fstat(fd, &f->opened);
	f->looked_at = -1;
	f->replaced_ms = 0;
	file_watch_renew(&f->watch, f->path);
}

/* The file that was read is not at the path any more: is it beside it? */
static bool
use_rotated(struct follow *f)
{
	int fd =
	    f->mark.is_set ? rotated_find(f->path, &f->mark, f->position) : -1;

	if (fd < 0)
		return false;
	f->host->log(f->host, PS_INFO,
	    "%s was rotated: reading the rest of the old file from %lld",
	    f->path, (long long)f->position);
	use(f, fd);
	return true;
}

static int
open_path(const struct follow *f, int *out, struct ps_error *err)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return ps_fail(err, PS_E_RETRY, "cannot open %s: %s", f->path,
		    strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return ps_fail(err, PS_E_CONFIG,
		    "%s is not a regular file: only those can be read from a "
		    "stored position",
		    f->path);
	}
	*out = fd;
	return 1;
}

static bool
is_marked(const struct follow *f, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == f->mark.inode;
}

int
follow_open(struct follow *f, struct ps_error *err)
{
	int fd = -1, r = f->fd >= 0 ? 1 : open_path(f, &fd, err);

	if (r < 0 || f->fd >= 0)
		return r;
	if ((r == 0 || !is_marked(f, fd)) && use_rotated(f)) {
		if (fd >= 0)
			(void)close(fd);
		return 1;
	}
	if (r == 1)
		use(f, fd);
	else if (!f->told_missing)
		f->host->log(f->host, PS_WARN,
		    "Couldn't find file %s, waiting for it to be created",
		    f->path);
	f->told_missing = r == 0;
	return r;
}

void
follow_lost(struct follow *f, const char *why)
{
	if (use_rotated(f))
		return;
	f->host->log(f->host, PS_WARN,
	    "%s %s: reading it from the beginning instead of position %lld; "
	    "lines that came after that are lost",
	    f->path, why, (long long)f->position);
	f->host->count(f->host, "file_restarts", 1);
	f->position = 0;
	f->mark.is_set = false;
	f->looked_at = -1;
}

/* Somebody writes to another file by now. While that is empty the writer may
 * not have changed over yet, and there is nothing to be late for. */
static bool
has_successor(const struct follow *f, const struct stat *done)
{
	char lost[ROTATED_NAME];
	struct stat now;
	int fd;

	if (stat(f->path, &now) != 0 ||
	    (now.st_ino == f->opened.st_ino && now.st_dev == f->opened.st_dev))
		return false;
	if (now.st_size > 0)
		return true;
	fd = rotated_next(f->path, done, lost);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

bool
follow_is_replaced(struct follow *f, const struct stat *now)
{
	int64_t ms = now_ms(CLOCK_MONOTONIC);
	int64_t age = now_ms(CLOCK_REALTIME) - ms_of(&now->st_mtim);

	if (!has_successor(f, now)) {
		f->replaced_ms = 0;
		return false;
	}
	if (f->replaced_ms == 0)
		f->replaced_ms = ms;
	return ms - f->replaced_ms >= REPLACED_QUIET_MS ||
	       age >= REPLACED_QUIET_MS;
}

void
follow_leave(struct follow *f, const struct stat *now)
{
	char lost[ROTATED_NAME];
	int fd = rotated_next(f->path, now, lost);

	f->host->log(f->host, PS_INFO,
	    "%s was replaced: read to its end at %lld, going on with the new "
	    "file",
	    f->path, (long long)f->position);
	if (lost[0] != '\0') {
		f->host->log(f->host, PS_WARN,
		    "%s: %s was rotated and compressed before it was read, its "
		    "lines are lost",
		    f->path, lost);
		f->host->count(f->host, "file_restarts", 1);
	}
	f->position = 0;
	f->mark.is_set = false;
	if (fd >= 0)
		use(f, fd);
	else
		close_file(f);
}

void
follow_wait(struct follow *f)
{
	int64_t ms = WAIT_MS;

	if (f->replaced_ms != 0)
		ms = f->replaced_ms + REPLACED_QUIET_MS -
		     now_ms(CLOCK_MONOTONIC);
	if (ms > 0)
		file_watch_wait(&f->watch, f->host->wake_fd, (int)ms);
}
