#include "path.h"

#include <stdlib.h>
#include <string.h>

#include <penstock/json.h>

int
path_time(const struct s3_conf *conf, const struct ps_record *r, int64_t now_ms,
    int64_t *ms, struct ps_error *err)
{
	struct ps_json f;
	char text[128];
	struct str s = STR(text);

	if (conf->extractor == AT_WALLCLOCK) {
		*ms = now_ms;
		return 0;
	}
	if (conf->extractor == AT_RECORD) {
		*ms = r->timestamp;
		if (*ms == PS_NO_TIMESTAMP && conf->partitioner == BY_TIME)
			return ps_fail(err, PS_E_DATA,
			    "the record has no timestamp");
		return 0;
	}
	f = ps_json_find((const char *)r->raw_value.data, r->raw_value.len,
	    conf->timestamp_field);
	str_add(&s, f.text == NULL ? "" : f.text,
	    f.len < sizeof text ? f.len : 0);
	if (f.kind == PS_JSON_NUMBER) {
		*ms = strtoll(text, NULL, 10);
		return 0;
	}
	if (f.kind == PS_JSON_STRING && iso_parse(f.text, f.len, ms) == 0)
		return 0;
	return ps_fail(err, PS_E_DATA,
	    "field %s is %s%.100s, milliseconds or ISO 8601 text are expected",
	    conf->timestamp_field, f.kind == PS_JSON_MISSING ? "missing" : "",
	    text);
}

static int
add_field(const struct ps_record *r, const char *name, struct str *out,
    struct ps_error *err)
{
	struct ps_json f = ps_json_find((const char *)r->raw_value.data,
	    r->raw_value.len, name);
	char text[KEY_MAX];
	size_t len = f.len;

	str_segment(out, name, strlen(name));
	str_puts(out, "=");
	if (f.kind == PS_JSON_MISSING || f.kind == PS_JSON_OTHER ||
	    (f.kind == PS_JSON_NUMBER && memchr(f.text, '.', f.len) != NULL))
		return ps_fail(err, PS_E_DATA,
		    "partition.field.name %s is %s: text, an integer or a "
		    "boolean is expected",
		    name,
		    f.kind == PS_JSON_MISSING ? "missing"
		    : f.kind == PS_JSON_OTHER ? "an object or an array"
					      : "not an integer");
	if (f.len > sizeof text)
		return ps_fail(err, PS_E_DATA,
		    "partition.field.name %s has %zu bytes: too long for the "
		    "name of an object",
		    name, f.len);
	if (f.kind == PS_JSON_STRING)
		len = ps_json_unescape(text, f.text, f.len);
	if (len > 0)
		str_segment(out, f.kind == PS_JSON_STRING ? text : f.text, len);
	return 0;
}

int
path_dir(const struct s3_conf *conf, const struct ps_record *r, int64_t ms,
    struct str *out, struct ps_error *err)
{
	int64_t end;

	switch (conf->partitioner) {
	case BY_PARTITION:
		str_printf(out, "partition=%d", r->origin_partition);
		return 0;
	case BY_TIME:
		return zone_format(conf->zone, conf->path_format,
		    zone_floor(conf->zone, ms, conf->duration_ms, &end), out,
		    err);
	case BY_FIELD:
		break;
	}
	for (size_t i = 0; i < conf->field_count; i++) {
		if (i > 0)
			str_puts(out, conf->delim);
		if (add_field(r, conf->fields[i], out, err) != 0)
			return -1;
	}
	return 0;
}

void
path_topic(const struct s3_conf *conf, const char *topic, struct str *out)
{
	if (conf->topics_dir[0] != '\0')
		str_printf(out, "%s%s", conf->topics_dir, conf->delim);
	str_segment(out, topic, strlen(topic));
	str_puts(out, conf->delim);
}

void
path_file(const struct s3_conf *conf, const char *topic, int32_t partition,
    struct str *out)
{
	str_segment(out, topic, strlen(topic));
	str_printf(out, "%s%d%s", conf->file_delim, partition,
	    conf->file_delim);
}

int
path_key(const struct s3_conf *conf, const struct ps_record *r, const char *dir,
    struct str *out, struct ps_error *err)
{
	path_topic(conf, r->topic, out);
	str_printf(out, "%s%s", dir, conf->delim);
	path_file(conf, r->origin_topic, r->origin_partition, out);
	str_printf(out, "%0*lld%s", conf->pad, (long long)r->origin_offset,
	    conf->extension);
	if (out->full || out->len > KEY_MAX)
		return ps_fail(err, PS_E_DATA,
		    "the name of its object would be longer than %d bytes: "
		    "%.200s…",
		    KEY_MAX, out->data);
	return 0;
}

void
path_log(const struct s3_conf *conf, const char *connector, const char *topic,
    struct str *out)
{
	if (conf->topics_dir[0] != '\0')
		str_printf(out, "%s%s", conf->topics_dir, conf->delim);
	str_printf(out, "_penstock%s", conf->delim);
	if (connector != NULL) {
		/* No name has a slash, so no two connectors meet. */
		str_segment(out, connector, strlen(connector));
		str_puts(out, "/");
	}
	str_segment(out, topic, strlen(topic));
	str_puts(out, conf->file_delim);
}
