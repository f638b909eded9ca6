#include "conf.h"

#include <stdlib.h>
#include <string.h>

#include <penstock/pem.h>

#define DAY_MS  INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

/* The last part of a Java class name. */
static const char *
simple_name(const char *class_name)
{
	const char *dot = strrchr(class_name, '.');

	return dot == NULL ? class_name : dot + 1;
}

struct choice {
	const char *name;
	unsigned value;
};

static const struct choice formats[] = {
	{ "JsonFormat", FORMAT_JSON },
	{ "ByteArrayFormat", FORMAT_BYTES },
	{ NULL, 0 },
};

static const struct choice codecs[] = {
	{ "none", CODEC_NONE },
	{ "gzip", CODEC_GZIP },
	{ "zstd", CODEC_ZSTD },
	{ NULL, 0 },
};

static const struct choice partitioners[] = {
	{ "DefaultPartitioner", BY_PARTITION },
	{ "FieldPartitioner", BY_FIELD },
	{ "TimeBasedPartitioner", BY_TIME },
	{ "DailyPartitioner", BY_TIME },
	{ "HourlyPartitioner", BY_TIME },
	{ NULL, 0 },
};

static const struct choice extractors[] = {
	{ "Wallclock", AT_WALLCLOCK },
	{ "Record", AT_RECORD },
	{ "RecordField", AT_FIELD },
	{ NULL, 0 },
};

static int
choose(const struct ps_config *c, const char *key, const struct choice *list,
    unsigned *out, struct ps_error *err)
{
	const char *given = ps_config_str(c, key), *name = simple_name(given);
	char names[256] = "";
	struct str s = STR(names);

	for (size_t i = 0; list[i].name != NULL; i++) {
		if (strcmp(name, list[i].name) == 0) {
			*out = list[i].value;
			return 0;
		}
		str_printf(&s, "%s%s", i == 0 ? "" : ", ", list[i].name);
	}
	return ps_fail(err, PS_E_CONFIG, "%s=%s is not supported, only %s are",
	    key, given, names);
}

#define CHOOSE(c, key, list, field, err)                              \
	do {                                                          \
		unsigned choice_ = 0;                                 \
		if (choose((c), (key), (list), &choice_, (err)) != 0) \
			return -1;                                    \
		*(field) = choice_;                                   \
	} while (0)

/* store.url with its trailing slashes gone, or AWS's own for the region. */
static int
read_url(struct s3_conf *conf, const struct ps_config *c, struct ps_error *err)
{
	const char *url = ps_config_str(c, "store.url");
	char text[512] = "";
	struct str s = STR(text);

	if (url[0] == '\0')
		str_printf(&s, "https://s3.%s.amazonaws.com", conf->region);
	else
		str_puts(&s, url);
	while (s.len > 0 && text[s.len - 1] == '/')
		text[--s.len] = '\0';
	if (s.full ||
	    (strncmp(text, "http://", 7) != 0 &&
		strncmp(text, "https://", 8) != 0) ||
	    strpbrk(strstr(text, "://") + 3, "/?#@ \r\n\t") != NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "store.url=%.200s is not http(s)://host[:port]", url);
	conf->url = dup_text(text);
	return 0;
}

static int
read_fields(struct s3_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	const char *p = ps_config_str(c, "partition.field.name");
	char name[256];
	struct str s;

	while (*p != '\0') {
		size_t skip = strspn(p, ", \t"), n = strcspn(p + skip, ", \t");

		p += skip;
		if (n == 0)
			continue;
		if (conf->field_count == FIELDS_MAX)
			return ps_fail(err, PS_E_CONFIG,
			    "partition.field.name has more than %d fields",
			    FIELDS_MAX);
		s = STR(name);
		str_add(&s, p, n);
		if (s.full)
			return ps_fail(err, PS_E_CONFIG,
			    "partition.field.name: a name of %zu bytes is too "
			    "long",
			    n);
		conf->fields[conf->field_count++] = dup_text(name);
		p += n;
	}
	if (conf->field_count == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "partition.field.name is empty, the FieldPartitioner "
		    "needs at least one field");
	if (conf->format != FORMAT_JSON)
		return ps_fail(err, PS_E_CONFIG,
		    "partitioner.class=FieldPartitioner needs "
		    "format.class=JsonFormat: raw bytes have no fields");
	return 0;
}

