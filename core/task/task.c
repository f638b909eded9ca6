#include "task/task.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/fds.h"
#include "base/log.h"
#include "child/memory.h"
#include "config/map.h"
#include "task/positions.h"

enum {
	FLUSH_MS = 60000,
	LIMIT_MS = 5000,
	BUDGET = 32 << 20,
	SCHEMAS = 1000,
	METRICS_MS = 5000,
	RETRY_FIRST_MS = 200
};

static bool
hook_stopping(void *ctx)
{
	const struct task *t = (const struct task *)ctx;

	return gauges_should_stop(t->gauges) || gauges_should_pause(t->gauges);
}

static void
hook_request_commit(void *ctx)
{
	((struct task *)ctx)->commit_requested = true;
}

static void
hook_retry_after(void *ctx, int64_t ms)
{
	((struct task *)ctx)->retry_after_ms = ms < 0 ? 0 : ms;
}

/* A sink cannot write this record. */
static int
hook_report(void *ctx, const struct ps_record *r, const struct ps_error *why,
    struct ps_error *err)
{
	struct task *t = (struct task *)ctx;
	struct ps_failure f = { .stage = PS_STAGE_TASK_PUT,
		.class_name = catalog_java_name(t->connector.class),
		.error = *why };

	if (tolerance_settle_one(&t->tolerance, r, &f, err) != 0)
		return -1;
	/* It is in our batch: not given again with what is held. */
	((struct ps_record *)(uintptr_t)r)->outcome = PS_DROPPED;
	return 0;
}

static void
hook_reconfigure(void *ctx)
{
	struct task *t = (struct task *)ctx;
	struct msg m = { .type = MSG_TYPE_RECONFIGURE };
	struct ps_error err = { 0 };

	if (uplink_send(t->uplink, &m, &err) != 0)
		log_warn("task", "%s", err.text);
}

static void
hook_raise(void *ctx, const struct ps_error *why)
{
	struct task *t = (struct task *)ctx;

	if (t->raised.code == PS_OK)
		t->raised = *why;
}

static void
set_text(char *to, const char *text)
{
	(void)snprintf(to, PS_ERROR_TEXT, "%s", text == NULL ? "" : text);
}

static void
hook_waiting(void *ctx, const char *cause)
{
	struct task *t = (struct task *)ctx;

	set_text(t->waiting, cause);
	atomic_store(&t->gauges->waits, cause != NULL);
}

typedef int
move_fn(struct consumer *c, const struct consumer_position *positions,
    size_t count, struct ps_error *err);

/* One that is not assigned any more is no matter of the plugin's. */
static void
move_partitions(struct task *t, move_fn *move,
    const struct ps_topic_position *tps, size_t count)
{
	for (size_t i = 0; i < count && t->consumer != NULL; i++) {
		const struct consumer_position p = { .topic = tps[i].topic,
			.partition = tps[i].partition,
			.offset = CONSUMER_NO_OFFSET };
		struct ps_error err = { 0 };

		if (move(t->consumer, &p, 1, &err) != 0)
			log_info("task", "%s-%d: %s", p.topic, (int)p.partition,
			    err.text);
	}
}

static void
hook_pause(void *ctx, const struct ps_topic_position *tps, size_t count)
{
	move_partitions((struct task *)ctx, consumer_pause, tps, count);
}

static void
hook_resume(void *ctx, const struct ps_topic_position *tps, size_t count)
{
	move_partitions((struct task *)ctx, consumer_resume, tps, count);
}

static const char *
hook_topic_id(void *ctx, const char *topic)
{
	const struct task *t = (const struct task *)ctx;

	return t->consumer == NULL ? NULL
				   : consumer_topic_id(t->consumer, topic);
}

static void
hook_set_mark(void *ctx, const char *topic, int32_t partition, int64_t mark)
{
	struct task *t = (struct task *)ctx;
	struct position *p = t->positions == NULL ? NULL
						  : positions_find(t->positions,
							topic, partition);

	if (p == NULL)
		return;
	p->mark = mark;
	t->commit_requested = true;
}

static int64_t
hook_mark(void *ctx, const char *topic, int32_t partition)
{
	const struct task *t = (const struct task *)ctx;
	const struct position *p =
	    t->positions == NULL
		? NULL
		: positions_find(t->positions, topic, partition);

	return p == NULL ? 0 : p->marked;
}

