/*
 * machine: what this worker runs on, for others to tell it from another.
 */
#ifndef PENSTOCK_OPTIONS_MACHINE_H
#define PENSTOCK_OPTIONS_MACHINE_H

#include <penstock/arena.h>

/* The same for all processes that share a boot and a network namespace, that
 * is for whom an abstract socket's name is one name. */
const char *machine_name(struct ps_arena *a);
/* Of the last minute; 1: all processors are busy. */
double machine_load(void);

/* As many open files as the machine allows this process, within reason: by
 * default that is fewer than REST may have connections. */
void machine_open_files(void);

#endif
