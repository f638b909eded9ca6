/*
 * refusals: records the broker has refused, known again when they come again.
 *
 * A refused record takes its transaction with it. All of that is read once
 * more, and goes without the record.
 */
#ifndef PENSTOCK_TASK_REFUSALS_H
#define PENSTOCK_TASK_REFUSALS_H

#include <penstock/record.h>

struct refusals {
	uint64_t (*digests)[2];
	size_t count;
};

void refusals_fini(struct refusals *f);
/* PS_E_DATA when there are too many. */
int refusals_add(struct refusals *f, const struct ps_record *r,
    struct ps_error *err);
bool refusals_has(const struct refusals *f, const struct ps_record *r);

#endif
