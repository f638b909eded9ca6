/*
 * drive: a plugin's class in a process of its own, told by JSON lines what to
 * do. Each line of stdin is ["command", arguments…]; the answer is one line,
 * {"ok": …} or {"error": class, "text": …}. Made to be killed at any moment.
 */
#include <assert.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include "record/batch.h"
#include "record/value.h"
#include "tests/connectors/host.h"
#include "tests/drive/json.h"
#include "tests/drive/transcode.h"

struct drive {
	struct test_host *t;
	void *state;
	struct ps_batch *b;
	json_t *stored; /* [[partition, offset], …] */
};

/* The host's stored_offset() knows one offset; ours one per partition. */
static struct drive *the_drive;

static int
stored_offset(const struct ps_host *h, const struct ps_source_partition *p,
    struct ps_arena *a, struct ps_value *offset)
{
	json_t *pair;
	size_t i;

	(void)h;
	json_array_foreach(the_drive->stored, i, pair)
	{
		struct ps_value map = value_of_json(a, json_array_get(pair, 0));

		if (!value_equal(&map, test_host_partition_map(p)))
			continue;
		*offset = value_of_json(a, json_array_get(pair, 1));
		return 1;
	}
	return 0;
}

static json_t *
do_load(struct drive *d, const json_t *line)
{
	d->t = test_host_new(json_string_value(json_array_get(line, 1)),
	    json_string_value(json_array_get(line, 2)));
	d->t->h.stored_offset = stored_offset;
	d->t->tolerant = true;
	d->b = batch_new(1 << 20);
	d->b->budget_bytes = 1 << 20;
	return json_pack("{s:b}", "ok", 1);
}

static json_t *
do_set(struct drive *d, const json_t *line)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_array_get(line, 1), key, value)
	    test_host_set(d->t, key, json_string_value(value));
	return json_pack("{s:b}", "ok", 1);
}

static json_t *
do_budget(struct drive *d, const json_t *line)
{
	d->b->budget_bytes =
	    (size_t)json_integer_value(json_array_get(line, 1));
	return json_pack("{s:b}", "ok", 1);
}

static json_t *
do_intolerant(struct drive *d, const json_t *line)
{
	(void)line;
	d->t->tolerant = false;
	return json_pack("{s:b}", "ok", 1);
}

static json_t *
do_validate(struct drive *d, const json_t *line)
{
	(void)line;
	return json_pack("{s:s}", "ok", test_host_validate(d->t));
}

static json_t *
do_tasks(struct drive *d, const json_t *line)
{
	struct ps_task_configs out = { .arena = d->t->arena };
	struct ps_error err = { .code = PS_OK };
	json_t *list = json_array();
	size_t max = (size_t)json_integer_value(json_array_get(line, 1));

	if (test_source_ops(d->t)->task_configs(&d->t->h, &d->t->config, max,
		&out, &err) != 0) {
		json_decref(list);
		return json_of_error(&err);
	}
	for (size_t i = 0; i < out.count; i++) {
		json_t *task = json_object();

		for (struct ps_setting *s = out.tasks[i]; s->key != NULL; s++)
			json_object_set_new(task, s->key,
			    json_string(s->value));
		json_array_append_new(list, task);
	}
	return json_pack("{s:o}", "ok", list);
}

static json_t *
do_watch(struct drive *d, const json_t *line)
{
	struct ps_error err = { .code = PS_OK };
	int r = test_source_ops(d->t)->watch(&d->t->h, &d->t->config, &err);

	(void)line;
	return r < 0 ? json_of_error(&err) : json_pack("{s:i}", "ok", r);
}

static json_t *
do_start(struct drive *d, const json_t *line)
{
	json_decref(d->stored);
	d->stored = json_incref(json_array_get(line, 1));
	d->state = d->t->class->kind == PS_KIND_SOURCE ? test_source_start(d->t)
						       : test_sink_start(d->t);
	return d->state == NULL ? json_of_error(&d->t->err)
				: json_pack("{s:b}", "ok", 1);
}

static void
end_state(struct drive *d)
{
	if (d->state == NULL)
		return;
	if (d->t->class->kind == PS_KIND_SOURCE)
		test_source_ops(d->t)->destroy(d->state);
	else
		test_sink_ops(d->t)->destroy(d->state);
	d->state = NULL;
}

static json_t *
do_stop(struct drive *d, const json_t *line)
{
	(void)line;
	end_state(d);
	return json_pack("{s:b}", "ok", 1);
}

