#include "store/wire.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"

/* One worker's lists are as long as its tasks are many, and no longer. */
#define SLOTS_MAX        100000
#define MARK_ARENA_BYTES 1024

/* ---- who --------------------------------------------------------------- */

char *
wire_incarnation(struct ps_arena *a, uint64_t incarnation)
{
	return ps_printf(a, "%016" PRIx64, incarnation);
}

int
wire_parse_incarnation(const char *text, uint64_t *out)
{
	char *end;

	if (text == NULL || strlen(text) != 16 ||
	    strspn(text, "0123456789abcdef") != 16)
		return -1;
	*out = strtoull(text, &end, 16);
	return 0;
}

static json_t *
put_who(struct ps_arena *a, const struct who *w)
{
	if (who_is_nobody(w))
		return json_null();
	return json_pack("{s:s,s:s}", "id", w->id, "incarnation",
	    wire_incarnation(a, w->incarnation));
}

static int
get_who(struct ps_arena *a, const json_t *j, struct who *out,
    struct ps_error *err)
{
	const char *id, *incarnation;

	*out = (struct who){ 0 };
	if (j == NULL || json_is_null(j))
		return 0;
	if (js_get_str(j, "id", &id, err) != 0 ||
	    js_get_str(j, "incarnation", &incarnation, err) != 0)
		return -1;
	if (wire_parse_incarnation(incarnation, &out->incarnation) != 0 ||
	    out->incarnation == 0)
		return ps_fail(err, PS_E_DATA,
		    "\"incarnation\" is '%s', expected 16 hexadecimal digits",
		    incarnation);
	out->id = ps_strdup(a, id);
	return 0;
}

/* One that must be there. */
static int
get_someone(struct ps_arena *a, const json_t *obj, const char *name,
    struct who *out, struct ps_error *err)
{
	if (get_who(a, json_object_get(obj, name), out, err) != 0)
		return -1;
	if (who_is_nobody(out))
		return ps_fail(err, PS_E_DATA, "\"%s\" is missing", name);
	return 0;
}

static int
get_array(const json_t *obj, const char *name, const json_t **out,
    struct ps_error *err)
{
	*out = json_object_get(obj, name);
	if (*out == NULL)
		return 0;
	if (!json_is_array(*out) || json_array_size(*out) > SLOTS_MAX)
		return ps_fail(err, PS_E_DATA,
		    "\"%s\" is no array of at most %d", name, SLOTS_MAX);
	return 0;
}

/* ---- texts ------------------------------------------------------------- */

/* Takes the reference. */
static char *
text_of(struct ps_arena *a, int version, json_t *j)
{
	char *text;

	assert(version >= WIRE_FIRST && version <= WIRE_VERSION);
	(void)json_object_set_new(j, "v", json_integer(version));
	text = js_dump(a, j);
	json_decref(j);
	return text;
}

static json_t *
put_answers(const struct beat *b)
{
	json_t *answers = json_array(), *tasks;

	for (size_t i = 0; i < b->answer_count; i++) {
		const struct beat_answer *one = &b->answers[i];

		tasks = json_array();
		for (size_t t = 0; t < one->task_count; t++)
			(void)json_array_append_new(tasks,
			    json_integer(one->tasks[t]));
		(void)json_array_append_new(answers,
		    json_pack("{s:s,s:I,s:o}", "connector", one->connector,
			"epoch", (json_int_t)one->epoch, "stopping", tasks));
	}
	return answers;
}

char *
wire_beat(struct ps_arena *a, const struct beat *b)
{
	return text_of(a, WIRE_FIRST,
	    json_pack("{s:o,s:I,s:s,s:I,s:I,s:I,s:i,s:o,s:f}", "beat",
		put_who(a, &b->who), "number", (json_int_t)b->number, "host",
		b->host, "born", (json_int_t)b->born_ms, "since",
		(json_int_t)b->since, "epoch", (json_int_t)b->epoch, "flags",
		(int)b->flags, "answers", put_answers(b), "load", b->load));
}

