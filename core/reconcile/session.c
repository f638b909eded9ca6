#include "reconcile/session.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"

#define AREA        "session"
#define LOOK_MS     1000
#define KEY_BYTES   32
#define BYTES_MAX   1024
#define ARENA_BYTES 2048

struct session {
	const struct options *o;
	struct journal *j;
	uv_timer_t timer;
	bool writing;
};

static void
on_written(void *ctx, const struct ps_error *err)
{
	struct session *s = ctx;

	s->writing = false;
	if (err != NULL)
		log_warn(AREA, "session key: %s", err->text);
}

static size_t
size_of(const struct options *o)
{
	const char *bits = ps_config_get(&o->all, "inter.worker.key.size");
	int64_t n;

	if (bits == NULL ||
	    text_int64(bits, 8, (int64_t)BYTES_MAX * 8, &n) != 0)
		return KEY_BYTES;
	return (size_t)n / 8;
}

static void
write_key(struct session *s)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	size_t size = size_of(s->o);
	uint8_t *bytes = ps_alloc(a, size);
	struct configs_session_key key = { .algorithm = "HmacSHA256",
		.created_ms = wall_now().ms };
	struct store_pair record;

	/* 256 at a time is what the kernel gives. */
	for (size_t at = 0; at < size; at += 256)
		if (getentropy(bytes + at, size - at < 256 ? size - at : 256) !=
		    0)
			goto out;
	key.key = text_base64(a, bytes, size);
	record = configs_put_session_key(a, &key);
	s->writing = true;
	journal_append(s->j, JOURNAL_CONFIG,
	    &(struct store_pairs){ &record, 1 }, on_written, s);
out:
	arena_free(&a);
}

/* One of the future as well: a clock was set back. */
static bool
is_old(const struct configs_session_key *key, int64_t ttl)
{
	int64_t age = wall_now().ms - key->created_ms;

	return age >= ttl || age <= -ttl;
}

static void
on_look(uv_timer_t *t)
{
	struct session *s = t->data;
	const struct configs_session_key *key =
	    configs_session_key(journal_configs(s->j));
	int64_t ttl = options_int(s->o, "inter.worker.key.ttl.ms");

	if (!s->writing && (key == NULL || is_old(key, ttl)))
		write_key(s);
}

void
session_lead(struct session *s, bool leads)
{
	if (leads)
		(void)uv_timer_start(&s->timer, on_look, 0, LOOK_MS);
	else
		(void)uv_timer_stop(&s->timer);
}

struct session *
session_new(uv_loop_t *loop, const struct options *o, struct journal *j)
{
	struct session *s = xcalloc(1, sizeof *s);

	s->o = o;
	s->j = j;
	s->timer.data = s;
	(void)uv_timer_init(loop, &s->timer);
	return s;
}

static void
on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
session_free(struct session **sp)
{
	struct session *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	journal_forget(s->j, s);
	uv_close((uv_handle_t *)&s->timer, on_closed);
}