static json_t *
json_of_record(const struct ps_record *r)
{
	json_t *j = json_pack("{s:s, s:o, s:o}", "topic", r->topic, "value",
	    json_of_value(&r->value, r->value_schema), "partition",
	    json_of_value(test_host_partition_map(r->source_partition), NULL));

	if (r->source_offset.type != PS_NULL)
		json_object_set_new(j, "offset",
		    json_of_value(&r->source_offset, NULL));
	if (r->outcome == PS_DROPPED)
		json_object_set_new(j, "dropped", json_true());
	if (r->failure != NULL)
		json_object_set_new(j, "failure",
		    json_string(r->failure->error.text));
	return j;
}

/* ["poll", with_schema] */
static json_t *
do_poll(struct drive *d, const json_t *line)
{
	struct ps_error err = { .code = PS_OK };
	json_t *records = json_array(), *answer, *failure;
	int r;

	batch_reset(d->b, 1 << 20);
	d->b->budget_bytes = d->b->budget_bytes;
	r = test_source_ops(d->t)->poll(d->state, d->b, &err);
	for (size_t i = 0; i < d->b->count; i++)
		json_array_append_new(records,
		    json_of_record(&d->b->records[i]));
	answer =
	    json_pack("{s:o, s:s}", "records", records, "cause", d->t->cause);
	if (json_is_true(json_array_get(line, 1)) && d->b->count > 0)
		json_object_set_new(answer, "schema",
		    json_of_schema(d->b->records[0].value_schema));
	if (r < 0) {
		failure = json_of_error(&err);
		json_object_update(answer, failure);
		json_decref(failure);
	} else {
		json_object_set_new(answer, "ok", json_integer(r));
	}
	return answer;
}

static double
seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double
cpu_seconds(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return seconds_of(u.ru_utime) + seconds_of(u.ru_stime);
}

static double
wall_seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long
peak_kb(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

/* ["drain", rows]: polls until that many rows came. */
static json_t *
do_drain(struct drive *d, const json_t *line)
{
	struct ps_error err = { .code = PS_OK };
	json_int_t want = json_integer_value(json_array_get(line, 1)), n = 0;
	double cpu = cpu_seconds(), wall = wall_seconds();

	while (n < want) {
		batch_reset(d->b, 4 << 20);
		if (test_source_ops(d->t)->poll(d->state, d->b, &err) < 0)
			return json_of_error(&err);
		n += (json_int_t)d->b->count;
	}
	return json_pack("{s:I, s:f, s:f, s:i}", "ok", n, "cpu",
	    cpu_seconds() - cpu, "wall", wall_seconds() - wall, "peak_kb",
	    (int)peak_kb());
}

static size_t
read_positions(struct drive *d, const json_t *list,
    struct ps_topic_position *out, size_t room)
{
	size_t n = json_array_size(list);

	assert(n <= room);
	for (size_t i = 0; i < n; i++) {
		const json_t *p = json_array_get(list, i);

		out[i].topic = ps_strdup(d->t->arena,
		    json_string_value(json_array_get(p, 0)));
		out[i].partition =
		    (int32_t)json_integer_value(json_array_get(p, 1));
		out[i].offset = json_integer_value(json_array_get(p, 2));
	}
	return n;
}

static json_t *
do_open(struct drive *d, const json_t *line)
{
	struct ps_topic_position tps[64];
	struct ps_error err = { .code = PS_OK };
	size_t n = read_positions(d, json_array_get(line, 1), tps, 64);
	json_t *list = json_array();

	if (test_sink_ops(d->t)->open(d->state, tps, n, &err) != 0) {
		json_decref(list);
		return json_of_error(&err);
	}
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_integer(tps[i].offset));
	return json_pack("{s:o}", "ok", list);
}

static void
add_record(struct drive *d, const json_t *j)
{
	struct ps_record *r = ps_batch_add(d->b);

	r->topic = r->origin_topic =
	    ps_strdup(d->b->arena, json_string_value(json_array_get(j, 0)));
	r->partition = r->origin_partition =
	    (int32_t)json_integer_value(json_array_get(j, 1));
	r->origin_offset = json_integer_value(json_array_get(j, 2));
	datum_of_json(&d->t->h, d->b->arena, json_array_get(j, 3), &r->key,
	    &r->key_schema);
	datum_of_json(&d->t->h, d->b->arena, json_array_get(j, 4), &r->value,
	    &r->value_schema);
	/* A string is also what a sink gets that takes bytes. */
	if (r->value.type == PS_STRING)
		r->raw_value = (struct ps_slice){ r->value.s, r->value.len };
}

/* [[partition, offset, why], …] since the last put. */
static json_t *
reports(struct drive *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->t->reported; i++)
		json_array_append_new(list,
		    json_pack("[i, I, o]", (int)d->t->reports[i].partition,
			(json_int_t)d->t->reports[i].offset,
			json_of_text(d->t->reports[i].why)));
	d->t->reported = 0;
	return list;
}

