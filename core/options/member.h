/*
 * member: this worker's name on its machine.
 *
 * An abstract socket that every child inherits: while a process of the last
 * start of this id runs, the next one waits.
 */
#ifndef PENSTOCK_OPTIONS_MEMBER_H
#define PENSTOCK_OPTIONS_MEMBER_H

#include <stdint.h>

#include <penstock/error.h>

/* A descriptor that holds @penstock/<group>/<id>, above those of a child. -1
 * when the name is still taken after limit_ms (PS_E_RETRY). */
int member_take_name(const char *group, const char *id, int64_t limit_ms,
    struct ps_error *err);

#endif
