/*
 * etag: is the object under our key the one we were about to write?
 *
 * An ETag proves it where the store makes it of MD5 sums, as S3 does for
 * objects that are not encrypted by a key of KMS. One that is anything else
 * proves nothing, and the answer is no.
 */
#ifndef PENSTOCK_CONNECTORS_S3_ETAG_H
#define PENSTOCK_CONNECTORS_S3_ETAG_H

#include <stdbool.h>

#include "chunk.h"

/* One part of an upload, with the ETag that the store gave it. */
struct object_part {
	char etag[192];
};

/* `etag` as it came, quotes and all. */
bool etag_is_of(const char *etag, const struct chain *bytes);
bool etag_is_of_parts(const char *etag, const struct object_part *parts,
    size_t count);

#endif