char *
wire_verdict(struct ps_arena *a, const struct who *who)
{
	return text_of(a, WIRE_FIRST,
	    json_pack("{s:o}", "verdict", put_who(a, who)));
}

char *
wire_claim(struct ps_arena *a, const struct claim *c)
{
	return text_of(a, c->version,
	    json_pack("{s:o,s:s,s:I}", "leader", put_who(a, &c->who), "url",
		c->url, "epoch", (json_int_t)c->epoch));
}

char *
wire_assignment(struct ps_arena *a, const struct assignment *as)
{
	json_t *tasks = json_array(), *debts = json_array();

	for (size_t i = 0; i < as->task_count; i++)
		(void)json_array_append_new(tasks, put_who(a, &as->tasks[i]));
	for (size_t i = 0; i < as->debt_count; i++) {
		const struct debt *d = &as->debts[i];

		(void)json_array_append_new(debts,
		    json_pack("{s:o,s:I,s:I}", "who", put_who(a, &d->who),
			"epoch", (json_int_t)d->epoch, "generation",
			(json_int_t)d->generation));
	}
	return text_of(a, as->version,
	    json_pack("{s:I,s:I,s:o,s:o,s:o}", "epoch", (json_int_t)as->epoch,
		"generation", (json_int_t)as->generation, "connector",
		put_who(a, &as->connector), "tasks", tasks, "owed", debts));
}

char *
wire_member(struct ps_arena *a, const struct member_info *m)
{
	return text_of(a, WIRE_FIRST,
	    json_pack("{s:o,s:s,s:I,s:s,s:f,s:s?,s:s?,s:i}", "worker",
		put_who(a, &m->who), "host", m->host, "born",
		(json_int_t)m->born_ms, "url", m->url, "capacity", m->capacity,
		"labels", m->labels, "plugins", m->plugins, "version",
		m->version));
}

char *
wire_cluster(struct ps_arena *a, const char *group, int64_t since)
{
	return text_of(a, WIRE_FIRST,
	    json_pack("{s:s,s:I}", "group", group, "since", (json_int_t)since));
}

/* ---- reading ----------------------------------------------------------- */

static json_t *
refuse_version(json_t *j, const char *what, int64_t version,
    struct ps_error *err)
{
	(void)ps_fail(err, PS_E_DATA,
	    "%s has format version %lld, this worker reads 1 to %d", what,
	    (long long)version, WIRE_VERSION);
	json_decref(j);
	return NULL;
}

/* Also of a newer format. */
static json_t *
parse_any(const void *value, size_t len, const char *what, int *version,
    struct ps_error *err)
{
	json_t *j = js_parse(value, len, what, err);
	int64_t v;

	if (j == NULL)
		return NULL;
	v = js_opt_int(j, "v", 0);
	if (v < WIRE_FIRST)
		return refuse_version(j, what, v, err);
	*version = v > INT_MAX ? INT_MAX : (int)v;
	return j;
}

static json_t *
parse(const void *value, size_t len, const char *what, struct ps_error *err)
{
	int version;
	json_t *j = parse_any(value, len, what, &version, err);

	return j == NULL || version <= WIRE_VERSION
		   ? j
		   : refuse_version(j, what, version, err);
}

static int
get_stopping(struct ps_arena *a, const json_t *list, struct beat_answer *out,
    struct ps_error *err)
{
	int *tasks = ps_calloc(a, json_array_size(list) + 1, sizeof *tasks);
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (!json_is_integer(one))
			return ps_fail(err, PS_E_DATA,
			    "\"stopping\" of connector %s holds something "
			    "that is no number",
			    out->connector);
		tasks[i] = (int)json_integer_value(one);
	}
	out->tasks = tasks;
	out->task_count = json_array_size(list);
	return 0;
}

