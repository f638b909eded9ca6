#include "letters/samples.h"

#include <string.h>

#include "base/clock.h"
#include "base/js.h"
#include "base/text.h"

enum { CALL_MS = 10000, READ_MS = 15000, HEADERS_MAX = 1000, SOME = 10 };

/* ---- of a topic -------------------------------------------------------- */

static struct ps_slice
copy(struct ps_arena *a, const void *data, size_t len)
{
	struct ps_slice s = { NULL, 0 };
	uint8_t *to;

	if (data == NULL)
		return s;
	to = (uint8_t *)ps_alloc(a, len + 1);
	memcpy(to, data, len);
	return (struct ps_slice){ to, len };
}

static void
take_headers(struct ps_batch *b, struct ps_record *to,
    const struct consumer_record *r)
{
	size_t n = consumer_headers(r, NULL, 0);
	struct consumer_header *h =
	    (struct consumer_header *)ps_calloc(b->arena, n + 1, sizeof *h);

	(void)consumer_headers(r, h, n);
	to->headers =
	    (struct ps_header *)ps_calloc(b->arena, n + 1, sizeof *to->headers);
	to->header_count = n;
	for (size_t i = 0; i < n; i++) {
		to->headers[i].name = ps_strdup(b->arena, h[i].name);
		to->headers[i].name_len = strlen(h[i].name);
		to->headers[i].raw = copy(b->arena, h[i].value, h[i].len);
	}
}

struct ps_record *
samples_take(struct ps_batch *b, const struct consumer_record *r)
{
	struct ps_record *to = ps_batch_add(b);

	to->topic = to->origin_topic = ps_strdup(b->arena, r->topic);
	to->partition = to->origin_partition = r->partition;
	to->origin_offset = r->offset;
	to->timestamp = r->timestamp;
	to->raw_key = copy(b->arena, r->key, r->key_len);
	to->raw_value = copy(b->arena, r->value, r->value_len);
	take_headers(b, to, r);
	return to;
}

/* A whole number of 0 to `max`. */
static int
get_number(const json_t *object, const char *name, int64_t max, int64_t *out,
    struct ps_error *err)
{
	const json_t *j = json_object_get(object, name);

	if (j == NULL || json_is_null(j))
		return 0;
	if (!json_is_integer(j) || json_integer_value(j) < 0 ||
	    json_integer_value(j) > max)
		return ps_fail(err, PS_E_DATA,
		    "%s: expected a whole number of 0 to %lld", name,
		    (long long)max);
	*out = json_integer_value(j);
	return 0;
}

static int
read_on(struct ps_batch *b, struct reader *r, int64_t count,
    struct ps_error *err)
{
	struct clock_ms start = clock_now();
	struct consumer_record one;
	size_t bytes = 0;
	int got = 1;

	while (b->count < (size_t)count && bytes < SAMPLES_MAX_BYTES) {
		int64_t left = READ_MS - clock_since(start, clock_now());

		got = reader_next(r, left > 0 ? (int)left : 0, &one, err);
		if (got <= 0)
			return got;
		bytes += one.key_len + one.value_len;
		if (bytes > SAMPLES_MAX_BYTES && b->count > 0)
			return 0;
		(void)samples_take(b, &one);
	}
	return 0;
}

int
samples_read(struct ps_batch *b, struct reader *r, const json_t *read,
    struct ps_error *err)
{
	static const char *const known[] = { "topic", "partition", "offset",
		"count", NULL };
	int64_t partition = 0, offset = 0, count = SOME, range[2];
	struct consumer_position from = { .topic = js_opt_str(read, "topic") };
	int partitions = 0;

	if (js_check_members(read, known, err) != 0 ||
	    get_number(read, "partition", INT32_MAX, &partition, err) != 0 ||
	    get_number(read, "offset", INT64_MAX, &offset, err) != 0 ||
	    get_number(read, "count", SAMPLES_MAX, &count, err) != 0)
		return ps_fail_in(err, "read");
	if (from.topic == NULL)
		return ps_fail(err, PS_E_DATA,
		    "read: topic: the name is missing");
	if (reader_partitions(r, from.topic, CALL_MS, &partitions, err) != 0)
		return -1;
	if (partition >= partitions)
		return ps_fail(err, PS_E_DATA,
		    "read: partition %lld: topic %s has %d",
		    (long long)partition, from.topic, partitions);
	from.partition = (int32_t)partition;
	if (reader_range(r, from.topic, from.partition, CALL_MS, range, err) !=
	    0)
		return -1;
	from.offset = offset < range[0] ? range[0] : offset;
	if (from.offset >= range[1])
		return 0;
	return reader_start(r, &from, err) != 0 ? -1
						: read_on(b, r, count, err);
}

/* ---- of a request ------------------------------------------------------ */

