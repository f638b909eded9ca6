#include "record/batch.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/xalloc.h"

struct ps_batch *
batch_new(size_t chunk)
{
	struct ps_batch *b = xcalloc(1, sizeof *b);

	b->arena = arena_new(chunk);
	return b;
}

void
batch_free(struct ps_batch **bp)
{
	if (*bp == NULL)
		return;
	arena_free(&(*bp)->arena);
	free(*bp);
	*bp = NULL;
}

void
batch_reset(struct ps_batch *b, size_t keep)
{
	arena_reset(b->arena, keep);
	b->records = NULL;
	b->count = b->room = 0;
	b->mark = PS_MARK_NONE;
}

void
batch_reserve(struct ps_batch *b, size_t count)
{
	assert(b->count == 0);
	if (count <= b->room)
		return;
	b->records = ps_alloc(b->arena, count * sizeof *b->records);
	b->room = count;
}

struct ps_record **
batch_kept(struct ps_batch *b, size_t *count)
{
	struct ps_record **kept =
	    ps_alloc(b->arena, b->count * sizeof(struct ps_record *));
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		if (b->records[i].outcome == PS_KEPT)
			kept[n++] = &b->records[i];
	*count = n;
	return kept;
}

/* SchemaBuilder's own words. */
static bool
is_of_builder(const char *text)
{
	return strstr(text, "field name duplication") != NULL ||
	       strstr(text, "fieldName cannot be null") != NULL;
}

const char *
failure_exception(const struct ps_failure *f)
{
	switch (f->stage) {
	case PS_STAGE_TASK_POLL:
	case PS_STAGE_TASK_PUT:
		return "org.apache.kafka.connect.errors.ConnectException";
	case PS_STAGE_KAFKA_PRODUCE:
		return strstr(f->error.text, "too large") == NULL
			   ? "org.apache.kafka.common.KafkaException"
			   : "org.apache.kafka.common.errors."
			     "RecordTooLargeException";
	case PS_STAGE_KAFKA_CONSUME:
		return "org.apache.kafka.common.KafkaException";
	case PS_STAGE_TRANSFORMATION:
	case PS_STAGE_KEY_CONVERTER:
	case PS_STAGE_VALUE_CONVERTER:
	case PS_STAGE_HEADER_CONVERTER:
		break;
	}
	return is_of_builder(f->error.text)
		   ? "org.apache.kafka.connect.errors.SchemaBuilderException"
		   : "org.apache.kafka.connect.errors.DataException";
}

const char *
stage_name(enum ps_stage stage)
{
	static const char *const names[] = {
		[PS_STAGE_TASK_POLL] = "TASK_POLL",
		[PS_STAGE_TASK_PUT] = "TASK_PUT",
		[PS_STAGE_TRANSFORMATION] = "TRANSFORMATION",
		[PS_STAGE_KEY_CONVERTER] = "KEY_CONVERTER",
		[PS_STAGE_VALUE_CONVERTER] = "VALUE_CONVERTER",
		[PS_STAGE_HEADER_CONVERTER] = "HEADER_CONVERTER",
		[PS_STAGE_KAFKA_PRODUCE] = "KAFKA_PRODUCE",
		[PS_STAGE_KAFKA_CONSUME] = "KAFKA_CONSUME",
	};

	return names[stage];
}