const struct host_hooks task_hooks = {
	.stopping = hook_stopping,
	.request_commit = hook_request_commit,
	.retry_after = hook_retry_after,
	.pause = hook_pause,
	.resume = hook_resume,
	.report = hook_report,
	.request_reconfiguration = hook_reconfigure,
	.raise_error = hook_raise,
	.waiting = hook_waiting,
	.topic_id = hook_topic_id,
	.set_mark = hook_set_mark,
	.mark = hook_mark,
};

void
task_set_cause(struct task *t, const char *cause)
{
	set_text(t->cause, cause);
}

void
task_set_trouble(struct task *t, const char *cause)
{
	set_text(t->trouble, cause);
}

void
task_set_unclaimed(struct task *t, const char *cause)
{
	set_text(t->unclaimed, cause);
	atomic_store(&t->gauges->unclaimed, cause != NULL);
}

void
task_set_refused(struct task *t, const char *cause)
{
	set_text(t->refused, cause);
}

void
task_watch(struct task *t, int fd)
{
	int result = fds_watch(t->wake_fd, fd);

	assert(result == 0);
}

int
task_init(struct task *t, const struct host_hooks *hooks, struct ps_error *err)
{
	struct host_options o = { .connector = t->settings.connector,
		.task = t->settings.task,
		.hooks = hooks,
		.ctx = t };

	measures_init(&t->measures, clock_now());
	t->wake_fd = epoll_create1(EPOLL_CLOEXEC);
	t->timer_fd =
	    timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (t->wake_fd < 0 || t->timer_fd < 0)
		return fds_fail(err, errno, "no descriptor for waiting");
	task_watch(t, t->gauges->wake_fd);
	task_watch(t, t->timer_fd);
	task_watch(t, uplink_fd(t->uplink));
	o.wake_fd = t->wake_fd;
	o.budget_bytes =
	    (size_t)settings_int(&t->settings, "task.buffer.bytes", BUDGET);
	o.schemas =
	    (size_t)settings_int(&t->settings, "schemas.cache.size", SCHEMAS);
	t->host = host_new(&o);
	t->retry_after_ms = -1;
	t->records_seen = UINT64_MAX; /* the start is not over */
	return 0;
}

static int
create_connector(struct task *t, struct ps_error *err)
{
	struct settings *s = &t->settings;
	struct ps_config given = reload_config(&t->reload, t, s->arena);
	int result;

	hook_waiting(t, NULL); /* a new one has said nothing yet */
	gauges_enter(t->gauges, "create");
	result = instance_create(&t->connector, host_abi(t->host), s->arena,
	    &given, err);
	gauges_leave(t->gauges);
	return result;
}

int
task_open_plugins(struct task *t, struct ps_error *err)
{
	struct settings *s = &t->settings;
	const struct ps_host *h = host_abi(t->host);

	t->commit_interval_ms =
	    settings_int(s, "offset.flush.interval.ms", FLUSH_MS);
	t->commit_limit_ms =
	    settings_int(s, "offset.flush.timeout.ms", LIMIT_MS);
	task_commit_was_begun(t);
	tolerance_init(&t->tolerance, s, t->gauges, s->arena);
	reload_init(&t->reload, t);
	if (converters_init(&t->converters, s, h, err) != 0)
		return -1;
	t->pipeline = pipeline_new(s, h, err);
	if (t->pipeline == NULL ||
	    instance_init(&t->connector, s->class, err) != 0)
		return -1;
	return create_connector(t, err);
}

int
task_start_connector(struct task *t, start_fn *start, struct ps_error *err)
{
	struct ps_error why = { 0 };
	struct backoff backoff;
	int result = 0;

	backoff_init(&backoff, RETRY_FIRST_MS, PS_RETRY_MAX_MS,
	    (uint64_t)clock_now().ms);
	do {
		ps_error_clear(&why);
		if (t->connector.state == NULL && create_connector(t, err) != 0)
			return -1;
		gauges_enter(t->gauges, "start");
		if (start != NULL)
			result = start(t->connector.state, &why);
		gauges_leave(t->gauges);
		if (result == 0)
			break;
		if (why.code != PS_E_RETRY)
			return ps_fail(err, why.code, "%s", why.text);
		instance_fini(&t->connector);
		task_set_cause(t, why.text);
		log_warn("task", "start: %s", why.text);
		if (task_status(t, "RUNNING", err) != 0 ||
		    task_serve(t, err) != 0)
			return -1;
	} while (task_sleep(t, backoff_next_ms(&backoff)));
	task_set_cause(t, NULL);
	if (result != 0)
		return ps_fail(err, PS_E_RETRY, "%s", why.text);
	return 0;
}

