/*
 * frame: where a record says by which schema it was written.
 *
 * Before the payload, 0 and a registry's number or 1 and a GUID; or the same
 * in a header, and then the payload stands alone.
 */
#ifndef PENSTOCK_REGISTRY_FRAME_H
#define PENSTOCK_REGISTRY_FRAME_H

#include <penstock/record.h>

#define HEAD_LEN   5 /* 0, id */
#define GUID_HEAD  17
#define MAGIC_ID   0
#define MAGIC_GUID 1

struct frame {
	const struct ps_slice *raw;
	bool is_key;
	bool has_indexes; /* Protobuf's, between head and payload */
};

/* `head` is HEAD_LEN or GUID_HEAD bytes, or more; the payload is what is left,
 * in `a` if need be. */
int frame_split(const struct frame *f, struct ps_arena *a,
    const struct ps_record *r, struct ps_slice *head, struct ps_slice *payload,
    struct ps_error *err);

#endif
