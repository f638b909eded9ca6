#include "writer.h"

#include <stdlib.h>

#include "path.h"
#include "place.h"

#define PARTS_ROOM 9990 /* of the 10,000 that an upload may have */

static void
name_log(const struct writer *w, const char *connector, const char *end,
    struct str out)
{
	path_log(w->shared->conf, connector, w->assigned.topic, &out);
	str_printf(&out, "%d%s", w->assigned.partition, end);
}

struct assigned *
writer_new(void *arg, const char *topic, int32_t partition, int64_t offset)
{
	const struct writing *shared = arg;
	struct writer *w = calloc(1, sizeof *w);
	char log[2048], old[2048];

	if (w == NULL)
		abort();
	w->shared = shared;
	assigned_init(&w->assigned, topic, partition, offset);
	name_log(w, NULL, PATH_CUTS_END, STR(old));
	name_log(w, shared->connector, PATH_CUTS_END, STR(log));
	cuts_init(&w->cuts, shared->client, shared->pool, log, old);
	w->cuts.is_guarded = shared->conf->conditional;
	name_log(w, shared->connector, PATH_UPLOADS_END, STR(log));
	uploads_init(&w->uploads, shared->client, shared->pool, log);
	return &w->assigned;
}

static void
set_free(struct set *g)
{
	struct object *o;

	while ((o = g->objects) != NULL) {
		g->objects = o->next;
		object_free(&o);
	}
	free(g);
}

void
writer_free(struct assigned *p)
{
	struct writer *w = writer_of(p);
	struct set *g;

	cuts_fini(&w->cuts);
	while ((g = w->oldest) != NULL) {
		w->oldest = g->next;
		set_free(g);
	}
	uploads_fini(&w->uploads);
	assigned_fini(&w->assigned);
	free(w);
}

bool
writer_prepare(struct writer *w)
{
	uploads_read(&w->uploads);
	cuts_read(&w->cuts);
	return writer_is_ready(w);
}

/* ---- Sets ---- */

struct set *
writer_open_set(const struct writer *w)
{
	return w->newest == NULL || w->newest->is_cut ? NULL : w->newest;
}

static int64_t
next_schedule(const struct writing *s)
{
	int64_t offset, local, next;

	if (s->conf->schedule_ms <= 0)
		return INT64_MAX;
	offset = zone_offset_ms(s->conf->zone, s->wall_ms);
	local = s->wall_ms + offset;
	/* Never, where it is later than times are. */
	return __builtin_add_overflow(s->wall_ms - local % s->conf->schedule_ms,
		   s->conf->schedule_ms, &next)
		   ? INT64_MAX
		   : next;
}

static struct set *
set_open(struct writer *w, int64_t first, int64_t record_ms)
{
	struct set *g = calloc(1, sizeof *g);

	if (g == NULL)
		abort();
	g->first = g->end = first;
	g->base_ms = record_ms;
	g->schedule_ms = next_schedule(w->shared);
	g->logged_end = cuts_end(&w->cuts, first);
	/* It begins where the cut before it is. */
	g->log_version = w->cuts.version;
	if (w->newest == NULL)
		w->oldest = g;
	else
		w->newest->next = g;
	w->newest = g;
	return g;
}

void
writer_cut_logged(struct writer *w)
{
	struct set *g = writer_open_set(w);

	if (g == NULL)
		return;
	if (g->logged_end != g->end)
		g->log_version = cuts_add(&w->cuts, g->first, g->end);
	g->is_cut = true;
}

/* Does this record belong to the next set? */
static bool
is_beyond(const struct writer *w, const struct set *g,
    const struct ps_record *r, int64_t ms)
{
	int64_t rotate = w->shared->conf->rotate_ms;

	if (g->logged_end >= 0 && r->origin_offset >= g->logged_end)
		return true;
	return rotate > 0 && ms != PS_NO_TIMESTAMP &&
	       g->base_ms != PS_NO_TIMESTAMP && ms - g->base_ms >= rotate;
}

/* ---- Objects ---- */

