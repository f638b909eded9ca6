/*
 * dlq_form: what a dead letter looks like (connect-facts 6.3).
 *
 * The record as it was consumed, all of it copied into the letter's arena;
 * where it came from and why it failed in headers.
 */
#ifndef PENSTOCK_TASK_DLQ_FORM_H
#define PENSTOCK_TASK_DLQ_FORM_H

#include <penstock/record.h>

#include "convert/tolerance.h"
#include "kafka/producer.h"

struct dlq_form {
	const char *connector;
	int task;
	bool with_context; /* the headers of Connect's */
};

void dlq_form_fill(const struct dlq_form *form, struct ps_arena *a,
    const struct ps_record *r, const struct ps_failure *f,
    struct producer_record *out);
/* The same without what makes it large, always with the context: what was too
 * large for the record's own topic may be so for this one too, and then where
 * it came from and why is worth more than no letter. */
const struct producer_record *dlq_form_less(const struct dlq_form *form,
    struct ps_arena *a, const struct ps_record *r, const struct ps_failure *f,
    const struct producer_record *full);

#endif