static int
get_answers(struct ps_arena *a, const json_t *list, struct beat *out,
    struct ps_error *err)
{
	struct beat_answer *answers =
	    ps_calloc(a, json_array_size(list) + 1, sizeof *answers);
	const json_t *one, *stopping;
	const char *name;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (js_get_str(one, "connector", &name, err) != 0 ||
		    js_get_int(one, "epoch", &answers[i].epoch, err) != 0 ||
		    get_array(one, "stopping", &stopping, err) != 0)
			return ps_fail_in(err, "answer %zu", i);
		answers[i].connector = ps_strdup(a, name);
		if (get_stopping(a, stopping, &answers[i], err) != 0)
			return -1;
	}
	out->answers = answers;
	out->answer_count = json_array_size(list);
	return 0;
}

static int
get_beat(struct ps_arena *a, const json_t *j, struct beat *out,
    struct ps_error *err)
{
	const json_t *answers;
	const char *host;
	int64_t flags;

	if (get_someone(a, j, "beat", &out->who, err) != 0 ||
	    js_get_int(j, "number", &out->number, err) != 0 ||
	    js_get_str(j, "host", &host, err) != 0 ||
	    js_get_int(j, "born", &out->born_ms, err) != 0 ||
	    js_get_int(j, "since", &out->since, err) != 0 ||
	    js_get_int(j, "epoch", &out->epoch, err) != 0 ||
	    js_get_int(j, "flags", &flags, err) != 0 ||
	    get_array(j, "answers", &answers, err) != 0)
		return -1;
	out->host = ps_strdup(a, host);
	out->flags = (unsigned)flags;
	out->load = json_number_value(json_object_get(j, "load"));
	return get_answers(a, answers, out, err);
}

int
wire_read_lease(struct ps_arena *a, const void *value, size_t len,
    struct wire_lease *out, struct ps_error *err)
{
	json_t *j = parse(value, len, "record of the lease topic", err);
	int rc;

	*out = (struct wire_lease){ 0 };
	if (j == NULL)
		return -1;
	out->is_verdict = json_object_get(j, "verdict") != NULL;
	rc = out->is_verdict ? get_someone(a, j, "verdict", &out->verdict, err)
			     : get_beat(a, j, &out->beat, err);
	json_decref(j);
	return rc;
}

static int
get_claim(struct ps_arena *a, const json_t *j, struct claim *out,
    struct ps_error *err)
{
	const char *url;

	if (get_someone(a, j, "leader", &out->who, err) != 0 ||
	    js_get_str(j, "url", &url, err) != 0 ||
	    js_get_int(j, "epoch", &out->epoch, err) != 0)
		return -1;
	out->url = ps_strdup(a, url);
	return 0;
}

int
wire_read_claim(struct ps_arena *a, const void *value, size_t len,
    struct claim *out, struct ps_error *err)
{
	int rc = 0;
	json_t *j;

	*out = (struct claim){ .url = "" };
	j = parse_any(value, len, "penstock-leader", &out->version, err);
	if (j == NULL)
		return -1;
	out->unreadable = out->version > WIRE_VERSION;
	if (!out->unreadable)
		rc = get_claim(a, j, out, err);
	json_decref(j);
	return rc;
}

static int
get_tasks(struct ps_arena *a, const json_t *list, struct assignment *out,
    struct ps_error *err)
{
	const json_t *one;
	size_t i;

	out->task_count = json_array_size(list);
	out->tasks = ps_calloc(a, out->task_count + 1, sizeof *out->tasks);
	json_array_foreach(list, i, one)
	{
		if (get_who(a, one, &out->tasks[i], err) != 0)
			return ps_fail_in(err, "task %zu", i);
	}
	return 0;
}

static int
get_debts(struct ps_arena *a, const json_t *list, struct assignment *out,
    struct ps_error *err)
{
	const json_t *one;
	size_t i;

