/*
 * pipeline: a connector's chain of transforms with their predicates.
 *
 * Each step sees the records that are still kept and whose predicate (or its
 * negation) holds, as one array of pointers. Nothing is allocated but from
 * the batch's arena.
 */
#ifndef PENSTOCK_CONVERT_PIPELINE_H
#define PENSTOCK_CONVERT_PIPELINE_H

#include <penstock/record.h>

#include "child/settings.h"
#include "convert/tolerance.h"

struct pipeline;

/* From `transforms` and `predicates`; both outlive it. */
struct pipeline *pipeline_new(const struct settings *s, const struct ps_host *h,
    struct ps_error *err);
void pipeline_free(struct pipeline **pp);
bool pipeline_is_empty(const struct pipeline *p);
void
pipeline_apply(struct pipeline *p, struct tolerance *t, struct ps_batch *b);

/* Step by step, for those who look on. */
size_t pipeline_steps(const struct pipeline *p);
const char *pipeline_step_name(const struct pipeline *p, size_t step);
const struct ps_class *
pipeline_step_class(const struct pipeline *p, size_t step);
/* Would the step see the record? */
bool pipeline_step_wants(const struct pipeline *p, size_t step,
    const struct ps_record *r);
void pipeline_step(struct pipeline *p, size_t step, struct tolerance *t,
    struct ps_batch *b);

#endif
