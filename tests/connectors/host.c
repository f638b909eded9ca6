#include "tests/connectors/host.h"

#include <assert.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/xalloc.h"
#include "record/intern.h"
#include "record/value.h"

struct ps_source_partition {
	struct ps_value map;
	struct ps_source_partition *next;
};

static struct test_host *
of(const struct ps_host *h)
{
	return h->impl;
}

PS_PRINTF(3, 4)
static void
host_log(const struct ps_host *h, enum ps_level level, const char *fmt, ...)
{
	struct test_host *t = of(h);
	size_t used = strlen(t->log);
	va_list ap;

	(void)level;
	if (used > sizeof t->log / 2) {
		memmove(t->log, t->log + used / 2, used - used / 2 + 1);
		used = strlen(t->log);
	}
	va_start(ap, fmt);
	(void)vsnprintf(t->log + used, sizeof t->log - used - 1, fmt, ap);
	va_end(ap);
	used = strlen(t->log);
	t->log[used] = '\n';
	t->log[used + 1] = '\0';
}

static void
host_number(const struct ps_host *h, const char *name, double value)
{
	(void)h;
	(void)name;
	(void)value;
}

static bool
host_stopping(const struct ps_host *h)
{
	return of(h)->is_stopping;
}

static const struct ps_schema *
host_intern(const struct ps_host *h, const struct ps_schema *draft)
{
	return intern_schema(of(h)->schemas, of(h)->arena, draft);
}

static const struct ps_source_partition *
host_partition(const struct ps_host *h, const struct ps_value *map)
{
	struct test_host *t = of(h);
	struct ps_source_partition *p;

	for (p = t->partitions; p != NULL; p = p->next)
		if (value_equal(&p->map, map))
			return p;
	p = ps_calloc(t->arena, 1, sizeof *p);
	p->map = value_copy(t->arena, map);
	p->next = t->partitions;
	t->partitions = p;
	return p;
}

static int
host_stored_offset(const struct ps_host *h, const struct ps_source_partition *p,
    struct ps_arena *a, struct ps_value *offset)
{
	(void)p;
	if (of(h)->stored.type == PS_NULL)
		return 0;
	*offset = value_copy(a, &of(h)->stored);
	return 1;
}

static const struct ps_value *
host_partition_map(const struct ps_host *h, const struct ps_source_partition *p)
{
	(void)h;
	return test_host_partition_map(p);
}

static void
host_request_commit(const struct ps_host *h)
{
	of(h)->commits_requested++;
}

static void
host_retry_after(const struct ps_host *h, int64_t ms)
{
	of(h)->retry_ms = ms;
}

static void
host_positions(const struct ps_host *h, const struct ps_topic_position *tps,
    size_t count)
{
	(void)h;
	(void)tps;
	(void)count;
}

static int
host_report(const struct ps_host *h, const struct ps_record *r,
    const struct ps_error *why, struct ps_error *err)
{
	struct test_host *t = of(h);
	size_t i = t->reported % TEST_HOST_REPORTS;

	if (!t->tolerant)
		return ps_fail(err, PS_E_DATA, "%s", why->text);
	t->reports[i].partition = r->origin_partition;
	t->reports[i].offset = r->origin_offset;
	(void)snprintf(t->reports[i].why, sizeof t->reports[i].why, "%.255s",
	    why->text);
	t->reported++;
	/* As a task does. */
	((struct ps_record *)(uintptr_t)r)->outcome = PS_DROPPED;
	return 0;
}

static void
host_nothing(const struct ps_host *h)
{
	(void)h;
}

static void
host_raise_error(const struct ps_host *h, const struct ps_error *why)
{
	of(h)->err = *why;
}

static void
host_waiting(const struct ps_host *h, const char *cause)
{
	struct test_host *t = of(h);

	(void)snprintf(t->cause, sizeof t->cause, "%s",
	    cause == NULL ? "" : cause);
}

static void
host_set_mark(const struct ps_host *h, const char *topic, int32_t partition,
    int64_t mark)
{
	struct test_host *t = of(h);

	(void)topic;
	assert(partition < TEST_HOST_PARTITIONS);
	t->wanted_marks[partition] = mark;
	if (!t->keeps_marks_back)
		t->marks[partition] = mark;
}

static int64_t
host_mark(const struct ps_host *h, const char *topic, int32_t partition)
{
	(void)topic;
	assert(partition < TEST_HOST_PARTITIONS);
	return of(h)->marks[partition];
}

static const struct ps_class *
find_class(void *so, const char *name)
{
	const struct ps_plugin *p = dlsym(so, "penstock_plugin");

	assert(p != NULL && p->magic == PS_ABI_MAGIC);
	for (size_t i = 0; i < p->class_count; i++)
		if (strcmp(p->classes[i].name, name) == 0)
			return &p->classes[i];
	return NULL;
}

struct test_host *
test_host_new(const char *so, const char *class_name)
{
	struct test_host *t = xcalloc(1, sizeof *t);
	char path[4096];
	int wake[2];

	(void)snprintf(path, sizeof path, "%s/plugins/%s.so", BUILD, so);
	t->so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (t->so == NULL)
		(void)fprintf(stderr, "%s\n", dlerror());
	assert(t->so != NULL);
	t->class = find_class(t->so, class_name);
	assert(t->class != NULL);
	t->arena = arena_new(64 * 1024);
	t->schemas = intern_new(1000);
	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
		abort();
	t->wake_write = wake[1];
	t->retry_ms = -1;
	t->h = (struct ps_host){
		.size = sizeof t->h,
		.impl = t,
		.connector = "test",
		.wake_fd = wake[0],
		.budget_bytes = 64 << 20,
		.log = host_log,
		.count = host_number,
		.gauge = host_number,
		.stopping = host_stopping,
		.intern = host_intern,
		.partition = host_partition,
		.stored_offset = host_stored_offset,
		.request_commit = host_request_commit,
		.retry_after = host_retry_after,
		.pause = host_positions,
		.resume = host_positions,
		.report = host_report,
		.request_reconfiguration = host_nothing,
		.raise_error = host_raise_error,
		.waiting = host_waiting,
		.partition_map = host_partition_map,
		.set_mark = host_set_mark,
		.mark = host_mark,
	};
	for (size_t i = 0; i < t->class->key_count; i++)
		test_host_set(t, t->class->keys[i].name,
		    t->class->keys[i].default_value);
	return t;
}

