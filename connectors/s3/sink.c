#include "sink.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "clean.h"
#include "writer.h"

#define ACTIVE_MAX    8    /* requests in flight */
#define PUT_WAIT_MS   1000 /* how long one put() may wait for room */
#define STOP_WAIT_MS  5000 /* for what is cut, when the task ends */
#define ABORT_WAIT_MS 1000
#define TICK_MS       5 /* while something is in flight */
#define RETRY_MS      10
#define TRIM_MS       2000 /* without records: memory goes back */

struct s3_sink {
	const struct ps_host *host;
	struct s3_conf conf;
	struct pool pool;
	struct writing shared;
	struct assignment writers;
	int64_t came_ms; /* the last records */
	bool is_waiting; /* the status shows a cause */
};

static void
sink_validate(const struct ps_host *h, const struct ps_config *c,
    struct ps_report *rep)
{
	(void)h;
	conf_validate(c, rep);
}

static void *
sink_create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct s3_sink *s = calloc(1, sizeof *s);
	size_t part;

	(void)self;
	if (s == NULL)
		abort();
	s->host = h;
	s->writers = (struct assignment){ .make = writer_new,
		.free = writer_free,
		.arg = &s->shared };
	if (conf_read(&s->conf, c, err) != 0) {
		conf_fini(&s->conf);
		free(s);
		return NULL;
	}
	pool_init(&s->pool, h->budget_bytes);
	part = s->pool.limit * CHUNK_BYTES / 4;
	part = part < s->conf.part_size ? part : s->conf.part_size;
	s->shared = (struct writing){
		.conf = &s->conf,
		.connector = h->connector,
		.client = client_new(&s->conf, &s->pool, ACTIVE_MAX),
		.pool = &s->pool,
		.part_size = part < PART_MIN ? PART_MIN : part,
		.separator_len = strlen(s->conf.separator),
	};
	return s;
}

static enum ps_input
sink_input(void *state)
{
	struct s3_sink *s = state;

	return s->conf.format == FORMAT_JSON ? PS_INPUT_JSON : PS_INPUT_BYTES;
}

/* Lets aborts reach the bucket. */
static void
settle(struct s3_sink *s)
{
	int64_t until = client_now() + ABORT_WAIT_MS, now;

	while (client_pending(s->shared.client) > 0 &&
	       client_cause(s->shared.client)[0] == '\0' &&
	       (now = client_now()) < until)
		client_wait(s->shared.client, -1, until - now);
}

static void
sink_destroy(void *state)
{
	struct s3_sink *s = state;

	assignment_fini(&s->writers);
	settle(s);
	client_free(&s->shared.client);
	pool_trim(&s->pool);
	conf_fini(&s->conf);
	free(s);
}

/* The one after `w`, the first for NULL; NULL at the end. */
static struct writer *
next_writer(const struct s3_sink *s, const struct writer *w)
{
	return writer_of(assignment_next(&s->writers, (const void *)w));
}

static int
sink_open(void *state, struct ps_topic_position *tps, size_t count,
    struct ps_error *err)
{
	struct s3_sink *s = state;

	(void)err;
	assignment_open(&s->writers, tps, count);
	/* Asked while they are ours beyond doubt. */
	for (struct writer *w = NULL; (w = next_writer(s, w)) != NULL;)
		(void)writer_prepare(w);
	client_drive(s->shared.client);
	return 0;
}

static void
sink_close(void *state, const struct ps_topic_position *tps, size_t count,
    enum ps_close_reason why)
{
	struct s3_sink *s = state;

	(void)why;
	assignment_close(&s->writers, tps, count);
	settle(s);
}

/* ---- Progress ---- */

static void
read_clocks(struct s3_sink *s)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	s->shared.wall_ms = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	s->shared.now_ms = client_now();
}

static void
tell_cause(struct s3_sink *s)
{
	const char *cause = client_cause(s->shared.client);

	if (cause[0] != '\0')
		s->host->waiting(s->host, cause);
	else if (s->is_waiting)
		s->host->waiting(s->host, NULL);
	s->is_waiting = cause[0] != '\0';
}