void
task_fini(struct task *t)
{
	instance_fini(&t->connector);
	reload_fini(&t->reload);
	pipeline_free(&t->pipeline);
	converters_fini(&t->converters);
	settings_fini(&t->settings);
	host_free(&t->host);
	if (t->timer_fd >= 0)
		(void)close(t->timer_fd);
	if (t->wake_fd >= 0)
		(void)close(t->wake_fd);
}

static void
take_message(struct task *t, const struct msg *m)
{
	if (m->type == MSG_TYPE_OFFSETS_STORED && t->on_stored != NULL)
		t->on_stored(t->on_stored_ctx, &m->offsets_stored);
	else
		log_warn("task", "unexpected message %s", msg_name(m->type));
}

/* What a start or a burst took goes back once nothing has come for a while. */
static void
give_back_memory(struct task *t)
{
	uint64_t records = atomic_load(&t->gauges->records);

	if (records != t->records_seen) {
		t->records_seen = records;
		t->gave_back = false;
	} else if (!t->gave_back) {
		t->gave_back = true;
		memory_give_back();
	}
}

/* It has said that a commit is due. One that cannot begin yet, as when the
 * brokers are away, keeps nobody from waiting. */
static void
quiet_timer(const struct task *t)
{
	uint64_t count;

	while (read(t->timer_fd, &count, sizeof count) > 0)
		;
}

int
task_serve(struct task *t, struct ps_error *err)
{
	int open = uplink_serve(t->uplink, err), got;
	struct msg m;

	/* What is wanted stays readable until it is done. */
	if (!gauges_should_stop(t->gauges))
		gauges_rest(t->gauges);
	while ((got = uplink_next(t->uplink, &m, err)) == 1) {
		take_message(t, &m);
		msg_fini(&m);
	}
	if (open == 0)
		return ps_fail(err, PS_E_FATAL, "the worker is gone");
	if (open < 0 || got < 0)
		return -1;
	if (t->raised.code != PS_OK)
		return ps_fail(err, t->raised.code, "%s", t->raised.text);
	if (clock_since(t->next_commit, clock_now()) >= 0)
		quiet_timer(t);
	if (clock_since(t->next_metrics, clock_now()) >= 0) {
		uplink_metrics(t->uplink, host_metrics(t->host));
		give_back_memory(t);
		t->next_metrics = clock_after(clock_now(), METRICS_MS);
	}
	return reload_turn(&t->reload, t, err);
}

int
task_serve_waiting(struct task *t, struct ps_error *err)
{
	return t->settings.task < 0 ? 0 : task_serve(t, err);
}

void
task_wait(const struct task *t, int fd, int64_t timeout_ms)
{
	struct pollfd p[2] = { { .fd = t->wake_fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN } };

	(void)poll(p, 2, timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms);
}

bool
task_sleep(struct task *t, int64_t ms)
{
	struct clock_ms until = clock_after(clock_now(), ms);
	struct pollfd p = { .fd = t->gauges->wake_fd, .events = POLLIN };
	int64_t left = ms;

	while (left > 0 && !gauges_should_stop(t->gauges)) {
		if (poll(&p, 1, (int)left) > 0 &&
		    !gauges_should_stop(t->gauges))
			gauges_rest(t->gauges);
		left = clock_since(clock_now(), until);
	}
	return !gauges_should_stop(t->gauges);
}

bool
task_commit_is_due(const struct task *t)
{
	return t->commit_requested ||
	       clock_since(t->next_commit, clock_now()) >= 0;
}

void
task_commit_was_begun(struct task *t)
{
	struct itimerspec when = { 0 };

	t->commit_requested = false;
	t->next_commit = clock_after(clock_now(), t->commit_interval_ms);
	when.it_value.tv_sec = t->next_commit.ms / 1000;
	when.it_value.tv_nsec = t->next_commit.ms % 1000 * 1000000;
	(void)timerfd_settime(t->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

int
task_status(struct task *t, const char *state, struct ps_error *err)
{
	const char *cause = t->cause[0] != '\0'       ? t->cause
			    : t->waiting[0] != '\0'   ? t->waiting
			    : t->trouble[0] != '\0'   ? t->trouble
			    : t->unclaimed[0] != '\0' ? t->unclaimed
			    : t->refused[0] != '\0'   ? t->refused
						      : NULL;
	bool paused = strcmp(state, "PAUSED") == 0;

	if (paused != t->measures.is_paused)
		measures_paused(&t->measures, paused, clock_now());
	return uplink_status(t->uplink, state, cause, err);
}
