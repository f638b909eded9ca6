/*
 * own_answers: what a worker asks of the offset topic that a connector's tasks
 * read and write themselves.
 *
 * The connector's process reads it and writes into it: the topic may be on
 * another cluster, or for the connector's own client settings alone; and tasks
 * that are exactly once know of a change as a whole, or not at all. Who asks
 * says how long that may take (limit_ms), and waits a little longer.
 */
#ifndef PENSTOCK_TASK_OWN_ANSWERS_H
#define PENSTOCK_TASK_OWN_ANSWERS_H

#include <jansson.h>

#include "task/sending.h"

struct own_answers {
	json_t *pairs;             /* of the last reading, NULL: none yet */
	struct producer *producer; /* NULL: nothing was written yet */
	struct sending sending;
};

void own_answers_fini(struct own_answers *o);
/* {from, limit_ms}: {items: [[key, value or null], ...], last}, the last record
 * of each of the connector's keys; 0 reads the topic, the number of items that
 * came goes on in what was read then. */
json_t *own_answers_read(struct own_answers *o, struct task *t,
    const json_t *args, struct ps_error *err);
/* {items, last, limit_ms}: {written} once all are durable; exactly once, with
 * the last of the parts. */
json_t *own_answers_write(struct own_answers *o, struct task *t,
    const json_t *args, struct ps_error *err);

#endif