static struct object *
find(struct set *g, const struct ps_record *r, const char *dir)
{
	for (struct object *o = g->objects; o != NULL; o = o->next)
		if (strcmp(o->dir, dir) == 0 && strcmp(o->topic, r->topic) == 0)
			return o;
	return NULL;
}

static struct object *
new_object(struct writer *w, const struct ps_record *r, const char *dir,
    struct ps_error *err)
{
	const struct writing *s = w->shared;
	char key[2 * KEY_MAX];
	struct str k = STR(key);
	struct object *o;

	if (path_key(s->conf, r, dir, &k, err) != 0)
		return NULL;
	o = object_new(s->conf, s->client, s->pool, key);
	o->topic = dup_text(r->topic);
	o->dir = dup_text(dir);
	o->uploads = &w->uploads;
	o->since_ms = w->cuts.since_ms;
	return o;
}

/* Is `current` the record's file, seen without making its path? */
static bool
is_current(const struct writer *w, const struct set *g,
    const struct ps_record *r, int64_t ms)
{
	const struct s3_conf *conf = w->shared->conf;

	if (g->current == NULL || conf->partitioner == BY_FIELD ||
	    strcmp(g->current->topic, r->topic) != 0)
		return false;
	return conf->partitioner == BY_PARTITION ||
	       (ms >= g->span_from && ms < g->span_to);
}

/* The path of the record, and the times that have the same. */
static int
place(const struct writer *w, const struct ps_record *r, int64_t ms,
    struct str *dir, struct ps_error *err)
{
	if (path_dir(w->shared->conf, r, ms, dir, err) != 0)
		return -1;
	if (dir->full)
		return ps_fail(err, PS_E_DATA,
		    "the path of its object is longer than %d bytes: %.200s…",
		    KEY_MAX, dir->data);
	return 0;
}

static bool
changes_place(const struct writer *w, const struct set *g, const char *dir)
{
	const struct s3_conf *conf = w->shared->conf;

	return conf->rotate_ms > 0 && conf->rotate_on_change &&
	       conf->partitioner == BY_TIME && g->current != NULL &&
	       strcmp(g->current->dir, dir) != 0;
}

/* The set and file of the record; cuts the open set if it must. */
static struct object *
route(struct writer *w, const struct ps_record *r, int64_t ms,
    struct ps_error *err)
{
	struct set *g = writer_open_set(w);
	char text[KEY_MAX + 1];
	struct str dir = STR(text);
	struct object *o = NULL;

	if (g != NULL && is_beyond(w, g, r, ms)) {
		g->is_cut = true;
		g = NULL;
	}
	if (g != NULL && is_current(w, g, r, ms))
		return g->current;
	if (place(w, r, ms, &dir, err) != 0)
		return NULL;
	if (g != NULL && changes_place(w, g, text)) {
		g->is_cut = true;
		g = NULL;
	}
	if (g != NULL)
		o = find(g, r, text);
	if (o == NULL) {
		o = new_object(w, r, text, err);
		if (o == NULL)
			return NULL;
		if (g == NULL)
			g = set_open(w, r->origin_offset, ms);
		o->next = g->objects;
		g->objects = o;
	}
	g->current = o;
	if (w->shared->conf->partitioner == BY_TIME)
		g->span_from = zone_floor(w->shared->conf->zone, ms,
		    w->shared->conf->duration_ms, &g->span_to);
	return o;
}

/* A document may have line breaks between its tokens; a line may not. */
static void
add_line(struct object *o, const char *text, size_t len)
{
	const char *end = text + len;
	size_t n;

	if (memchr(text, '\n', len) == NULL &&
	    memchr(text, '\r', len) == NULL) {
		object_add(o, text, len);
		return;
	}
	for (; text < end; text += n + 1) {
		for (n = 0;
		     text + n < end && text[n] != '\n' && text[n] != '\r';)
			n++;
		object_add(o, text, n);
		if (text + n < end)
			object_add(o, " ", 1);
	}
}

