/*
 * stages: one converter over some records, as tolerance_run wants it.
 */
#ifndef PENSTOCK_CONVERT_STAGES_H
#define PENSTOCK_CONVERT_STAGES_H

#include <penstock/record.h>

#include "convert/tolerance.h"
#include "plugin/instance.h"

/* The records that are still kept, as pointers in the batch's arena. */
struct stage_records {
	struct ps_record **items;
	size_t count;
};

struct stage_records stage_kept(struct ps_batch *b);

enum stage_way { STAGE_ENCODE, STAGE_DECODE, STAGE_CHECK };

/* Runs key or value converter over all records that are kept. */
void stage_convert(struct tolerance *t, const struct instance *converter,
    struct ps_batch *b, enum stage_way way, enum ps_part part);
/* Runs the header converter over all headers of them. */
void stage_headers(struct tolerance *t, const struct instance *converter,
    struct ps_batch *b, enum stage_way way);

#endif
