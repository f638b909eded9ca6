#include "convert/tolerance.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "record/batch.h"

enum { FIRST_DELAY_MS = 300, DELAY_MAX_MS = 60000, SHIFT_MAX = 30 };

void
tolerance_init(struct tolerance *t, const struct settings *s, struct gauges *g,
    struct ps_arena *a)
{
	const struct ps_config *c = &s->common;

	*t = (struct tolerance){ 0 };
	t->all = strcmp(ps_config_str(c, "errors.tolerance"), "all") == 0;
	t->log = ps_config_bool(c, "errors.log.enable");
	t->log_messages = ps_config_bool(c, "errors.log.include.messages");
	t->retry_ms = settings_int(s, "errors.retry.timeout", 0);
	t->delay_max_ms =
	    settings_int(s, "errors.retry.delay.max.ms", DELAY_MAX_MS);
	t->is_sink = settings_is_sink(s);
	t->task_id = ps_printf(a, "%s-%d", s->connector, s->task);
	t->gauges = g;
	t->seed = (uint64_t)clock_now().ms | 1;
}

static uint64_t
next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

int64_t
tolerance_delay_ms(struct tolerance *t, unsigned attempt)
{
	unsigned shift = attempt > SHIFT_MAX ? SHIFT_MAX : attempt - 1;
	int64_t delay = (int64_t)FIRST_DELAY_MS << shift;

	if (delay <= t->delay_max_ms || t->delay_max_ms <= 0)
		return delay;
	return (int64_t)(next_random(&t->seed) % (uint64_t)t->delay_max_ms);
}

static bool
wants_retry(const struct ps_record *r)
{
	return r->outcome == PS_FAILED && r->failure->error.code == PS_E_RETRY;
}

/* False when a stop ends the wait. */
static bool
wait_ms(struct tolerance *t, int64_t ms)
{
	struct clock_ms until = clock_after(clock_now(), ms);
	struct pollfd p = { .fd = t->gauges->wake_fd, .events = POLLIN };

	while (!gauges_should_stop(t->gauges)) {
		int64_t left = clock_since(clock_now(), until);

		if (left <= 0)
			return true;
		if (poll(&p, 1, (int)left) > 0 &&
		    !gauges_should_stop(t->gauges))
			gauges_rest(t->gauges);
	}
	return false;
}

static void
retry(struct tolerance *t, stage_fn *fn, void *ctx, struct ps_batch *b,
    struct ps_record *r)
{
	struct clock_ms start = clock_now();

	for (unsigned attempt = 1; wants_retry(r); attempt++) {
		int64_t delay = tolerance_delay_ms(t, attempt);
		int64_t left = t->retry_ms - clock_since(start, clock_now());

		t->counts.failures++;
		if (t->retry_ms >= 0 && left <= 0)
			return;
		if (t->retry_ms >= 0 && delay > left)
			delay = left;
		if (!wait_ms(t, delay))
			return;
		t->counts.retries++;
		r->outcome = PS_KEPT;
		r->failure = NULL;
		fn(ctx, b, &r, 1);
	}
}

void
tolerance_run(struct tolerance *t, stage_fn *fn, void *ctx, struct ps_batch *b,
    struct ps_record *const *records, size_t count)
{
	fn(ctx, b, records, count);
	if (t->retry_ms == 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (wants_retry(records[i]))
			retry(t, fn, ctx, b, records[i]);
}

/* Which record it was, as Connect says it. */
static void
tell_record(const struct tolerance *t, const struct ps_record *r, char *out,
    size_t room)
{
	char when[96] = "";

	if (r->timestamp != PS_NO_TIMESTAMP)
		(void)snprintf(when, sizeof when, ", timestamp=%lld%s",
		    (long long)r->timestamp,
		    !t->is_sink          ? ""
		    : r->log_append_time ? ", timestampType=LogAppendTime"
					 : ", timestampType=CreateTime");
	if (t->is_sink)
		(void)snprintf(out, room,
		    ", where consumed record is {topic='%s', partition=%d, "
		    "offset=%lld%s}",
		    r->origin_topic, (int)r->origin_partition,
		    (long long)r->origin_offset, when);
	else
		(void)snprintf(out, room,
		    ", where source record is = {topic='%s', partition=%d%s}",
		    r->topic == NULL ? "" : r->topic, (int)r->partition, when);
}

static void
log_failure(struct tolerance *t, const struct ps_record *r,
    const struct ps_failure *f)
{
	char where[PS_ERROR_TEXT] = "";

	if (t->log_messages)
		tell_record(t, r, where, sizeof where);
	log_error("task",
	    "Error encountered in task %s. Executing stage '%s' with class "
	    "'%s'%s. %s",
	    t->task_id, stage_name(f->stage), f->class_name, where,
	    f->error.text);
	t->counts.logged++;
}

int
tolerance_settle_one(struct tolerance *t, const struct ps_record *r,
    const struct ps_failure *f, struct ps_error *err)
{
	t->counts.failures++;
	t->counts.errors++;
	t->counts.last_error_ms = wall_now().ms;
	atomic_fetch_add(&t->gauges->errors, 1);
	/* An outage, or a setting that no record can be right with. */
	if (f->error.code == PS_E_RETRY || f->error.code == PS_E_CONFIG)
		return ps_fail(err, f->error.code, "stage %s of %s: %s",
		    stage_name(f->stage), f->class_name, f->error.text);
	if (t->log)
		log_failure(t, r, f);
	/* With tolerance none Connect still reports the record. */
	if (t->letter != NULL && t->letter(t->ctx, r, f, err) != 0)
		return -1;
	if (!t->all)
		return ps_fail(err, PS_E_DATA,
		    "Tolerance exceeded in error handler: stage %s of %s: %s",
		    stage_name(f->stage), f->class_name, f->error.text);
	t->counts.skipped++;
	return 0;
}

int
tolerance_settle(struct tolerance *t, struct ps_batch *b, struct ps_error *err)
{
	for (size_t i = 0; i < b->count; i++) {
		struct ps_record *r = &b->records[i];

		if (r->outcome != PS_FAILED)
			continue;
		if (tolerance_settle_one(t, r, r->failure, err) != 0)
			return -1;
		r->outcome = PS_DROPPED;
	}
	return 0;
}
