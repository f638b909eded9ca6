/*
 * path: under which folders a record's object stands.
 *
 * Made of the record alone (but for the Wallclock extractor), so a record
 * that comes again goes to the same place. Values are encoded: no topic and
 * no field can leave its own segment.
 */
#ifndef PENSTOCK_CONNECTORS_S3_PATH_H
#define PENSTOCK_CONNECTORS_S3_PATH_H

#include <penstock/record.h>

#include "conf.h"

#define KEY_MAX 1024 /* S3's */

/* The time the extractor sees; -1 and PS_E_DATA when there is none. */
int path_time(const struct s3_conf *conf, const struct ps_record *r,
    int64_t now_ms, int64_t *ms, struct ps_error *err);
/* The encoded partition of a record whose time is `ms`. */
int path_dir(const struct s3_conf *conf, const struct ps_record *r, int64_t ms,
    struct str *out, struct ps_error *err);
/* <topics.dir>/<topic>/<dir>/<topic>+<partition>+<offset>.<ext>; the file is
 * named by the topic the record came from, so that no two topics that a
 * transform renamed to one can meet in one name. */
int path_key(const struct s3_conf *conf, const struct ps_record *r,
    const char *dir, struct str *out, struct ps_error *err);
/* <topics.dir>/<topic>/, "" levels left out. */
void path_topic(const struct s3_conf *conf, const char *topic, struct str *out);
/* <topic>+<partition>+ */
void path_file(const struct s3_conf *conf, const char *topic, int32_t partition,
    struct str *out);
/* Where the connector's logs stand:
 * <topics.dir>/_penstock/<connector>/<topic>+<partition>.cuts, or .uploads.
 * No connector, as earlier versions had it: one for all. */
/* As far as the partition: what all logs of the topic begin with. */
void path_log(const struct s3_conf *conf, const char *connector,
    const char *topic, struct str *out);
#define PATH_CUTS_END    ".cuts"
#define PATH_UPLOADS_END ".uploads"

#endif
