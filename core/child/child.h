/*
 * child: what every role does first and last.
 *
 * Limits, the control thread, the data channel and the configuration; at the
 * end what waits to be written, then the exit code.
 */
#ifndef PENSTOCK_CHILD_CHILD_H
#define PENSTOCK_CHILD_CHILD_H

#include "child/control.h"
#include "child/jail.h"
#include "child/uplink.h"

struct child {
	enum msg_role role;
	struct gauges gauges;
	struct control *control;
	struct uplink *uplink;
	struct msg config; /* the first message */
};

/* -1 after it told the worker, as far as it could. */
int child_begin(struct child *c, enum msg_role role);
/* Unless the worker's file says task.jail=false; a second jail only takes more
 * away. */
void child_close_jail(const struct child *c, enum jail_kind kind);
/* Tells the worker why (code PS_OK: nothing), and returns the exit code. */
int child_end(struct child *c, const struct ps_error *why);

#endif
