#include "sink.h"

#include <poll.h>
#include <stdlib.h>

#include <pause/pause.h>

#include "lane.h"

#define PUT_WAIT_MS  1000
#define STOP_WAIT_MS 5000
#define RETRY_MS     10

static void
sink_validate(const struct ps_host *h, const struct ps_config *c,
    struct ps_report *rep)
{
	(void)h;
	http_conf_validate(c, rep);
}

static void *
sink_create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct lanes *s = calloc(1, sizeof *s);

	(void)self;
	if (s == NULL)
		abort();
	s->host = h;
	s->lanes = (struct assignment){ .make = lane_new,
		.free = lane_free,
		.arg = s };
	if (http_conf_read(&s->conf, c, err) != 0) {
		http_conf_fini(&s->conf);
		free(s);
		return NULL;
	}
	s->seed = pause_seed();
	s->net = net_new(&s->conf);
	token_init(&s->token, &s->conf, s->net);
	if (s->conf.trust_all)
		h->log(h, PS_WARN,
		    "http.ssl.trust.all.certs=true: certificates of %s are "
		    "not checked",
		    s->conf.url);
	return s;
}

static enum ps_input
sink_input(void *state)
{
	(void)state;
	return PS_INPUT_JSON;
}

static int
sink_open(void *state, struct ps_topic_position *tps, size_t count,
    struct ps_error *err)
{
	struct lanes *s = state;

	(void)err;
	assignment_open(&s->lanes, tps, count);
	return 0;
}

static void
sink_close(void *state, const struct ps_topic_position *tps, size_t count,
    enum ps_close_reason why)
{
	struct lanes *s = state;

	(void)why;
	assignment_close(&s->lanes, tps, count);
}

static void
sink_destroy(void *state)
{
	struct lanes *s = state;

	assignment_fini(&s->lanes);
	net_free(&s->net);
	http_conf_fini(&s->conf);
	free(s);
}

/* Why nothing is accepted, "" when something is. */
static const char *
cause_of(struct lanes *s)
{
	if (s->cause[0] != '\0')
		return s->cause;
	for (struct lane *l = NULL; (l = lane_next(s, l)) != NULL;)
		if (lane_is_unanswered(l)) {
			(void)snprintf(s->silence, sizeof s->silence,
			    "HTTP: POST %.400s: no answer yet", s->conf.url);
			return s->silence;
		}
	return s->token.cause;
}

/* -1 when a refused record is not tolerated. */
static int
step(struct lanes *s, struct ps_error *err)
{
	const char *cause;

	net_drive(s->net);
	for (struct lane *l = NULL; (l = lane_next(s, l)) != NULL;)
		lane_step(l);
	cause = cause_of(s);
	s->host->waiting(s->host, cause[0] == '\0' ? NULL : cause);
	if (s->delivered)
		s->host->request_commit(s->host);
	s->delivered = false;
	if (s->failure.code != PS_OK)
		return ps_fail(err, s->failure.code, "%s", s->failure.text);
	return 0;
}

static bool
must_return(const struct lanes *s)
{
	struct pollfd wake = { .fd = s->host->wake_fd, .events = POLLIN };

	return s->host->stopping(s->host) || poll(&wake, 1, 0) > 0;
}

static int64_t
next_due(const struct lanes *s)
{
	int64_t ms = INT64_MAX, due;

	for (const struct lane *l = NULL; (l = lane_next(s, l)) != NULL;) {
		due = lane_due(l);
		ms = due < ms ? due : ms;
	}
	return ms;
}

/* Half of the budget is for what waits to be sent, the other half for what
 * is being sent. A record larger than all of it goes alone. */
static bool
has_room(const struct lanes *s)
{
	return s->bytes == 0 || s->bytes < s->host->budget_bytes / 2;
}

/* Only the task can store marks, once it has control again. */
static bool
is_any_unmarked(const struct lanes *s)
{
	for (const struct lane *l = NULL; (l = lane_next(s, l)) != NULL;)
		if (lane_is_unmarked(l))
			return true;
	return false;
}

