#include "tests/plugins/vectors.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include <penstock/converter.h>
#include <penstock/transform.h>

#include "record/batch.h"
#include "tests/connectors/host.h"

#define ROOM 262144

enum column { CLASS, OPERATION, CONFIG, INPUT, OUTCOME, OUTPUT, COLUMNS };

struct vector {
	char *column[COLUMNS];
	char in[ROOM], out[ROOM], escaped[ROOM];
	size_t in_len, out_len;
	struct ps_error err;
};

static size_t
unescape(char *to, const char *s)
{
	char *start = to, hex[3] = "";

	while (*s != '\0') {
		if (s[0] != '\\' || s[1] != 'x') {
			*to++ = *s++;
			continue;
		}
		memcpy(hex, s + 2, 2);
		*to++ = (char)strtol(hex, NULL, 16);
		s += 4;
	}
	return (size_t)(to - start);
}

static void
escape(char *to, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c > 0x7e || c == '\\')
			to += sprintf(to, "\\x%02x", c);
		else
			*to++ = (char)c;
	}
	*to = '\0';
}

/* Which .so stands in for a Java package. */
static const char *
folder_of(const char *class)
{
	static const struct {
		const char *package, *folder;
	} rows[] = {
		{ "org.apache.kafka.connect.json.", "json" },
		{ "org.apache.kafka.connect.transforms.predicates.",
		    "predicates" },
		{ "org.apache.kafka.connect.transforms.", "transforms" },
		{ "org.apache.kafka.connect.", "primitive" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strncmp(class, rows[i].package, strlen(rows[i].package)) ==
		    0)
			return rows[i].folder;
	abort();
}

static struct test_host *
host_for(const char *class, const char *config)
{
	struct test_host *t =
	    test_host_new(folder_of(class), strrchr(class, '.') + 1);
	char *copy = strdup(config), *save = NULL;

	for (char *kv = strtok_r(copy, ";", &save); kv != NULL;
	     kv = strtok_r(NULL, ";", &save)) {
		char *value = strchr(kv, '=');

		*value = '\0';
		test_host_set(t, kv, value + 1);
	}
	free(copy);
	return t;
}

/* The envelope's value and schema, by our own JsonConverter. */
static int
read_envelope(struct test_host *t, struct vector *v, struct ps_batch *b,
    enum ps_part part)
{
	const struct ps_converter_ops *ops = t->class->ops;
	struct ps_record *r = ps_batch_add(b);
	struct ps_slice raw = { (const uint8_t *)v->in, v->in_len };
	void *state = ops->create(&t->h, t->class, &t->config, &v->err);

	r->topic = "orders";
	r->partition = r->origin_partition = 3;
	r->origin_topic = "orders";
	r->origin_offset = 42;
	r->timestamp = 1700000000000;
	*(part == PS_PART_KEY ? &r->raw_key : &r->raw_value) = raw;
	ops->decode(state, b, &r, 1, part);
	ops->destroy(state);
	if (r->outcome != PS_FAILED)
		return 0;
	v->err = r->failure->error;
	return -1;
}

static const char *
write_raw(struct vector *v, struct ps_slice raw)
{
	if (raw.data == NULL)
		return "null";
	memcpy(v->out + v->out_len, raw.data, raw.len);
	v->out_len += raw.len;
	return "ok";
}

static const char *
run_converter(struct test_host *t, struct vector *v, struct ps_batch *b)
{
	const struct ps_converter_ops *ops = t->class->ops;
	struct ps_record *r = &b->records[0];
	void *state = ops->create(&t->h, t->class, &t->config, &v->err);
	bool decodes = strcmp(v->column[OPERATION], "decode") == 0;
	bool check_failed = false;

	if (state == NULL)
		return "fail";
	if (decodes) {
		r->raw_value =
		    (struct ps_slice){ (const uint8_t *)v->in, v->in_len };
		if (ops->check != NULL)
			ops->check(state, b, &r, 1, PS_PART_VALUE);
		check_failed = r->outcome == PS_FAILED;
		r->outcome = PS_KEPT;
		ops->decode(state, b, &r, 1, PS_PART_VALUE);
		cr_expect(ops->check == NULL ||
			      check_failed == (r->outcome == PS_FAILED),
		    "check and decode differ: %s", v->column[INPUT]);
	} else {
		ops->encode(state, b, &r, 1, PS_PART_VALUE);
	}
	ops->destroy(state);
	if (r->outcome == PS_FAILED) {
		v->err = r->failure->error;
		return "fail";
	}
	if (!decodes)
		return write_raw(v, r->raw_value);
	v->out_len = vectors_dump(v->out, ROOM, r->value_schema, &r->value);
	return "ok";
}

static const char *
run_header(struct test_host *t, struct vector *v, struct ps_batch *b)
{
	const struct ps_header_converter_ops *ops = t->class->ops;
	void *state = ops->create(&t->h, t->class, &t->config, &v->err);
	struct ps_header h = { .name = "h", .name_len = 1 };
	bool decodes = strcmp(v->column[OPERATION], "header-decode") == 0;
	int rc;

	h.raw = (struct ps_slice){ (const uint8_t *)v->in, v->in_len };
	if (!decodes) {
		h.value = b->records[0].value;
		h.schema = b->records[0].value_schema;
	}
	rc = decodes ? ops->decode(state, b->arena, "orders", &h, &v->err)
		     : ops->encode(state, b->arena, "orders", &h, &v->err);
	ops->destroy(state);
	if (rc < 0)
		return "fail";
	if (!decodes)
		return write_raw(v, h.raw);
	v->out_len = vectors_dump(v->out, ROOM, h.schema, &h.value);
	return "ok";
}

static const char *
run_predicate(struct test_host *t, struct vector *v, struct ps_batch *b)
{
	const struct ps_predicate_ops *ops = t->class->ops;
	void *state = ops->create(&t->h, t->class, &t->config, &v->err);
	struct ps_header origin = { .name = "origin", .name_len = 6 };
	bool is;

	if (state == NULL)
		return "fail";
	b->records[0].headers = &origin;
	b->records[0].header_count = 1;
	is = ops->test(state, &b->records[0]);
	ops->destroy(state);
	v->out_len = (size_t)sprintf(v->out, "%s", is ? "true" : "false");
	return "ok";
}

/* The topic, a space and what the transform left: its envelope, or without a
 * schema a dump, as Java's maps have an order of their own. */
static const char *
write_result(struct test_host *json, struct vector *v, struct ps_batch *b,
    bool key)
{
	const struct ps_converter_ops *ops = json->class->ops;
	struct ps_record *r = &b->records[0];
	enum ps_part part = key ? PS_PART_KEY : PS_PART_VALUE;
	void *state;

	v->out_len = (size_t)sprintf(v->out, "%s ", r->topic);
	if ((key ? r->key_schema : r->value_schema) == NULL) {
		(void)vectors_dump(v->escaped, ROOM, NULL,
		    key ? &r->key : &r->value);
		v->out_len += (size_t)sprintf(v->out + v->out_len, "%s",
		    v->escaped + strlen("- "));
		return "ok";
	}
	state = ops->create(&json->h, json->class, &json->config, &v->err);
	ops->encode(state, b, &r, 1, part);
	ops->destroy(state);
	if (r->outcome != PS_FAILED)
		return write_raw(v, key ? r->raw_key : r->raw_value);
	v->err = r->failure->error;
	return "fail";
}

static const char *
run_transform(struct test_host *t, struct test_host *json, struct vector *v,
    struct ps_batch *b)
{
	const struct ps_transform_ops *ops = t->class->ops;
	void *state = ops->create(&t->h, t->class, &t->config, &v->err);
	struct ps_record *r = &b->records[0];
	const char *outcome;

	if (state == NULL)
		return "fail";
	ops->apply(state, b, &r, 1);
	if (r->outcome == PS_FAILED) {
		v->err = r->failure->error;
		outcome = "fail";
	} else if (r->outcome == PS_DROPPED) {
		outcome = "null";
	} else {
		outcome = write_result(json, v, b,
		    strstr(v->column[CLASS], "$Key") != NULL);
	}
	ops->destroy(state);
	return outcome;
}

static const char *
run(struct test_host *t, struct test_host *json, struct vector *v,
    struct ps_batch *b)
{
	const char *op = v->column[OPERATION];
	bool key = strstr(v->column[CLASS], "$Key") != NULL;

	if (strstr(op, "decode") != NULL)
		(void)ps_batch_add(b);
	else if (read_envelope(json, v, b, key ? PS_PART_KEY : PS_PART_VALUE) <
		 0)
		return "fail";
	switch (t->class->kind) {
	case PS_KIND_CONVERTER:
		return run_converter(t, v, b);
	case PS_KIND_HEADER_CONVERTER:
		return run_header(t, v, b);
	case PS_KIND_PREDICATE:
		return run_predicate(t, v, b);
	case PS_KIND_TRANSFORM:
		return run_transform(t, json, v, b);
	case PS_KIND_SOURCE:
	case PS_KIND_SINK:
	case PS_KIND_PROVIDER:
		break;
	}
	abort();
}

/* The text of a failure begins as Connect's, behind where it happened. */
static bool
same_failure(const struct vector *v)
{
	char *theirs = strndup(v->column[OUTPUT], 24), *cut;
	bool same;

	cut = strpbrk(theirs, "\"\\:");
	if (cut != NULL)
		*cut = '\0';
	same = strstr(v->err.text, theirs) != NULL;
	free(theirs);
	return same;
}

static void
run_line(struct vector *v, size_t number)
{
	struct test_host *t = host_for(v->column[CLASS], v->column[CONFIG]);
	struct test_host *json = test_host_new("json", "JsonConverter");
	struct ps_batch *b = batch_new(4096);
	const char *outcome;

	if (strncmp(v->column[OPERATION], "header-", 7) == 0)
		test_host_kind(t, PS_KIND_HEADER_CONVERTER);
	ps_error_clear(&v->err);
	v->out_len = 0;
	v->in_len = unescape(v->in, v->column[INPUT]);
	outcome = run(t, json, v, b);
	escape(v->escaped, v->out, v->out_len);
	cr_expect(strcmp(outcome, v->column[OUTCOME]) == 0,
	    "line %zu: %s %s %s of %.200s is %s (%s%s), expected %s (%s)",
	    number, v->column[CLASS], v->column[OPERATION], v->column[CONFIG],
	    v->column[INPUT], outcome, v->err.text, v->escaped,
	    v->column[OUTCOME], v->column[OUTPUT]);
	if (strcmp(outcome, "ok") == 0 && strcmp(v->column[OUTCOME], "ok") == 0)
		cr_expect(strcmp(v->escaped, v->column[OUTPUT]) == 0,
		    "line %zu: %s %s %s of %.200s is\n%s, expected\n%s", number,
		    v->column[CLASS], v->column[OPERATION], v->column[CONFIG],
		    v->column[INPUT], v->escaped, v->column[OUTPUT]);
	if (strcmp(outcome, "fail") == 0 &&
	    strcmp(v->column[OUTCOME], "fail") == 0)
		cr_expect(same_failure(v), "line %zu: \"%s\", expected \"%s\"",
		    number, v->err.text, v->column[OUTPUT]);
	batch_free(&b);
	test_host_free(&t);
	test_host_free(&json);
}

size_t
vectors_run(const char *file)
{
	struct vector *v = calloc(1, sizeof *v);
	char path[4096], *line = NULL, *rest;
	size_t room = 0, number = 0, count = 0;
	FILE *f;

	(void)snprintf(path, sizeof path, TESTS "/data/vectors/%s.tsv", file);
	f = fopen(path, "r");
	cr_assert(f != NULL, "%s cannot be read", path);
	while (getline(&line, &room, f) >= 0) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		rest = line;
		for (int i = 0; i < COLUMNS; i++)
			v->column[i] = strsep(&rest, "\t");
		cr_assert(v->column[OUTPUT] != NULL, "line %zu", number);
		run_line(v, number);
		count++;
	}
	free(line);
	free(v);
	(void)fclose(f);
	return count;
}
