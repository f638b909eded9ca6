#include "wire.h"

#define VARINT_MAX 10

int
wire_varint(struct wire *w, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 7 * VARINT_MAX; shift += 7) {
		uint8_t b;

		if (w->p == w->end)
			return 0;
		b = *w->p++;
		*out |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return 1;
	}
	return 0;
}

static int
fixed(struct wire *w, size_t size, uint64_t *out)
{
	*out = 0;
	if ((size_t)(w->end - w->p) < size)
		return -1;
	memcpy(out, w->p, size); /* little-endian, as we are */
	w->p += size;
	return 1;
}

int
wire_next(struct wire *w, struct wire_field *f)
{
	uint64_t tag, len;

	*f = (struct wire_field){ 0 };
	if (w->p == w->end)
		return 0;
	if (!wire_varint(w, &tag) || tag >> 3 == 0 || tag >> 32 != 0)
		return -1;
	f->number = (int32_t)(tag >> 3);
	f->type = (enum wire_type)(tag & 7);
	if (f->type == WIRE_VARINT)
		return wire_varint(w, &f->number_value) ? 1 : -1;
	if (f->type == WIRE_64)
		return fixed(w, 8, &f->number_value);
	if (f->type == WIRE_32)
		return fixed(w, 4, &f->number_value);
	if (f->type != WIRE_BYTES || !wire_varint(w, &len) ||
	    len > (uint64_t)(w->end - w->p))
		return -1;
	f->bytes = (struct ps_slice){ w->p, (size_t)len };
	w->p += len;
	return 1;
}
