#include "convert/decode.h"

#include "convert/stages.h"

/* d has converters, pipeline, input and reads_headers. */
int
decoder_init(struct decoder *d, const struct settings *s,
    const struct ps_host *h, struct ps_error *err)
{
	const struct instance *value = &d->converters->value;
	bool is_json = value->converter.raw_is_json != NULL &&
		       value->converter.raw_is_json(value->state);

	switch (d->input) {
	case PS_INPUT_VALUES:
		d->passes_through = false;
		return 0;
	case PS_INPUT_BYTES:
		d->passes_through = pipeline_is_empty(d->pipeline);
		return 0;
	case PS_INPUT_JSON:
		d->passes_through = is_json && pipeline_is_empty(d->pipeline);
		return d->passes_through ? 0
					 : converters_json(&d->json, s, h, err);
	}
	return ps_fail(err, PS_E_FATAL,
	    "the sink asks for the unknown input %d", (int)d->input);
}

void
decoder_fini(struct decoder *d)
{
	instance_fini(&d->json);
}

bool
decoder_changes_records(const struct decoder *d)
{
	return !pipeline_is_empty(d->pipeline) ||
	       (d->input != PS_INPUT_VALUES && !d->passes_through);
}

void
decode_batch(struct decoder *d, struct tolerance *t, struct ps_batch *b)
{
	const struct converters *c = d->converters;

	stage_convert(t, &c->key, b, STAGE_DECODE, PS_PART_KEY);
	stage_convert(t, &c->value, b,
	    d->passes_through ? STAGE_CHECK : STAGE_DECODE, PS_PART_VALUE);
	if (d->reads_headers)
		stage_headers(t, &c->header, b, STAGE_DECODE);
	pipeline_apply(d->pipeline, t, b);
	if (d->input == PS_INPUT_VALUES || d->passes_through)
		return;
	stage_convert(t, d->input == PS_INPUT_JSON ? &d->json : &c->value, b,
	    STAGE_ENCODE, PS_PART_VALUE);
}
