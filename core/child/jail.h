/*
 * jail: what a plugin's process may ask of the kernel.
 *
 * A seccomp filter, closed before a plugin is loaded: no other program, no
 * process of its own, no signal to others, no tracing, mounting, modules, raw
 * sockets, servers or namespaces. What is asked all the same fails with EPERM,
 * and a line on stderr names it. Switched off by the worker's task.jail=false.
 */
#ifndef PENSTOCK_CHILD_JAIL_H
#define PENSTOCK_CHILD_JAIL_H

#include <stdbool.h>

enum jail_kind {
	JAIL_ALONE,
	JAIL_FORKING, /* who looks at all plugins loads them in processes of
			 its own, which are alone, and ends those */
};

/* For all threads of the process and for good; false: the kernel has no such
 * filter. Does nothing in a sanitized build, whose runtime traces. */
bool jail_close(enum jail_kind kind);
/* After that, where Landlock fences files but knows no truncating: nobody
 * empties a file that he has not opened for writing. */
bool jail_keep_from_truncating(void);

#endif
