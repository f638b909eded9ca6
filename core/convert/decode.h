/*
 * decode: what a sink consumed into what its put() looks at.
 *
 * A sink that takes bytes or JSON gets the consumed bytes themselves where
 * that changes nothing: they are checked, so that the same records fail as
 * if they were decoded, and nothing is built.
 */
#ifndef PENSTOCK_CONVERT_DECODE_H
#define PENSTOCK_CONVERT_DECODE_H

#include <penstock/sink.h>

#include "convert/converters.h"
#include "convert/pipeline.h"
#include "convert/tolerance.h"

struct decoder {
	const struct converters *converters;
	struct pipeline *pipeline;
	enum ps_input input;
	struct instance json; /* PS_INPUT_JSON: makes what is not JSON */
	bool passes_through;  /* checked bytes go on as they are */
	bool reads_headers;
};

int decoder_init(struct decoder *d, const struct settings *s,
    const struct ps_host *h, struct ps_error *err);
void decoder_fini(struct decoder *d);
/* Are keys, values or headers other bytes behind it than before? */
bool decoder_changes_records(const struct decoder *d);
/* Converters, transforms and what the input asks for; failures are marked. */
void decode_batch(struct decoder *d, struct tolerance *t, struct ps_batch *b);

#endif
