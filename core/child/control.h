/*
 * control: the thread that serves descriptor 3.
 *
 * Beats every second, keeps the lease (a kernel timer ends the process when
 * it runs out, also one that is stopped), and passes on what the worker
 * wants. End-of-file ends the process at once: no task outlives its worker.
 */
#ifndef PENSTOCK_CHILD_CONTROL_H
#define PENSTOCK_CHILD_CONTROL_H

#include <penstock/error.h>

#include "child/gauges.h"
#include "ipc/msg.h"

struct control;

/* Takes over descriptor `fd`; `g` outlives it. */
struct control *control_start(int fd, enum msg_role role, struct gauges *g,
    struct ps_error *err);
/* Ends and joins the thread; closes the descriptor. */
void control_stop(struct control **cp);

#endif
