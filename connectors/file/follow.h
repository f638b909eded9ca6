/*
 * follow: the file at a path, through growth, truncation and rotation.
 *
 * The file that is read may have another name by now; it is left only when
 * all of it was read. Positions are of the file that is open.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_FOLLOW_H
#define PENSTOCK_CONNECTORS_FILE_FOLLOW_H

#include <sys/stat.h>

#include <penstock/host.h>

#include "mark.h"
#include "watch.h"

struct follow {
	const struct ps_host *host;
	char *path;
	struct file_watch watch;
	int fd; /* -1: there is no file yet */
	struct stat opened;
	int64_t position;    /* of what was not read yet */
	struct mark mark;    /* of that position */
	int64_t looked_at;   /* size at which no whole line was left, or -1 */
	int64_t replaced_ms; /* since when the path is another file, or 0 */
	bool told_missing;
};

void follow_init(struct follow *f, const struct ps_host *h, const char *path);
void follow_fini(struct follow *f);
/* Opens what is to be read, unless it is: 1, 0 when it is not there yet. */
int follow_open(struct follow *f, struct ps_error *err);
/* What was read up to the position is not in the open file: `why`. */
void follow_lost(struct follow *f, const char *why);
/* All of the open file was read, as it is `now`: is it quiet, and another
 * one written to? */
bool follow_is_replaced(struct follow *f, const struct stat *now);
/* Leaves the open file, as it is `now`, for the one that came after it. */
void follow_leave(struct follow *f, const struct stat *now);
/* Until the file may have changed, or the host wants something. */
void follow_wait(struct follow *f);

#endif