static int
wait_room(struct lanes *s, struct ps_error *err)
{
	int64_t until = net_now() + PUT_WAIT_MS, now, due;
	const char *cause;

	for (struct lane *l = NULL; (l = lane_next(s, l)) != NULL;)
		lane_close(l);
	while (!has_room(s)) {
		if (step(s, err) != 0)
			return -1;
		now = net_now();
		if (!has_room(s) &&
		    (now >= until || must_return(s) || is_any_unmarked(s))) {
			cause = cause_of(s);
			s->host->retry_after(s->host, RETRY_MS);
			return ps_fail(err, PS_E_RETRY, "%s",
			    cause[0] != '\0' ? cause
					     : "the task's memory budget waits "
					       "for the endpoint");
		}
		due = next_due(s);
		net_wait(s->net, s->host->wake_fd,
		    due < until - now ? due : until - now);
	}
	return 0;
}

static int
sink_put(void *state, struct ps_batch *b, struct ps_error *err)
{
	struct lanes *s = state;
	struct ps_error why;
	int64_t due;

	for (size_t i = 0; i < b->count; i++) {
		const struct ps_record *r = &b->records[i];
		struct lane *l;

		if (r->outcome != PS_KEPT)
			continue;
		l = lane_of(assignment_of(&s->lanes, r));
		if (r->origin_offset < l->assigned.next_offset)
			continue;
		if (!has_room(s) && wait_room(s, err) != 0)
			return -1;
		ps_error_clear(&why);
		if (lane_add(l, r, &why) == 0)
			continue;
		if (s->host->report(s->host, r, &why, err) != 0)
			return -1;
		l->assigned.next_offset = r->origin_offset + 1;
	}
	if (step(s, err) != 0)
		return -1;
	due = next_due(s);
	if (due != INT64_MAX)
		s->host->retry_after(s->host, due);
	return 0;
}

/* What would go out without records or marks to come. */
static bool
sends_any(const struct lanes *s)
{
	for (const struct lane *l = NULL; (l = lane_next(s, l)) != NULL;)
		if (l->oldest != NULL && l->oldest->is_closed &&
		    !lane_is_unmarked(l))
			return true;
	return false;
}

static int
sink_pre_commit(void *state, struct ps_topic_position *tps, size_t count,
    struct ps_error *err)
{
	struct lanes *s = state;
	int64_t until = net_now() + STOP_WAIT_MS;
	const struct lane *l;

	if (step(s, err) != 0)
		return -1;
	/* What is accepted now need not be sent again by the next task. */
	while (s->host->stopping(s->host) && sends_any(s) &&
	       s->cause[0] == '\0' && net_now() < until) {
		net_wait(s->net, -1, RETRY_MS);
		if (step(s, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		l = lane_of(
		    assignment_find(&s->lanes, tps[i].topic, tps[i].partition));
		if (l != NULL)
			tps[i].offset = lane_safe(l, tps[i].offset);
	}
	return 0;
}

/* What is on its way has the old; an outage that the new may end is over. */
static int
sink_reconfigure(void *state, const struct ps_config *c, struct ps_error *err)
{
	struct lanes *s = state;
	struct http_conf conf;

	if (http_conf_read(&conf, c, err) != 0) {
		http_conf_fini(&conf);
		return -1;
	}
	http_conf_fini(&s->conf);
	s->conf = conf;
	token_renew(&s->token);
	if (s->is_kept_out)
		s->due_ms = 0;
	return 0;
}

static bool
sink_headers(void *state)
{
	(void)state;
	return false;
}

const struct ps_sink_ops http_sink_ops = {
	.validate = sink_validate,
	.create = sink_create,
	.input = sink_input,
	.open = sink_open,
	.put = sink_put,
	.pre_commit = sink_pre_commit,
	.close = sink_close,
	.destroy = sink_destroy,
	.reconfigure = sink_reconfigure,
	.headers = sink_headers,
};
