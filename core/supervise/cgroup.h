/*
 * cgroup: a control group for each task, in a folder of the operator's.
 *
 * task.cgroup names a folder of cgroup v2, or of v1's cpu controller, that is
 * the worker's to make groups in. Each task's process is put into one: its
 * task.cpu.weight is the group's, and while it yields (yield.h) the group is
 * an idle one (cpu.idle, Linux 5.15) on one processor (pin.h). Formats: the
 * kernel's Documentation/admin-guide/cgroup-v2.rst, and cpu.shares of v1.
 */
#ifndef PENSTOCK_SUPERVISE_CGROUP_H
#define PENSTOCK_SUPERVISE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <penstock/error.h>

struct cgroups;
struct cgroup;

/* Removes what workers that were killed have left there, and tries all that it
 * is for. "": *out is NULL. -1: it is no such folder, or not ours to use
 * (PS_E_CONFIG). */
int
cgroups_open(struct cgroups **out, const char *folder, struct ps_error *err);
/* All groups must have been left. */
void cgroups_close(struct cgroups **gp);

/* A new group with this process in it. NULL when `in` is, and when there can be
 * none (said in the log): then it runs where the worker does. */
struct cgroup *cgroup_enter(struct cgroups *in, pid_t pid, int64_t weight);
/* What it has to show changes with each of its records: is it to yield? To be
 * asked often; NULL: no matter. */
void cgroup_look(struct cgroup *g, int64_t shown);
/* Then it may be as good as stopped: nobody must wait for it to say more. */
bool cgroup_yields(const struct cgroup *g);
/* It is to end soon: it does not yield any more. NULL: no matter. */
void cgroup_urge(struct cgroup *g);
/* Its process is reaped. */
void cgroup_leave(struct cgroup **gp);

#endif