/* ["put", [[topic, partition, offset, key, value], …]] */
static json_t *
do_put(struct drive *d, const json_t *line)
{
	struct ps_error err = { .code = PS_OK };
	json_t *j, *answer;
	size_t i;
	int r;

	batch_reset(d->b, 1 << 20);
	json_array_foreach(json_array_get(line, 1), i, j) add_record(d, j);
	r = test_sink_ops(d->t)->put(d->state, d->b, &err);
	answer = r < 0 ? json_of_error(&err) : json_pack("{s:b}", "ok", 1);
	json_object_set_new(answer, "reports", reports(d));
	json_object_set_new(answer, "cause", json_of_text(d->t->cause));
	return answer;
}

/* ["pre_commit", [[topic, partition, offset], …]]: what may be committed */
static json_t *
do_pre_commit(struct drive *d, const json_t *line)
{
	struct ps_topic_position tps[64];
	struct ps_error err = { .code = PS_OK };
	size_t n = read_positions(d, json_array_get(line, 1), tps, 64);
	const struct ps_sink_ops *ops = test_sink_ops(d->t);
	json_t *list;

	if (ops->pre_commit != NULL &&
	    ops->pre_commit(d->state, tps, n, &err) != 0)
		return json_of_error(&err);
	list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_integer(tps[i].offset));
	return json_pack("{s:o}", "ok", list);
}

/* ["stopping"]: the task is asked to end from here on */
static json_t *
do_stopping(struct drive *d, const json_t *line)
{
	(void)line;
	d->t->is_stopping = true;
	test_host_wake(d->t);
	return json_pack("{s:b}", "ok", 1);
}

/* ["load_put", rounds, records]: the same records again and again, offsets
 * counted on: what put() costs. */
static json_t *
do_load_put(struct drive *d, const json_t *line)
{
	struct ps_error err = { .code = PS_OK };
	json_int_t rounds = json_integer_value(json_array_get(line, 1));
	double cpu, wall;
	json_t *j;
	size_t i;

	batch_reset(d->b, 1 << 20);
	json_array_foreach(json_array_get(line, 2), i, j) add_record(d, j);
	cpu = cpu_seconds();
	wall = wall_seconds();
	for (json_int_t k = 0; k < rounds; k++) {
		if (test_sink_ops(d->t)->put(d->state, d->b, &err) < 0)
			return json_of_error(&err);
		for (i = 0; i < d->b->count; i++)
			d->b->records[i].origin_offset += (int64_t)d->b->count;
	}
	return json_pack("{s:I, s:f, s:f, s:i}", "ok",
	    rounds * (json_int_t)d->b->count, "cpu", cpu_seconds() - cpu,
	    "wall", wall_seconds() - wall, "peak_kb", (int)peak_kb());
}

/* ["alter", [[topic, partition, offset], …]]: a sink's */
static json_t *
do_alter(struct drive *d, const json_t *line)
{
	struct ps_topic_position tps[64];
	struct ps_error err = { .code = PS_OK };
	size_t n = read_positions(d, json_array_get(line, 1), tps, 64);
	int r = test_sink_ops(d->t)->alter_offsets(&d->t->h, &d->t->config, tps,
	    n, &err);

	return r < 0 ? json_of_error(&err) : json_pack("{s:i}", "ok", r);
}

static const struct command {
	const char *name;
	json_t *(*run)(struct drive *d, const json_t *line);
} commands[] = {
	{ "load", do_load },
	{ "set", do_set },
	{ "budget", do_budget },
	{ "intolerant", do_intolerant },
	{ "validate", do_validate },
	{ "tasks", do_tasks },
	{ "watch", do_watch },
	{ "start", do_start },
	{ "stop", do_stop },
	{ "poll", do_poll },
	{ "drain", do_drain },
	{ "open", do_open },
	{ "put", do_put },
	{ "pre_commit", do_pre_commit },
	{ "stopping", do_stopping },
	{ "load_put", do_load_put },
	{ "alter", do_alter },
	{ "converter", do_converter },
	{ "transcode", do_transcode },
	{ "validate_converter", do_validate_converter },
};

static json_t *
run(struct drive *d, const json_t *line)
{
	const char *name = json_string_value(json_array_get(line, 0));

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(d, line);
	return json_pack("{s:s, s:s}", "error", "USAGE", "text", name);
}

int
main(void)
{
	struct drive d = { .stored = json_array() };
	json_t *line, *answer;
	json_error_t bad;
	size_t used;

	the_drive = &d;
	used = JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY;
	while ((line = json_loadf(stdin, used, &bad)) != NULL) {
		answer = run(&d, line);
		(void)json_dumpf(answer, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		(void)fflush(stdout);
		json_decref(answer);
		json_decref(line);
	}
	transcode_end();
	end_state(&d);
	batch_free(&d.b);
	test_host_free(&d.t);
	json_decref(d.stored);
	return 0;
}
