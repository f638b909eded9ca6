/*
 * conf: the connector's configuration, read once.
 */
#ifndef PENSTOCK_CONNECTORS_S3_CONF_H
#define PENSTOCK_CONNECTORS_S3_CONF_H

#include <penstock/config.h>
#include <penstock/error.h>

#include "zone.h"

#define PART_MIN   ((size_t)5 << 20) /* S3's, but for the last part */
#define FIELDS_MAX 16

enum format { FORMAT_JSON, FORMAT_BYTES };
enum codec { CODEC_NONE, CODEC_GZIP, CODEC_ZSTD };
enum partitioner { BY_PARTITION, BY_FIELD, BY_TIME };
enum extractor { AT_WALLCLOCK, AT_RECORD, AT_FIELD };
enum null_values { NULL_FAIL, NULL_IGNORE };

struct s3_conf {
	char *bucket, *region, *url; /* url: scheme://host[:port] */
	bool path_style, conditional, allow_link_local;
	char *access_key, *secret_key, *session_token;
	char *acl, *sse, *kms_key;
	char *proxy, *ca_file;

	enum format format;
	enum codec codec;
	int level;
	char *separator, *extension;
	char *topics_dir, *delim, *file_delim;
	int pad;
	enum null_values nulls;

	enum partitioner partitioner;
	char *fields[FIELDS_MAX];
	size_t field_count;
	char *path_format;
	int64_t duration_ms;
	struct zone *zone;
	enum extractor extractor;
	char *timestamp_field;

	int64_t flush_size, rotate_ms, schedule_ms;
	bool rotate_on_change;
	size_t part_size;
	int64_t backoff_ms;
};

/* Checks what the key table cannot; the first thing wrong is the error. */
int conf_read(struct s3_conf *conf, const struct ps_config *c,
    struct ps_error *err);
void conf_fini(struct s3_conf *conf);
/* As conf_read, but all that is wrong, per key. */
void conf_validate(const struct ps_config *c, struct ps_report *rep);
/* New secrets only. */
void conf_credentials(struct s3_conf *conf, const struct ps_config *c);

#endif
