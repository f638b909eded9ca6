/*
 * watch: waits until a file may have changed, been created or replaced.
 *
 * Uses inotify where it can; it is only a hint (network file systems send
 * nothing), so every wait has a limit and the caller looks for itself.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_WATCH_H
#define PENSTOCK_CONNECTORS_FILE_WATCH_H

struct file_watch {
	int fd;   /* inotify, -1: none */
	int file; /* watch descriptors, -1: none */
	int dir;
};

/* `path` need not exist. */
void file_watch_init(struct file_watch *w, const char *path);
/* The file at `path` is another one now. */
void file_watch_renew(struct file_watch *w, const char *path);
void file_watch_fini(struct file_watch *w);
/* Returns after a change, when wake_fd is readable, or after `ms`. */
void file_watch_wait(struct file_watch *w, int wake_fd, int ms);

#endif