/* -1 when a writer can do no more: its files must be written again. */
static int
step(struct s3_sink *s, struct ps_error *err)
{
	bool done = false;

	client_drive(s->shared.client);
	for (struct writer *w = NULL; (w = next_writer(s, w)) != NULL;)
		done = writer_step(w) || done;
	client_drive(s->shared.client);
	tell_cause(s);
	if (done)
		s->host->request_commit(s->host);
	for (struct writer *w = NULL; (w = next_writer(s, w)) != NULL;)
		if (w->failure[0] != '\0')
			return ps_fail(err, PS_E_FATAL,
			    "%s; its records are written again from the "
			    "committed offset",
			    w->failure);
	return 0;
}

static bool
must_return(const struct s3_sink *s)
{
	struct pollfd wake = { .fd = s->host->wake_fd, .events = POLLIN };

	return s->host->stopping(s->host) || poll(&wake, 1, 0) > 0;
}

static int
not_now(struct s3_sink *s, const char *why, struct ps_error *err)
{
	const char *cause = client_cause(s->shared.client);

	s->host->retry_after(s->host, RETRY_MS);
	return ps_fail(err, PS_E_RETRY, "%s", cause[0] != '\0' ? cause : why);
}

/* ---- Memory ---- */

static size_t
set_bytes(const struct set *g)
{
	size_t n = 0;

	if (g == NULL)
		return 0;
	for (const struct object *o = g->objects; o != NULL; o = o->next)
		n += o->part.bytes + o->raw.bytes + CHUNK_BYTES;
	return n;
}

/* The unsent part with the most bytes, if one is large enough to send. */
static struct object *
largest_part(struct s3_sink *s)
{
	struct object *best = NULL;
	struct set *g;

	for (struct writer *w = NULL; (w = next_writer(s, w)) != NULL;) {
		g = writer_open_set(w);
		if (g == NULL)
			continue;
		for (struct object *o = g->objects; o != NULL; o = o->next)
			if (o->part.bytes >= PART_MIN &&
			    (best == NULL || o->part.bytes > best->part.bytes))
				best = o;
	}
	return best;
}

static struct writer *
largest_writer(struct s3_sink *s)
{
	struct writer *best = NULL;
	size_t most = 0, n;

	for (struct writer *w = NULL; (w = next_writer(s, w)) != NULL;) {
		n = set_bytes(writer_open_set(w));
		if (n > most) {
			most = n;
			best = w;
		}
	}
	return best;
}

/* Gets memory moving; false when only waiting helps. */
static bool
make_room(struct s3_sink *s)
{
	struct object *o = largest_part(s);
	struct writer *w;

	if (o != NULL) {
		object_send_part(o);
		return true;
	}
	if (client_pending(s->shared.client) > 0)
		return false;
	w = largest_writer(s);
	if (w == NULL)
		return false;
	writer_cut_logged(w);
	return true;
}

/* A record goes into chunks of its file; a new file takes some more. */
static bool
has_room(const struct s3_sink *s, size_t bytes)
{
	size_t need = bytes / CHUNK_BYTES + 8;
	size_t left = pool_left(&s->pool);

	if (s->conf.codec == CODEC_ZSTD)
		need += 40;
	return left >= need ||
	       (need > s->pool.limit / 2 && left >= s->pool.limit / 2);
}

/* 0 once there is room; PS_E_RETRY when there is none for too long. */
static int
wait_room(struct s3_sink *s, size_t bytes, struct ps_error *err)
{
	int64_t until = client_now() + PUT_WAIT_MS, now;

	while (!has_room(s, bytes)) {
		(void)make_room(s);
		if (step(s, err) != 0)
			return -1;
		now = client_now();
		if (has_room(s, bytes))
			break;
		if (now >= until || must_return(s))
			return not_now(s,
			    "the task's memory budget is in uploads", err);
		client_wait(s->shared.client, s->host->wake_fd, until - now);
	}
	return 0;
}

static int
wait_prepared(struct s3_sink *s, struct writer *w, struct ps_error *err)
{
	int64_t until = client_now() + PUT_WAIT_MS, now;

	/* All at once: each costs a round trip. */
	for (struct writer *other = NULL;
	     (other = next_writer(s, other)) != NULL;)
		(void)writer_prepare(other);
	while (!writer_prepare(w)) {
		if (step(s, err) != 0)
			return -1;
		now = client_now();
		if (writer_prepare(w))
			break;
		if (now >= until || must_return(s))
			return not_now(s,
			    "waiting for the bucket's first answer", err);
		client_wait(s->shared.client, s->host->wake_fd, until - now);
	}
	return 0;
}

/* ---- Records ---- */