static int
from_base64(struct ps_arena *a, const json_t *j, struct ps_slice *out,
    struct ps_error *err)
{
	size_t len = json_string_length(j);
	uint8_t *data = (uint8_t *)ps_alloc(a, len + 1);
	int64_t got = -1;

	if (json_is_string(j))
		got = text_base64_decode(json_string_value(j), len, data);
	if (got < 0)
		return ps_fail(err, PS_E_DATA, "expected base64 text");
	*out = (struct ps_slice){ data, (size_t)got };
	return 0;
}

int
samples_bytes(struct ps_arena *a, const json_t *object, const char *name,
    struct ps_slice *out, struct ps_error *err)
{
	const char *other = ps_printf(a, "%s_base64", name), *text;
	const json_t *plain = json_object_get(object, name);
	const json_t *coded = json_object_get(object, other);

	*out = (struct ps_slice){ NULL, 0 };
	if (plain != NULL && coded != NULL)
		return ps_fail(err, PS_E_DATA, "%s and %s exclude each other",
		    name, other);
	if (coded != NULL && !json_is_null(coded))
		return from_base64(a, coded, out, err) == 0
			   ? 0
			   : ps_fail_in(err, "%s", other);
	if (plain == NULL || json_is_null(plain))
		return 0;
	text = json_is_string(plain) ? json_string_value(plain)
				     : js_dump(a, plain);
	*out = copy(a, text,
	    json_is_string(plain) ? json_string_length(plain) : strlen(text));
	return 0;
}

static int
give_header(struct ps_arena *a, const json_t *j, struct ps_header *h,
    struct ps_error *err)
{
	static const char *const known[] = { "name", "value", "value_base64",
		NULL };
	const char *name = js_opt_str(j, "name");

	if (js_check_members(j, known, err) != 0)
		return -1;
	if (name == NULL)
		return ps_fail(err, PS_E_DATA, "name: it is missing");
	h->name = ps_strdup(a, name);
	h->name_len = strlen(name);
	return samples_bytes(a, j, "value", &h->raw, err);
}

static int
give_headers(struct ps_arena *a, const json_t *list, struct ps_record *r,
    struct ps_error *err)
{
	size_t n = json_array_size(list);

	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list) || n > HEADERS_MAX)
		return ps_fail(err, PS_E_DATA,
		    "headers: expected an array of at most %d", HEADERS_MAX);
	r->headers =
	    (struct ps_header *)ps_calloc(a, n + 1, sizeof *r->headers);
	for (size_t i = 0; i < n; i++)
		if (give_header(a, json_array_get(list, i), &r->headers[i],
			err) != 0)
			return ps_fail_in(err, "headers[%zu]", i);
	r->header_count = n;
	return 0;
}

static int
give_record(struct ps_batch *b, const json_t *j, struct ps_error *err)
{
	static const char *const known[] = { "topic", "partition", "offset",
		"timestamp", "key", "key_base64", "value", "value_base64",
		"headers", NULL };
	int64_t partition = 0, offset = (int64_t)b->count;
	const json_t *topic = json_object_get(j, "topic");
	const json_t *time = json_object_get(j, "timestamp");
	struct ps_record *r;

	if (js_check_members(j, known, err) != 0 ||
	    get_number(j, "partition", INT32_MAX, &partition, err) != 0 ||
	    get_number(j, "offset", INT64_MAX, &offset, err) != 0)
		return -1;
	if (topic != NULL && !json_is_string(topic))
		return ps_fail(err, PS_E_DATA, "topic: expected a name");
	if (time != NULL && !json_is_null(time) && !json_is_integer(time))
		return ps_fail(err, PS_E_DATA,
		    "timestamp: expected milliseconds since 1970");
	r = ps_batch_add(b);
	r->topic = r->origin_topic = ps_strdup(b->arena,
	    topic == NULL ? "topic" : json_string_value(topic));
	r->partition = r->origin_partition = (int32_t)partition;
	r->origin_offset = offset;
	if (json_is_integer(time))
		r->timestamp = json_integer_value(time);
	if (samples_bytes(b->arena, j, "key", &r->raw_key, err) != 0 ||
	    samples_bytes(b->arena, j, "value", &r->raw_value, err) != 0)
		return -1;
	return give_headers(b->arena, json_object_get(j, "headers"), r, err);
}

int
samples_given(struct ps_batch *b, const json_t *records, struct ps_error *err)
{
	size_t n = json_array_size(records);

	if (!json_is_array(records) || n == 0 || n > SAMPLES_MAX)
		return ps_fail(err, PS_E_DATA,
		    "records: expected an array of 1 to %d records",
		    SAMPLES_MAX);
	for (size_t i = 0; i < n; i++)
		if (give_record(b, json_array_get(records, i), err) != 0)
			return ps_fail_in(err, "records[%zu]", i);
	return 0;
}
