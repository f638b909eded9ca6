#include "convert/consumed.h"

#include <string.h>

#include "record/batch.h"

static void
add_headers(struct ps_batch *b, struct ps_record *r,
    const struct consumer_record *from)
{
	size_t n = consumer_headers(from, NULL, 0);
	struct consumer_header *raw;

	if (n == 0)
		return;
	raw = (struct consumer_header *)ps_alloc(b->arena, n * sizeof *raw);
	n = consumer_headers(from, raw, n);
	r->headers =
	    (struct ps_header *)ps_calloc(b->arena, n, sizeof *r->headers);
	r->header_count = n;
	for (size_t i = 0; i < n; i++) {
		r->headers[i].name = raw[i].name;
		r->headers[i].name_len = strlen(raw[i].name);
		r->headers[i].raw =
		    (struct ps_slice){ raw[i].value, raw[i].len };
	}
}

/* Transforms change the headers where they are: these are others. */
static void
keep_original(struct ps_batch *b, const struct ps_record *r,
    struct ps_consumed *out)
{
	struct ps_header *copy = NULL;

	if (r->header_count > 0) {
		copy = (struct ps_header *)ps_alloc(b->arena,
		    r->header_count * sizeof *copy);
		memcpy(copy, r->headers, r->header_count * sizeof *copy);
	}
	*out = (struct ps_consumed){ r->raw_key, r->raw_value, copy,
		r->header_count, r->timestamp };
}

static struct ps_record *
add_record(struct ps_batch *b, const struct consumer_record *from,
    unsigned parts)
{
	struct ps_record *r = ps_batch_add(b);

	r->topic = r->origin_topic = from->topic;
	r->partition = r->origin_partition = from->partition;
	r->origin_offset = from->offset;
	r->timestamp = from->timestamp;
	r->log_append_time = from->log_append_time;
	r->raw_key = (struct ps_slice){ from->key, from->key_len };
	r->raw_value = (struct ps_slice){ from->value, from->value_len };
	if ((parts & CONSUMED_HEADERS) != 0)
		add_headers(b, r, from);
	return r;
}

void
consumed_fill(struct ps_batch *b, const struct consumer_event *e,
    unsigned parts)
{
	struct ps_consumed *kept = NULL;
	struct ps_record *r;

	batch_reserve(b, e->record_count);
	if ((parts & CONSUMED_ORIGINALS) != 0)
		kept = (struct ps_consumed *)ps_alloc(b->arena,
		    (e->record_count + 1) * sizeof *kept);
	for (size_t i = 0; i < e->record_count; i++) {
		r = add_record(b, &e->records[i], parts);
		if (kept == NULL)
			continue;
		keep_original(b, r, &kept[i]);
		r->consumed = &kept[i];
	}
}
