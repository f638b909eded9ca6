/*
 * pin: all threads of a process on one processor for a while.
 *
 * Of several pinned processes of a worker each has a processor of its own as
 * long as there are enough. A thread that has a mask other than its process's
 * first one was placed by the plugin, and stays where it is; one that the
 * plugin has placed on just that processor is taken for a pinned one.
 */
#ifndef PENSTOCK_SUPERVISE_PIN_H
#define PENSTOCK_SUPERVISE_PIN_H

#include <sched.h>
#include <stddef.h>
#include <sys/types.h>

/* How many processes are pinned to each processor; all zero: none. */
struct pins {
	unsigned counts[CPU_SETSIZE];
};

/* Where a pinned process may run otherwise. All zero: it is not pinned. */
struct pin {
	cpu_set_t all;
	size_t cpu; /* if there is one in `all` */
};

/* The last one of `all` that has the fewest; of none: CPU_SETSIZE. */
size_t pins_choose(const struct pins *p, const cpu_set_t *all);

/* Where there is but one processor, or the kernel does not want to, nothing
 * happens. It is pinned already: it goes where there are two fewer. */
void pin_set(struct pins *p, struct pin *one, pid_t pid);
/* Not pinned: no matter. -1: its threads cannot be listed now, and it stays. */
int pin_clear(struct pins *p, struct pin *one, pid_t pid);
/* The same of a process that is no more. */
void pin_forget(struct pins *p, struct pin *one);

#endif