void
test_host_kind(struct test_host *t, enum ps_kind kind)
{
	const struct ps_plugin *p = dlsym(t->so, "penstock_plugin");
	const char *name = t->class->name;

	t->class = NULL;
	for (size_t i = 0; i < p->class_count; i++)
		if (p->classes[i].kind == kind &&
		    strcmp(p->classes[i].name, name) == 0)
			t->class = &p->classes[i];
	assert(t->class != NULL);
}

void
test_host_free(struct test_host **tp)
{
	struct test_host *t = *tp;

	if (t == NULL)
		return;
	intern_free(&t->schemas);
	arena_free(&t->arena);
	(void)close(t->h.wake_fd);
	(void)close(t->wake_write);
	free(t);
	*tp = NULL;
}

void
test_host_set(struct test_host *t, const char *key, const char *value)
{
	size_t n = t->config.count, at = 0;
	struct ps_setting *s;
	bool there;

	while (at < n && strcmp(t->config.settings[at].key, key) < 0)
		at++;
	there = at < n && strcmp(t->config.settings[at].key, key) == 0;
	s = ps_calloc(t->arena, n + 1, sizeof *s);
	if (n > 0)
		memcpy(s, t->config.settings, at * sizeof *s);
	if (n > 0)
		memcpy(s + at + !there, t->config.settings + at,
		    (n - at) * sizeof *s);
	s[at].key = ps_strdup(t->arena, key);
	s[at].value = value == NULL ? NULL : ps_strdup(t->arena, value);
	t->config.settings = s;
	t->config.count = n + !there;
}

struct collector {
	struct ps_report rep;
	char text[8192];
};

PS_PRINTF(3, 4)
static void
collect(struct ps_report *rep, const char *key, const char *fmt, ...)
{
	struct collector *c = (struct collector *)rep;
	size_t used = strlen(c->text);
	va_list ap;

	(void)snprintf(c->text + used, sizeof c->text - used, "%s: ", key);
	used = strlen(c->text);
	va_start(ap, fmt);
	(void)vsnprintf(c->text + used, sizeof c->text - used, fmt, ap);
	va_end(ap);
	used = strlen(c->text);
	(void)snprintf(c->text + used, sizeof c->text - used, "\n");
}

const char *
test_host_validate(struct test_host *t)
{
	struct collector c = { .rep.error = collect };

	if (t->class->kind == PS_KIND_SOURCE &&
	    test_source_ops(t)->validate != NULL)
		test_source_ops(t)->validate(&t->h, &t->config, &c.rep);
	if (t->class->kind == PS_KIND_SINK &&
	    test_sink_ops(t)->validate != NULL)
		test_sink_ops(t)->validate(&t->h, &t->config, &c.rep);
	return ps_strdup(t->arena, c.text);
}

const struct ps_source_ops *
test_source_ops(const struct test_host *t)
{
	assert(t->class->kind == PS_KIND_SOURCE);
	return t->class->ops;
}

const struct ps_sink_ops *
test_sink_ops(const struct test_host *t)
{
	assert(t->class->kind == PS_KIND_SINK);
	return t->class->ops;
}

void *
test_source_start(struct test_host *t)
{
	const struct ps_source_ops *ops = test_source_ops(t);
	void *state;

	ps_error_clear(&t->err);
	state = ops->create(&t->h, t->class, &t->config, &t->err);
	if (state != NULL && ops->start != NULL &&
	    ops->start(state, &t->err) != 0) {
		ops->destroy(state);
		return NULL;
	}
	return state;
}

void *
test_sink_start(struct test_host *t)
{
	const struct ps_sink_ops *ops = test_sink_ops(t);
	void *state;

	ps_error_clear(&t->err);
	state = ops->create(&t->h, t->class, &t->config, &t->err);
	if (state != NULL && ops->start != NULL &&
	    ops->start(state, &t->err) != 0) {
		ops->destroy(state);
		return NULL;
	}
	return state;
}

const struct ps_value *
test_host_partition_map(const struct ps_source_partition *p)
{
	return &p->map;
}

void
test_host_wake(struct test_host *t)
{
	if (write(t->wake_write, "x", 1) != 1)
		abort();
}

void
test_host_unwake(struct test_host *t)
{
	char c;

	while (read(t->h.wake_fd, &c, 1) == 1)
		continue;
}

struct ps_record *
test_record(struct ps_batch *b, const char *topic, int32_t partition,
    int64_t offset, const char *value)
{
	struct ps_record *r = ps_batch_add(b);

	r->topic = r->origin_topic = topic;
	r->partition = r->origin_partition = partition;
	r->origin_offset = offset;
	r->timestamp = 1700000000000 + offset;
	if (value != NULL) {
		r->raw_value =
		    (struct ps_slice){ (const uint8_t *)value, strlen(value) };
		r->value = ps_string(value, strlen(value));
	}
	return r;
}
