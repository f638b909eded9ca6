#include "task/sending.h"

enum { SLICE_MS = 100 };

void
sending_begin(struct sending *s, struct task *t, struct producer *p,
    const char *topic, int64_t limit_ms)
{
	*s = (struct sending){ .task = t,
		.producer = p,
		.topic = producer_topic(p, topic),
		.began = clock_now(),
		.limit_ms = limit_ms };
}

bool
sending_report(struct sending *s, const struct producer_report *r)
{
	if (r->opaque != s)
		return false;
	if (r->failed != NULL)
		(void)ps_fail(&s->failed, r->failed->code, "%s",
		    r->failed->text);
	return true;
}

static int
outcome(const struct sending *s, struct ps_error *err)
{
	return s->failed.code == PS_OK
		   ? 0
		   : ps_fail(err, s->failed.code, "%s", s->failed.text);
}

static int
serve(struct sending *s, struct ps_error *err)
{
	const struct gauges *g = s->task->gauges;

	if (producer_serve(s->producer, SLICE_MS, err) < 0 ||
	    task_serve_waiting(s->task, err) != 0 || outcome(s, err) != 0)
		return -1;
	if (gauges_should_stop(g))
		return ps_fail(err, PS_E_RETRY, "stopped");
	if (gauges_should_suspend(g))
		return ps_fail(err, PS_E_RETRY, "the lease ended");
	if (clock_since(s->began, clock_now()) > s->limit_ms)
		return ps_fail(err, PS_E_RETRY, "no report within %lld ms: %s",
		    (long long)s->limit_ms, producer_trouble(s->producer));
	return 0;
}

int
sending_put(struct sending *s, const struct producer_record *r,
    struct ps_error *err)
{
	struct producer_record own = *r;

	own.opaque = s;
	for (;;) {
		struct ps_error why = { 0 };

		if (producer_send(s->producer, s->topic, &own, &why) == 0)
			return 0;
		if (why.code != PS_E_RETRY)
			return ps_fail(err, why.code, "%s", why.text);
		if (serve(s, err) != 0)
			return -1;
	}
}

int
sending_end(struct sending *s, struct ps_error *err)
{
	while (producer_in_flight(s->producer) > 0)
		if (serve(s, err) != 0)
			return -1;
	return outcome(s, err);
}