static bool
is_null(const struct s3_sink *s, const struct ps_record *r)
{
	return r->raw_value.data == NULL ||
	       (s->conf.format == FORMAT_JSON && r->raw_value.len == 4 &&
		   memcmp(r->raw_value.data, "null", 4) == 0);
}

static int
refuse(struct s3_sink *s, struct writer *w, const struct ps_record *r,
    const struct ps_error *why, struct ps_error *err)
{
	if (s->host->report(s->host, r, why, err) != 0)
		return -1;
	w->assigned.next_offset = r->origin_offset + 1;
	return 0;
}

static int
take(struct s3_sink *s, struct writer *w, const struct ps_record *r,
    struct ps_error *err)
{
	struct ps_error why = { 0 };

	if (is_null(s, r)) {
		if (s->conf.nulls == NULL_IGNORE) {
			w->assigned.next_offset = r->origin_offset + 1;
			return 0;
		}
		(void)ps_fail(&why, PS_E_DATA,
		    "the value is null and behavior.on.null.values=fail");
		return refuse(s, w, r, &why, err);
	}
	if (!writer_is_ready(w) && wait_prepared(s, w, err) != 0)
		return -1;
	if (!has_room(s, r->raw_value.len) &&
	    wait_room(s, r->raw_value.len, err) != 0)
		return -1;
	if (writer_put(w, r, r->raw_value.len, r->raw_value.data, &why) == 0)
		return 0;
	return refuse(s, w, r, &why, err);
}

/* When put() should be called again without records. */
static void
schedule(struct s3_sink *s)
{
	int64_t ms = INT64_MAX, due;

	if (client_pending(s->shared.client) > 0)
		ms = TICK_MS;
	else if (s->pool.idle != NULL)
		ms = TRIM_MS;
	for (struct writer *w = NULL; (w = next_writer(s, w)) != NULL;) {
		due = writer_due(w);
		ms = due < ms ? due : ms;
	}
	if (ms != INT64_MAX)
		s->host->retry_after(s->host, ms);
}

static int
sink_put(void *state, struct ps_batch *b, struct ps_error *err)
{
	struct s3_sink *s = state;

	read_clocks(s);
	for (size_t i = 0; i < b->count; i++) {
		const struct ps_record *r = &b->records[i];
		struct writer *w;

		if (r->outcome != PS_KEPT)
			continue;
		w = writer_of(assignment_of(&s->writers, r));
		if (r->origin_offset >= w->assigned.next_offset &&
		    take(s, w, r, err) != 0)
			return -1;
	}
	for (struct writer *w = NULL; (w = next_writer(s, w)) != NULL;)
		writer_tick(w);
	if (step(s, err) != 0)
		return -1;
	if (b->count > 0)
		s->came_ms = s->shared.now_ms;
	else if (s->shared.now_ms - s->came_ms >= TRIM_MS)
		pool_trim(&s->pool);
	schedule(s);
	return 0;
}

static bool
has_cut_sets(const struct s3_sink *s)
{
	for (const struct writer *w = NULL; (w = next_writer(s, w)) != NULL;)
		if (w->oldest != NULL && w->oldest->is_cut)
			return true;
	return false;
}

static int
sink_pre_commit(void *state, struct ps_topic_position *tps, size_t count,
    struct ps_error *err)
{
	struct s3_sink *s = state;
	int64_t until = client_now() + STOP_WAIT_MS, now;
	const struct writer *w;

	if (step(s, err) != 0)
		return -1;
	/* What is cut would be uploaded again by the next task. */
	while (s->host->stopping(s->host) && has_cut_sets(s) &&
	       client_cause(s->shared.client)[0] == '\0' &&
	       (now = client_now()) < until) {
		client_wait(s->shared.client, -1, until - now);
		if (step(s, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		w = writer_of(assignment_find(&s->writers, tps[i].topic,
		    tps[i].partition));
		if (w != NULL)
			tps[i].offset = writer_safe(w, tps[i].offset);
	}
	return 0;
}

static int
sink_reconfigure(void *state, const struct ps_config *c, struct ps_error *err)
{
	struct s3_sink *s = state;

	(void)err;
	conf_credentials(&s->conf, c);
	return 0;
}

static bool
sink_headers(void *state)
{
	(void)state;
	return false;
}

const struct ps_sink_ops s3_sink_ops = {
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
	.clean = clean_logs,
};