static int
read_time(struct s3_conf *conf, const struct ps_config *c, struct ps_error *err)
{
	const char *name = simple_name(ps_config_str(c, "partitioner.class"));
	char text[1024];
	struct str s = STR(text);
	const char *format = ps_config_str(c, "path.format");

	conf->duration_ms = ps_config_int(c, "partition.duration.ms");
	if (strcmp(name, "TimeBasedPartitioner") != 0) {
		bool daily = strcmp(name, "DailyPartitioner") == 0;

		conf->duration_ms = daily ? DAY_MS : HOUR_MS;
		format = daily ? "'year'=YYYY/'month'=MM/'day'=dd"
			       : "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH";
	}
	conf->path_format = dup_text(format);
	if (conf->duration_ms <= 0)
		return ps_fail(err, PS_E_CONFIG,
		    "partition.duration.ms=%lld needs to be a positive",
		    (long long)conf->duration_ms);
	if (format[0] == '\0')
		return ps_fail(err, PS_E_CONFIG,
		    "path.format is empty, the TimeBasedPartitioner needs it");
	return zone_format(conf->zone, format, 0, &s, err);
}

static int
read_partitioner(struct s3_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	CHOOSE(c, "partitioner.class", partitioners, &conf->partitioner, err);
	CHOOSE(c, "timestamp.extractor", extractors, &conf->extractor, err);
	conf->timestamp_field = dup_text(ps_config_str(c, "timestamp.field"));
	conf->zone = zone_new(ps_config_str(c, "timezone"), err);
	if (conf->zone == NULL)
		return -1;
	if (conf->partitioner == BY_FIELD)
		return read_fields(conf, c, err);
	if (conf->partitioner == BY_PARTITION) {
		/* Only time-based paths have an extractor of their own. */
		conf->extractor = AT_RECORD;
		return 0;
	}
	if (conf->extractor == AT_FIELD && conf->format != FORMAT_JSON)
		return ps_fail(err, PS_E_CONFIG,
		    "timestamp.extractor=RecordField needs "
		    "format.class=JsonFormat: raw bytes have no fields");
	return read_time(conf, c, err);
}

static int
read_format(struct s3_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	static const char *const suffix[] = { "", ".gz", ".zst" };
	const char *bytes = ps_config_str(c, "format.bytearray.extension");
	char text[64];
	struct str s = STR(text);

	CHOOSE(c, "format.class", formats, &conf->format, err);
	CHOOSE(c, "s3.compression.type", codecs, &conf->codec, err);
	conf->level = (int)ps_config_int(c, "s3.compression.level");
	if (conf->codec == CODEC_GZIP && conf->level > 9)
		return ps_fail(err, PS_E_CONFIG,
		    "s3.compression.level=%d: gzip has -1 to 9", conf->level);
	str_segment(&s, conf->format == FORMAT_JSON ? ".json" : bytes,
	    strlen(conf->format == FORMAT_JSON ? ".json" : bytes));
	str_puts(&s, suffix[conf->codec]);
	conf->extension = dup_text(text);
	conf->separator =
	    dup_text(conf->format == FORMAT_JSON ||
			     !ps_config_has(c, "format.bytearray.separator")
			 ? "\n"
			 : ps_config_str(c, "format.bytearray.separator"));
	conf->nulls =
	    strcmp(ps_config_str(c, "behavior.on.null.values"), "ignore") == 0
		? NULL_IGNORE
		: NULL_FAIL;
	return 0;
}

/* Keys of the configuration, else those that AWS's tools read. */
void
conf_credentials(struct s3_conf *conf, const struct ps_config *c)
{
	bool own = ps_config_has(c, "aws.access.key.id");

	free(conf->access_key);
	free(conf->secret_key);
	free(conf->session_token);
	conf->access_key = dup_text(own ? ps_config_str(c, "aws.access.key.id")
					: getenv("AWS_ACCESS_KEY_ID"));
	conf->secret_key =
	    dup_text(own ? ps_config_str(c, "aws.secret.access.key")
			 : getenv("AWS_SECRET_ACCESS_KEY"));
	conf->session_token =
	    dup_text(own ? ps_config_str(c, "aws.session.token")
			 : getenv("AWS_SESSION_TOKEN"));
}

