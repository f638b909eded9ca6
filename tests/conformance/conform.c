/*
 * conform: what penstock's own plugins make of a record: each line of stdin
 * is a case (tests/conformance/cases.py), each line of stdout its result.
 *
 * The record goes the way of a task: decode, pipeline, encode. It stands in
 * its batch several times, and all of them must come out alike: what a
 * plugin keeps from record to record changes nothing.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/js.h"
#include "child/settings.h"
#include "convert/decode.h"
#include "convert/encode.h"
#include "convert/pipeline.h"
#include "plugin/host.h"
#include "record/batch.h"

enum { COPIES = 3, CHUNK = 64 << 10, SCHEMAS = 500 };

struct run {
	struct catalog *catalog;
	struct host *host;
	struct ps_batch *b;
};

static struct ps_slice
slice_of(struct ps_arena *a, const json_t *hex)
{
	const char *s = json_string_value(hex);
	size_t n = s == NULL ? 0 : strlen(s) / 2;
	uint8_t *p = (uint8_t *)ps_alloc(a, n + 1);
	char pair[3] = "";

	if (s == NULL)
		return (struct ps_slice){ NULL, 0 };
	for (size_t i = 0; i < n; i++) {
		memcpy(pair, s + 2 * i, 2);
		p[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return (struct ps_slice){ p, n };
}

static json_t *
hex_of(struct ps_slice raw)
{
	char *hex = malloc(2 * raw.len + 1);
	json_t *j;

	for (size_t i = 0; i < raw.len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", raw.data[i]);
	hex[2 * raw.len] = '\0';
	j = raw.data == NULL ? json_null() : json_string(hex);
	free(hex);
	return j;
}

static int64_t
number(const json_t *obj, const char *name, int64_t none)
{
	const json_t *j = json_object_get(obj, name);

	return json_is_integer(j) ? json_integer_value(j) : none;
}

static void
add_record(struct ps_batch *b, const json_t *j)
{
	const json_t *list = json_object_get(j, "headers"), *one;
	struct ps_record *r = ps_batch_add(b);
	size_t i;

	r->topic = r->origin_topic = js_opt_str(j, "topic");
	r->partition = r->origin_partition =
	    (int32_t)number(j, "partition", PS_NO_PARTITION);
	r->origin_offset = number(j, "offset", PS_NO_OFFSET);
	r->timestamp = number(j, "timestamp", PS_NO_TIMESTAMP);
	r->raw_key = slice_of(b->arena, json_object_get(j, "key"));
	r->raw_value = slice_of(b->arena, json_object_get(j, "value"));
	r->headers =
	    ps_calloc(b->arena, json_array_size(list) + 1, sizeof *r->headers);
	r->header_count = json_array_size(list);
	json_array_foreach(list, i, one)
	{
		const char *name = json_string_value(json_array_get(one, 0));

		r->headers[i] = (struct ps_header){ .name = name,
			.name_len = strlen(name),
			.raw = slice_of(b->arena, json_array_get(one, 1)) };
	}
}

static json_t *
failed(const char *stage, const struct ps_error *err)
{
	return json_pack("{s:s, s:o}", "failed", stage, "text",
	    js_str(err->text));
}

static json_t *
result_of(const struct ps_record *r)
{
	json_t *headers = json_array();

	for (size_t i = 0; i < r->header_count; i++)
		json_array_append_new(headers,
		    json_pack("[o, o]",
			json_stringn(r->headers[i].name,
			    r->headers[i].name_len),
			hex_of(r->headers[i].raw)));
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "topic", r->topic,
	    "partition",
	    r->partition == PS_NO_PARTITION ? json_null()
					    : json_integer(r->partition),
	    "timestamp",
	    r->timestamp == PS_NO_TIMESTAMP ? json_null()
					    : json_integer(r->timestamp),
	    "key", hex_of(r->raw_key), "value", hex_of(r->raw_value), "headers",
	    headers);
}

static json_t *
record_failed(const struct ps_failure *f)
{
	json_t *out = failed(stage_name(f->stage), &f->error);

	json_object_set_new(out, "class", json_string(failure_exception(f)));
	return out;
}

static json_t *
outcome_of(const struct ps_record *r)
{
	if (r->outcome == PS_FAILED)
		return record_failed(r->failure);
	if (r->outcome == PS_DROPPED)
		return json_pack("{s:b}", "dropped", 1);
	return result_of(r);
}

static json_t *
outcome(const struct ps_batch *b)
{
	json_t *first = outcome_of(&b->records[0]), *other;

	for (size_t i = 1; i < b->count; i++) {
		other = outcome_of(&b->records[i]);
		if (!json_equal(first, other))
			json_object_set(first, "differs", other);
		json_decref(other);
	}
	return first;
}

struct parts {
	struct converters in, out;
	struct pipeline *pipeline;
};

static int
open_parts(struct run *run, struct parts *p, struct settings *s,
    const json_t *line, struct ps_error *err)
{
	const struct ps_host *h = host_abi(run->host);

	if (js_to_config(s->arena, json_object_get(line, "out"), &s->config,
		err) != 0 ||
	    converters_init(&p->out, s, h, err) != 0 ||
	    js_to_config(s->arena, json_object_get(line, "config"), &s->config,
		err) != 0 ||
	    converters_init(&p->in, s, h, err) != 0)
		return -1;
	p->pipeline = pipeline_new(s, h, err);
	return p->pipeline == NULL ? -1 : 0;
}

static json_t *
run_case(struct run *run, const json_t *line)
{
	struct settings s = { .arena = arena_new(CHUNK),
		.catalog = run->catalog };
	struct tolerance t = { .all = true };
	struct decoder d = { .input = PS_INPUT_VALUES, .reads_headers = true };
	struct parts p = { 0 };
	struct ps_error err = { 0 };
	json_t *out;

	if (open_parts(run, &p, &s, line, &err) != 0) {
		out = failed("CONFIG", &err);
	} else {
		batch_reset(run->b, CHUNK);
		for (int i = 0; i < COPIES; i++)
			add_record(run->b, json_object_get(line, "record"));
		d.converters = &p.in;
		d.pipeline = p.pipeline;
		decode_batch(&d, &t, run->b);
		encode_batch(&p.out, &t, run->b);
		out = outcome(run->b);
	}
	pipeline_free(&p.pipeline);
	converters_fini(&p.in);
	converters_fini(&p.out);
	arena_free(&s.arena);
	return out;
}

int
main(void)
{
	static const char *const dirs[] = { BUILD "/plugins" };
	static const struct host_hooks none = { 0 };
	const struct host_options o = { .connector = "conform",
		.task = -1,
		.wake_fd = -1,
		.schemas = SCHEMAS,
		.hooks = &none };
	struct run run = { catalog_new(dirs, 1), host_new(&o),
		batch_new(CHUNK) };
	size_t flags = JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY;
	json_error_t bad;
	json_t *line, *out;

	/* Once, not file by file for each case. */
	catalog_load_all(run.catalog);
	host_set_arena(run.host, run.b->arena);
	while ((line = json_loadf(stdin, flags, &bad)) != NULL) {
		out = run_case(&run, line);
		(void)json_dumpf(out, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(out);
		json_decref(line);
	}
	batch_free(&run.b);
	host_free(&run.host);
	catalog_free(&run.catalog);
	return 0;
}