int
writer_put(struct writer *w, const struct ps_record *r, size_t value_len,
    const void *value, struct ps_error *err)
{
	const struct writing *s = w->shared;
	int64_t ms = r->timestamp;
	struct object *o;
	struct set *g;

	if (s->conf->extractor != AT_RECORD &&
	    path_time(s->conf, r, s->wall_ms, &ms, err) != 0)
		return -1;
	if (ms == PS_NO_TIMESTAMP && s->conf->partitioner == BY_TIME)
		return ps_fail(err, PS_E_DATA, "the record has no timestamp");
	o = route(w, r, ms, err);
	if (o == NULL)
		return -1;
	g = w->newest;
	if (s->conf->format == FORMAT_JSON)
		add_line(o, value, value_len);
	else
		object_add(o, value, value_len);
	object_add(o, s->conf->separator, s->separator_len);
	g->end = r->origin_offset + 1;
	g->touched_ms = s->now_ms;
	w->assigned.next_offset = g->end;
	if (o->part.bytes >= s->part_size)
		object_send_part(o);
	if (++g->records >= s->conf->flush_size || g->end == g->logged_end)
		g->is_cut = true;
	else if (o->part_count >= PARTS_ROOM)
		writer_cut_logged(w);
	return 0;
}

/* ---- Time and progress ---- */

int64_t
writer_due(const struct writer *w)
{
	const struct writing *s = w->shared;
	const struct set *g = writer_open_set(w);
	int64_t due = INT64_MAX, ms;

	if (g == NULL || g->records == 0)
		return due;
	if (s->conf->rotate_ms > 0)
		due = s->conf->rotate_ms - (s->now_ms - g->touched_ms);
	if (g->schedule_ms != INT64_MAX) {
		ms = g->schedule_ms - s->wall_ms;
		due = ms < due ? ms : due;
	}
	return due < 0 ? 0 : due;
}

void
writer_tick(struct writer *w)
{
	if (writer_due(w) == 0)
		writer_cut_logged(w);
}

static void
fail(struct writer *w, const char *why)
{
	struct str s = STR(w->failure);

	str_puts(&s, why);
}

/* Something of a former task is in the object's place. Whether it stays or
 * is replaced, the log says so first: a task before us that is still alive
 * cannot write it then, nor replace anything; and if it could, we have read
 * what it was about to do. */
static void
settle(struct writer *w, struct set *g, struct object *o)
{
	if (o->settles == SETTLES_NOTHING)
		return;
	if (o->settles == SETTLES_REPLACING && !g->is_logged)
		g->claim_version = cuts_add(&w->cuts, g->first, g->end);
	else if (g->claim_version == 0)
		g->claim_version = cuts_claim(&w->cuts);
	g->is_logged = g->is_logged || o->settles == SETTLES_REPLACING;
	if (w->cuts.stored >= g->claim_version)
		place_settle(o);
}

/* True when all files of the set are in the bucket. */
static bool
set_step(struct writer *w, struct set *g)
{
	bool done = true;

	if (!g->is_cut || w->cuts.stored < g->log_version)
		return false;
	for (struct object *o = g->objects; o != NULL; o = o->next) {
		if (!g->is_ended)
			object_finish(o);
		settle(w, g, o);
		if (o->failure[0] != '\0' && w->failure[0] == '\0')
			fail(w, o->failure);
		done = done && o->done;
	}
	g->is_ended = true;
	return done;
}

bool
writer_step(struct writer *w)
{
	struct set *g;
	bool any = false;

	if (w->cuts.failure[0] != '\0' && w->failure[0] == '\0')
		fail(w, w->cuts.failure);
	for (g = w->oldest; g != NULL; g = g->next)
		(void)set_step(w, g);
	while ((g = w->oldest) != NULL && set_step(w, g)) {
		w->oldest = g->next;
		if (w->newest == g)
			w->newest = NULL;
		set_free(g);
		any = true;
	}
	return any;
}

int64_t
writer_safe(const struct writer *w, int64_t offset)
{
	return w->oldest == NULL ? offset : w->oldest->first;
}
