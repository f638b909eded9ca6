#include "watch.h"

#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define BLIND_MS 200 /* between looks when there is no inotify */

/* The folder of `path`, cut in place. */
static const char *
folder(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		return ".";
	if (slash == path)
		return "/";
	*slash = '\0';
	return path;
}

void
file_watch_init(struct file_watch *w, const char *path)
{
	char copy[4096];
	size_t len = strlen(path);

	w->file = w->dir = -1;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd < 0 || len >= sizeof copy)
		return;
	memcpy(copy, path, len + 1);
	w->dir =
	    inotify_add_watch(w->fd, folder(copy), IN_CREATE | IN_MOVED_TO);
}

void
file_watch_renew(struct file_watch *w, const char *path)
{
	if (w->fd < 0)
		return;
	if (w->file >= 0)
		(void)inotify_rm_watch(w->fd, w->file);
	w->file = inotify_add_watch(w->fd, path,
	    IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF);
}

void
file_watch_fini(struct file_watch *w)
{
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = -1;
}

void
file_watch_wait(struct file_watch *w, int wake_fd, int ms)
{
	struct pollfd fds[] = {
		{ .fd = wake_fd, .events = POLLIN },
		{ .fd = w->fd, .events = POLLIN },
	};
	char events[4096];

	if ((w->file < 0 || w->dir < 0) && ms > BLIND_MS)
		ms = BLIND_MS;
	if (poll(fds, 2, ms) <= 0 || w->fd < 0)
		return;
	while (read(w->fd, events, sizeof events) > 0)
		continue;
}
