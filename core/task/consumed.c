#include "task/consumed.h"

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

static void
add_record(struct ps_batch *b, const struct consumer_record *from,
    bool with_headers)
{
	struct ps_record *r = ps_batch_add(b);

	r->topic = r->origin_topic = from->topic;
	r->partition = r->origin_partition = from->partition;
	r->origin_offset = from->offset;
	r->timestamp = from->timestamp;
	r->raw_key = (struct ps_slice){ from->key, from->key_len };
	r->raw_value = (struct ps_slice){ from->value, from->value_len };
	if (with_headers)
		add_headers(b, r, from);
}

void
consumed_fill(struct ps_batch *b, const struct consumer_event *e,
    bool with_headers)
{
	batch_reserve(b, e->record_count);
	for (size_t i = 0; i < e->record_count; i++)
		add_record(b, &e->records[i], with_headers);
}
