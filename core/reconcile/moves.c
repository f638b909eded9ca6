#include "reconcile/moves.h"

#include <stdlib.h>

#include "base/dict.h"
#include "base/xalloc.h"

struct slot {
	uint64_t last;         /* incarnation that had it, 0: none yet */
	struct clock_ms since; /* without a worker; 0: it has one */
	int64_t total_ms;
};

struct slots {
	size_t count;
	struct slot *items;
};

struct moves {
	struct dict *connectors; /* struct slots */
	int64_t count;
	size_t idle; /* tasks without a worker */
	struct clock_ms idle_since, idle_until;
	struct moves_rebalances all;
};

static void
slots_free(struct slots *s)
{
	if (s != NULL)
		free(s->items);
	free(s);
}

static struct slots *
slots_of(struct moves *m, const char *connector, size_t count)
{
	struct slots *s = dict_get_str(m->connectors, connector);

	if (s == NULL) {
		s = xcalloc(1, sizeof *s);
		(void)dict_put_str(m->connectors, connector, s);
	}
	s->items = xrealloc(s->items, (count + 1) * sizeof *s->items);
	for (size_t i = s->count; i < count; i++)
		s->items[i] = (struct slot){ 0 };
	s->count = count;
	return s;
}

/* One task more, or less, has no worker. */
static void
note_idle(struct moves *m, bool more, struct clock_ms now)
{
	int64_t ms;

	if (more && m->idle++ == 0)
		m->idle_since = now;
	if (more || --m->idle > 0)
		return;
	ms = clock_since(m->idle_since, now);
	m->idle_until = now;
	m->all.completed++;
	m->all.total_ms += ms;
	if (ms > m->all.longest_ms)
		m->all.longest_ms = ms;
}

static void
take(struct moves *m, struct slot *s, const struct who *owner,
    struct clock_ms now)
{
	if (who_is_nobody(owner)) {
		if (s->since.ms == 0) {
			s->since = now;
			note_idle(m, true, now);
		}
		return;
	}
	if (s->since.ms != 0) {
		s->total_ms += clock_since(s->since, now);
		note_idle(m, false, now);
	}
	s->since.ms = 0;
	m->count += s->last != 0 && s->last != owner->incarnation;
	s->last = owner->incarnation;
}

/* Tasks that are no more wait for nobody. */
static void
drop_idle(struct moves *m, struct slots *s, size_t kept, struct clock_ms now)
{
	for (size_t i = kept; s != NULL && i < s->count; i++) {
		if (s->items[i].since.ms == 0)
			continue;
		s->items[i].since.ms = 0;
		note_idle(m, false, now);
	}
}

void
moves_assigned(struct moves *m, const char *connector,
    const struct assignment *as, struct clock_ms now)
{
	struct slots *s = dict_get_str(m->connectors, connector);

	if (as == NULL || (s != NULL && as->task_count < s->count))
		drop_idle(m, s, as == NULL ? 0 : as->task_count, now);
	if (as == NULL) {
		slots_free(dict_remove_str(m->connectors, connector));
		return;
	}
	s = slots_of(m, connector, as->task_count);
	for (size_t i = 0; i < as->task_count; i++)
		take(m, &s->items[i], &as->tasks[i], now);
}

struct moves_rebalances
moves_rebalances(const struct moves *m, struct clock_ms now)
{
	struct moves_rebalances all = m->all;

	all.now = m->idle > 0;
	if (all.completed > 0)
		all.since_last_ms = clock_since(m->idle_until, now);
	return all;
}

int64_t
moves_count(const struct moves *m)
{
	return m->count;
}

void
moves_each(const struct moves *m, struct clock_ms now, moves_fn *fn, void *ctx)
{
	for (const struct dict_entry *e = dict_first(m->connectors); e != NULL;
	     e = dict_next(e)) {
		const struct slots *s = dict_value(e);
		size_t len;

		for (size_t i = 0; i < s->count; i++) {
			const struct slot *one = &s->items[i];
			int64_t ms = one->total_ms;

			if (one->since.ms != 0)
				ms += clock_since(one->since, now);
			if (ms > 0)
				fn(ctx, dict_key(e, &len), (int)i, ms);
		}
	}
}

struct moves *
moves_new(void)
{
	struct moves *m = xcalloc(1, sizeof *m);

	m->connectors = dict_new();
	return m;
}

void
moves_free(struct moves **mp)
{
	struct moves *m = *mp;

	*mp = NULL;
	if (m == NULL)
		return;
	for (const struct dict_entry *e = dict_first(m->connectors); e != NULL;
	     e = dict_next(e))
		slots_free(dict_value(e));
	dict_free(&m->connectors);
	free(m);
}
