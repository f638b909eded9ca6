/*
 * formats: any bytes as the payload of one of some registered schemas. What
 * was read and written once is read and written alike for ever after. The
 * first byte chooses the schema; one behind the last lets the input be it.
 */
#ifndef PENSTOCK_TESTS_FUZZ_FORMATS_H
#define PENSTOCK_TESTS_FUZZ_FORMATS_H

#include <assert.h>
#include <string.h>

#include "plugins/registry/format.h"
#include "record/batch.h"
#include "record/intern.h"

struct trip {
	const struct format *format;
	const void *options;
	struct ps_arena *arena;
	struct intern *schemas;
	void *reader, *writer;
};

/* The value's bytes as its own schema has them; no data: it has none. */
static struct ps_slice
trip_once(struct trip *t, struct ps_slice in)
{
	const struct ps_schema *draft = NULL;
	struct ps_error err = { 0 };
	struct ps_value v;
	struct bytes out;

	if (t->format->read(t->reader, t->arena, in, &v, &draft, &err) != 0)
		return (struct ps_slice){ NULL, 0 };
	bytes_begin(&out, t->arena);
	if (t->format->write(t->writer, &out, &v, &err) != 0)
		return (struct ps_slice){ NULL, 0 };
	return bytes_end(&out);
}

/* What reads `text` gives the schema, which is what a writer is made for. */
static int
trip_begin(struct trip *t, const char *text, struct ps_slice in)
{
	const struct format *f = t->format;
	const struct ps_schema *draft = NULL;
	struct registered r = { .text = text };
	struct ps_error err = { 0 };
	struct ps_value v;

	t->reader = f->reader(t->options, t->arena, &r, &err);
	if (t->reader == NULL ||
	    f->read(t->reader, t->arena, in, &v, &draft, &err) != 0 ||
	    draft == NULL)
		return -1;
	draft = intern_schema(t->schemas, t->arena, draft);
	t->writer = f->writer(t->options, t->arena, draft, &r, true, &err);
	return t->writer == NULL ? -1 : 0;
}

static void
trip_end(struct trip *t)
{
	if (t->writer != NULL && t->format->writer_end != NULL)
		t->format->writer_end(t->writer);
	if (t->reader != NULL && t->format->reader_end != NULL)
		t->format->reader_end(t->reader);
}

static void
trip(const struct format *f, const char *const *texts, size_t count,
    struct ps_slice in)
{
	struct ps_batch *b = batch_new(4096);
	struct ps_host host = { .size = sizeof host };
	struct ps_config none = { NULL, 0 };
	struct trip t = { .format = f, .arena = b->arena };
	size_t chosen = in.len == 0 ? 0 : in.data[0] % (count + 1);
	const char *text = chosen < count ? texts[chosen] : NULL;
	struct ps_slice first, second;

	t.schemas = intern_new(16);
	t.options = f->options(&host, &none, b->arena, NULL);
	if (in.len > 0)
		in = (struct ps_slice){ in.data + 1, in.len - 1 };
	if (text == NULL)
		text = ps_strndup(b->arena, (const char *)in.data, in.len);
	if (trip_begin(&t, text, in) == 0) {
		first = trip_once(&t, in);
		if (first.data != NULL) {
			second = trip_once(&t, first);
			assert(second.data != NULL);
			assert(second.len == first.len);
			assert(memcmp(first.data, second.data, first.len) == 0);
		}
	}
	trip_end(&t);
	intern_free(&t.schemas);
	batch_free(&b);
}

#endif