static void
read_target(struct s3_conf *conf, const struct ps_config *c)
{
	conf->bucket = dup_text(ps_config_str(c, "s3.bucket.name"));
	conf->region = dup_text(ps_config_str(c, "s3.region"));
	conf->path_style = ps_config_bool(c, "s3.path.style.access.enabled");
	conf->conditional = ps_config_bool(c, "enable.conditional.writes");
	conf->allow_link_local = ps_config_bool(c, "store.allow.link.local");
	conf->acl = dup_text(ps_config_str(c, "s3.acl.canned"));
	conf->sse = dup_text(ps_config_str(c, "s3.ssea.name"));
	conf->kms_key = dup_text(ps_config_str(c, "s3.sse.kms.key.id"));
	conf->proxy = dup_text(ps_config_str(c, "s3.proxy.url"));
	conf->ca_file =
	    dup_text(ps_config_str(c, "s3.ssl.truststore.location"));
	conf->topics_dir = dup_text(ps_config_str(c, "topics.dir"));
	conf->delim = dup_text(ps_config_str(c, "directory.delim"));
	conf->file_delim = dup_text(ps_config_str(c, "file.delim"));
	conf->pad = (int)ps_config_int(c, "filename.offset.zero.pad.width");
	conf->part_size = (size_t)ps_config_int(c, "s3.part.size");
	conf->backoff_ms = ps_config_int(c, "s3.retry.backoff.ms");
	conf->flush_size = ps_config_int(c, "flush.size");
	conf->rotate_ms = ps_config_int(c, "rotate.interval.ms");
	conf->schedule_ms = ps_config_int(c, "rotate.schedule.interval.ms");
	conf->rotate_on_change =
	    ps_config_bool(c, "rotate.file.on.partition.change");
}

static int
check_bucket(const struct s3_conf *conf, struct ps_error *err)
{
	size_t len = strlen(conf->bucket);

	if (len < 3 || len > 63 ||
	    strspn(conf->bucket,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789.-_") != len)
		return ps_fail(err, PS_E_CONFIG,
		    "s3.bucket.name=%.100s is not a bucket's name: 3 to 63 of "
		    "a-z, 0-9, '.' and '-' are expected",
		    conf->bucket);
	return 0;
}

int
conf_read(struct s3_conf *conf, const struct ps_config *c, struct ps_error *err)
{
	*conf = (struct s3_conf){ 0 };
	read_target(conf, c);
	conf_credentials(conf, c);
	if (check_bucket(conf, err) != 0 || read_url(conf, c, err) != 0 ||
	    ps_pem_check(c, "s3.ssl.truststore.location", false, err) != 0 ||
	    read_format(conf, c, err) != 0)
		return -1;
	return read_partitioner(conf, c, err);
}

void
conf_fini(struct s3_conf *conf)
{
	char *all[] = { conf->bucket, conf->region, conf->url, conf->access_key,
		conf->secret_key, conf->session_token, conf->acl, conf->sse,
		conf->kms_key, conf->proxy, conf->ca_file, conf->separator,
		conf->extension, conf->topics_dir, conf->delim,
		conf->file_delim, conf->path_format, conf->timestamp_field };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
	for (size_t i = 0; i < conf->field_count; i++)
		free(conf->fields[i]);
	zone_free(&conf->zone);
	*conf = (struct s3_conf){ 0 };
}

/* Reports the error under the key that its text begins with. */
static void
report(struct ps_report *rep, struct ps_error *err)
{
	char key[128];
	struct str s = STR(key);

	str_add(&s, err->text, strcspn(err->text, "= :"));
	rep->error(rep, key, "%s", err->text);
	ps_error_clear(err);
}

void
conf_validate(const struct ps_config *c, struct ps_report *rep)
{
	struct s3_conf conf = { 0 };
	struct ps_error err = { 0 };

	read_target(&conf, c);
	conf_credentials(&conf, c);
	if (check_bucket(&conf, &err) != 0)
		report(rep, &err);
	if (read_url(&conf, c, &err) != 0)
		report(rep, &err);
	if (ps_pem_check(c, "s3.ssl.truststore.location", false, &err) != 0)
		report(rep, &err);
	if (read_format(&conf, c, &err) != 0)
		report(rep, &err);
	if (read_partitioner(&conf, c, &err) != 0)
		report(rep, &err);
	if (conf.access_key[0] == '\0' || conf.secret_key[0] == '\0')
		rep->error(rep, "aws.access.key.id",
		    "no credentials: set aws.access.key.id and "
		    "aws.secret.access.key, or AWS_ACCESS_KEY_ID and "
		    "AWS_SECRET_ACCESS_KEY in the worker's environment");
	conf_fini(&conf);
}
