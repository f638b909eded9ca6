#include "convert/stages.h"

#include "plugin/catalog.h"

struct work {
	const struct instance *converter;
	enum stage_way way;
	enum ps_part part;
};

struct stage_records
stage_kept(struct ps_batch *b)
{
	struct stage_records kept = { 0 };

	kept.items = (struct ps_record **)ps_alloc(b->arena,
	    (b->count + 1) * sizeof(struct ps_record *));
	for (size_t i = 0; i < b->count; i++)
		if (b->records[i].outcome == PS_KEPT)
			kept.items[kept.count++] = &b->records[i];
	return kept;
}

/* A stage_fn. */
static void
convert(void *ctx, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	const struct work *w = (const struct work *)ctx;
	const struct ps_converter_ops *ops = &w->converter->converter;
	void *state = w->converter->state;

	switch (w->way) {
	case STAGE_ENCODE:
		ops->encode(state, b, records, count, w->part);
		break;
	case STAGE_DECODE:
		ops->decode(state, b, records, count, w->part);
		break;
	case STAGE_CHECK:
		(ops->check == NULL ? ops->decode : ops->check)(state, b,
		    records, count, w->part);
		break;
	}
}

void
stage_convert(struct tolerance *t, const struct instance *converter,
    struct ps_batch *b, enum stage_way way, enum ps_part part)
{
	struct stage_records kept = stage_kept(b);
	struct work w = { converter, way, part };

	if (kept.count > 0)
		tolerance_run(t, convert, &w, b, kept.items, kept.count);
}

static void
convert_headers(const struct work *w, struct ps_batch *b, struct ps_record *r)
{
	const struct ps_header_converter_ops *ops = &w->converter->header;
	const char *topic = w->way == STAGE_ENCODE ? r->topic : r->origin_topic;
	struct ps_error err;
	int result = 0;

	for (size_t i = 0; i < r->header_count && result == 0; i++) {
		ps_error_clear(&err);
		result = (w->way == STAGE_ENCODE ? ops->encode : ops->decode)(
		    w->converter->state, b->arena, topic, &r->headers[i], &err);
	}
	if (result != 0)
		ps_record_fail(b, r, PS_STAGE_HEADER_CONVERTER,
		    catalog_java_name(w->converter->class), &err);
}

/* A stage_fn. */
static void
convert_all_headers(void *ctx, struct ps_batch *b,
    struct ps_record *const *records, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (records[i]->header_count > 0)
			convert_headers((const struct work *)ctx, b,
			    records[i]);
}

static bool
has_headers(const struct ps_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->records[i].header_count > 0)
			return true;
	return false;
}

void
stage_headers(struct tolerance *t, const struct instance *converter,
    struct ps_batch *b, enum stage_way way)
{
	struct work w = { converter, way, PS_PART_VALUE };
	struct stage_records kept;

	if (!has_headers(b))
		return;
	kept = stage_kept(b);
	if (kept.count > 0)
		tolerance_run(t, convert_all_headers, &w, b, kept.items,
		    kept.count);
}
