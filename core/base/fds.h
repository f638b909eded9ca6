/*
 * fds: descriptors, and what is told where there are no more of them, or no
 * more processes and threads.
 *
 * A limit that is too low is the machine's, and may be raised while the
 * process runs: who can come again does, and the text says what to raise.
 */
#ifndef PENSTOCK_BASE_FDS_H
#define PENSTOCK_BASE_FDS_H

#include <penstock/error.h>

#define FDS_TEXT 256

/* What errno `why` means: after EMFILE with the limit that was reached, after
 * the EAGAIN of fork() or pthread_create() with those that may have been. */
const char *fds_why(int why, char text[FDS_TEXT]);
/* "what: why", PS_E_RETRY. */
int fds_fail(struct ps_error *err, int why, const char *what);
/* The epoll descriptor is readable when `fd` is. -1: errno says why not. */
int fds_watch(int all_fd, int fd);
/* What eventfd() and its like gave, where there is no point in going on
 * without: never -1. */
int xfd(int fd);

#endif
