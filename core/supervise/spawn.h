/*
 * spawn: fork and exec of our own binary in a role.
 *
 * The child has standard descriptors, the two channels on 3 and 4, and the
 * worker's name on 5; nothing else is open. It dies with its worker.
 */
#ifndef PENSTOCK_SUPERVISE_SPAWN_H
#define PENSTOCK_SUPERVISE_SPAWN_H

#include <sys/types.h>

#include <penstock/error.h>

#define SPAWN_NAME_FD 5

struct spawn_spec {
	const char *program;     /* NULL: our own binary */
	const char *const *argv; /* argv[0] is the role's program name */
	int keep_fd;             /* -1: none */
};

/* Our ends of a new child's descriptors, all non-blocking. */
struct spawned {
	pid_t pid;
	int pidfd, control, data, output;
};

int
spawn(const struct spawn_spec *s, struct spawned *out, struct ps_error *err);

#endif
