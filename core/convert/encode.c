#include "convert/encode.h"

#include "convert/stages.h"

void
encode_batch(const struct converters *c, struct tolerance *t,
    struct ps_batch *b)
{
	stage_headers(t, &c->header, b, STAGE_ENCODE);
	stage_convert(t, &c->key, b, STAGE_ENCODE, PS_PART_KEY);
	stage_convert(t, &c->value, b, STAGE_ENCODE, PS_PART_VALUE);
}
