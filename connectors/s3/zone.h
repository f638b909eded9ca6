/*
 * zone: local time of IANA zones, and Joda's date patterns.
 *
 * Zones are read from the system's zoneinfo, so no process-wide TZ is
 * touched. After a file's last transition its last rule holds.
 */
#ifndef PENSTOCK_CONNECTORS_S3_ZONE_H
#define PENSTOCK_CONNECTORS_S3_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include <penstock/error.h>

#include "text.h"

struct zone;

/* "" and "UTC" need no file. */
struct zone *zone_new(const char *name, struct ps_error *err);
void zone_free(struct zone **zp);
int64_t zone_offset_ms(const struct zone *z, int64_t utc_ms);

/* The local day and time of `ms` (UTC) as `pattern` says. -1 names a letter
 * that is not supported. */
int zone_format(const struct zone *z, const char *pattern, int64_t ms,
    struct str *out, struct ps_error *err);
/* Start of the span of `duration_ms` that holds `ms`, counted from local
 * midnight of 1970-01-01; *end is where the next one starts. */
int64_t
zone_floor(const struct zone *z, int64_t ms, int64_t duration_ms, int64_t *end);

/* ISO 8601, as Joda's dateTimeParser; -1 when it is none. */
int iso_parse(const char *text, size_t len, int64_t *ms);

#endif
