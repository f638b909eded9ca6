#include "reconcile/election.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "kafka/conf.h"
#include "kafka/group.h"
#include "supervise/timer.h"

#define AREA        "election"
#define ARENA_BYTES 4096
/* Members learn of an election by a heartbeat, so those are frequent. */
#define HEARTBEAT_MAX_MS 500
#define PAUSE_MS         1000
#define INSTANCE_MAX     249

struct election {
	struct election_spec spec;
	const struct election_ops *ops;
	void *ctx;
	struct ps_arena *a;
	const char *instance;
	const struct group_ops *hears;
	struct group *group; /* NULL: out of it */
	uv_poll_t poll;
	uv_timer_t pause;
	bool leaving; /* for good */
	bool polling, freed, pause_closed;
};

/* ---- the group --------------------------------------------------------- */

static void
on_owner(void *ctx, bool is_owner)
{
	struct election *e = ctx;

	log_info(AREA, "group %s: %s", e->spec.options->group,
	    is_owner ? "candidate to lead" : "no candidate any more");
	if (!e->freed)
		e->ops->candidate(e->ctx, is_owner);
}

static void
on_broken(void *ctx, const struct ps_error *err)
{
	struct election *e = ctx;

	e->ops->broken(e->ctx, err);
}

static void
on_readable(uv_poll_t *p, int status, int events)
{
	struct election *e = p->data;

	(void)status;
	(void)events;
	group_serve(e->group);
}

static int
heartbeat_ms(const struct options *o)
{
	int64_t ms = options_int(o, "heartbeat.interval.ms");

	return ms > HEARTBEAT_MAX_MS ? HEARTBEAT_MAX_MS : (int)ms;
}

int
election_join(struct election *e, struct ps_error *err)
{
	const struct options *o = e->spec.options;
	struct conf_owner owner = { .worker = &o->given, .task = -1 };
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct ps_config settings = conf_settings(a, CONF_INTERNAL, &owner);
	struct group_spec spec = { .settings = &settings,
		.group = o->group,
		.instance = e->instance,
		.topic = ps_config_str(&o->all, "config.storage.topic"),
		.session_ms = (int)options_int(o, "session.timeout.ms"),
		.heartbeat_ms = heartbeat_ms(o) };

	e->group = group_join(&spec, e->hears, e, err);
	arena_free(&a);
	if (e->group == NULL)
		return -1;
	(void)uv_poll_init(e->spec.loop, &e->poll, group_fd(e->group));
	e->polling = true;
	(void)uv_poll_start(&e->poll, UV_READABLE, on_readable);
	return 0;
}

/* ---- leaving ----------------------------------------------------------- */

static void
release(struct election *e)
{
	if (!e->freed || e->polling || !e->pause_closed)
		return;
	arena_free(&e->a);
	free(e);
}

/* It was in the group with the same settings before: what is in the way may
 * be gone the next time, as a lack of descriptors. */
static void
on_again(uv_timer_t *t)
{
	struct election *e = t->data;
	struct ps_error err = { 0 };

	if (election_join(e, &err) == 0)
		(void)uv_timer_stop(t);
	else
		log_warn(AREA, "%s; tried again in %d ms", err.text, PAUSE_MS);
}

static void
on_poll_closed(uv_handle_t *h)
{
	struct election *e = h->data;

	e->polling = false;
	if (!e->freed && !e->leaving)
		(void)uv_timer_start(&e->pause, on_again, 0, PAUSE_MS);
	release(e);
}

static void
free_group(struct election *e)
{
	(void)uv_poll_stop(&e->poll);
	group_free(&e->group);
	uv_close((uv_handle_t *)&e->poll, on_poll_closed);
}

/* The pause after leaving is over: join again, or have left. */
static void
on_pause(uv_timer_t *t)
{
	struct election *e = t->data;

	if (e->group != NULL)
		free_group(e);
	if (e->leaving)
		e->ops->left(e->ctx);
}

/* The group is freed when its own call has returned. */
static void
on_left_group(void *ctx)
{
	struct election *e = ctx;

	timer_in(&e->pause, on_pause, e->leaving ? 0 : PAUSE_MS);
}

static const struct group_ops group_ops = { on_owner, on_broken,
	on_left_group };

void
election_rejoin(struct election *e)
{
	if (e->group != NULL)
		group_leave(e->group);
}

void
election_leave(struct election *e)
{
	e->leaving = true;
	if (e->group == NULL || uv_is_active((uv_handle_t *)&e->pause))
		(void)uv_timer_start(&e->pause, on_pause, 0, 0);
	else
		group_leave(e->group);
}

/* ---- questions --------------------------------------------------------- */

char *
election_metadata(const struct election *e, struct ps_arena *a)
{
	return e->group == NULL ? NULL : group_metadata(e->group, a);
}

const char *
election_trouble(const struct election *e)
{
	return e->group == NULL ? "" : group_trouble(e->group);
}

/* ---- life -------------------------------------------------------------- */

/* Of the characters that a group.instance.id may have. */
static const char *
instance_of(struct ps_arena *a, const char *id, const char *host)
{
	char *text = ps_printf(a, "%s_%s", id, host);

	for (char *c = text; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && *c != '.' && *c != '-')
			*c = '_';
	if (strlen(text) > INSTANCE_MAX)
		text[INSTANCE_MAX] = '\0';
	return text;
}

struct election *
election_new(const struct election_spec *spec, const struct election_ops *ops,
    void *ctx)
{
	struct election *e = xcalloc(1, sizeof *e);

	e->spec = *spec;
	e->ops = ops;
	e->ctx = ctx;
	e->hears = &group_ops;
	e->a = arena_new(ARENA_BYTES);
	e->instance = instance_of(e->a, spec->id, spec->host);
	e->pause.data = e->poll.data = e;
	(void)uv_timer_init(spec->loop, &e->pause);
	return e;
}

static void
on_pause_closed(uv_handle_t *h)
{
	struct election *e = h->data;

	e->pause_closed = true;
	release(e);
}

void
election_free(struct election **ep)
{
	struct election *e = *ep;

	*ep = NULL;
	if (e == NULL)
		return;
	e->freed = true;
	if (e->group != NULL)
		free_group(e);
	uv_close((uv_handle_t *)&e->pause, on_pause_closed);
}