	out->debt_count = json_array_size(list);
	out->debts = ps_calloc(a, out->debt_count + 1, sizeof *out->debts);
	json_array_foreach(list, i, one)
	{
		struct debt *d = &out->debts[i];

		if (get_someone(a, one, "who", &d->who, err) != 0 ||
		    js_get_int(one, "epoch", &d->epoch, err) != 0 ||
		    js_get_int(one, "generation", &d->generation, err) != 0)
			return ps_fail_in(err, "owed %zu", i);
	}
	return 0;
}

static int
get_assignment(struct ps_arena *a, const json_t *j, struct assignment *out,
    struct ps_error *err)
{
	const json_t *tasks, *debts;

	if (js_get_int(j, "epoch", &out->epoch, err) != 0 ||
	    js_get_int(j, "generation", &out->generation, err) != 0 ||
	    get_array(j, "tasks", &tasks, err) != 0 ||
	    get_array(j, "owed", &debts, err) != 0 ||
	    get_who(a, json_object_get(j, "connector"), &out->connector, err) !=
		0)
		return -1;
	if (get_tasks(a, tasks, out, err) != 0)
		return -1;
	return get_debts(a, debts, out, err);
}

int
wire_read_assignment(struct ps_arena *a, const void *value, size_t len,
    struct assignment *out, struct ps_error *err)
{
	int rc = 0;
	json_t *j;

	*out = (struct assignment){ .generation = -1 };
	j = parse_any(value, len, "assignment", &out->version, err);
	if (j == NULL)
		return -1;
	out->unreadable = out->version > WIRE_VERSION;
	if (!out->unreadable)
		rc = get_assignment(a, j, out, err);
	json_decref(j);
	return rc;
}

int
wire_read_member(struct ps_arena *a, const void *value, size_t len,
    struct member_info *out, struct ps_error *err)
{
	json_t *j = parse(value, len, "penstock-worker", err);
	const char *host = "", *url = "", *labels, *plugins;
	int rc = -1;

	*out = (struct member_info){ 0 };
	if (j == NULL)
		return -1;
	if (get_someone(a, j, "worker", &out->who, err) == 0 &&
	    js_get_str(j, "host", &host, err) == 0 &&
	    js_get_str(j, "url", &url, err) == 0)
		rc = 0;
	out->host = ps_strdup(a, host);
	out->born_ms = js_opt_int(j, "born", 0);
	out->url = ps_strdup(a, url);
	out->capacity = json_number_value(json_object_get(j, "capacity"));
	labels = js_opt_str(j, "labels");
	out->labels = labels == NULL ? NULL : ps_strdup(a, labels);
	plugins = js_opt_str(j, "plugins");
	out->plugins = plugins == NULL ? NULL : ps_strdup(a, plugins);
	out->version = (int)js_opt_int(j, "version", 1);
	json_decref(j);
	return rc;
}

int
wire_read_cluster(struct ps_arena *a, const void *value, size_t len,
    const char **group, int64_t *since, struct ps_error *err)
{
	json_t *j = parse(value, len, "penstock-cluster", err);
	const char *text;
	int rc = -1;

	if (j == NULL)
		return -1;
	if (js_get_str(j, "group", &text, err) == 0) {
		*group = ps_strdup(a, text);
		*since = js_opt_int(j, "since", MARK_NEW);
		rc = 0;
	}
	json_decref(j);
	return rc;
}

int
wire_read_mark(struct mark *m, const void *value, size_t len, int64_t offset,
    struct ps_error *err)
{
	struct ps_arena *a = arena_new(MARK_ARENA_BYTES);
	const char *group = NULL;
	int64_t since = MARK_NEW;
	int rc = 0;

	if (value != NULL)
		rc = wire_read_cluster(a, value, len, &group, &since, err);
	if (rc == 0)
		mark_read(m, group, since, offset);
	arena_free(&a);
	return rc;
}
