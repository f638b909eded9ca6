#include "cluster/herder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mix.h"
#include "base/xalloc.h"
#include "cluster/herder_impl.h"

#define ARENA_BYTES 8192

/* ---- actions ----------------------------------------------------------- */

struct herder_action *
herder_act(struct herder *h, enum herder_action_kind kind)
{
	struct herder_action *old = h->actions;

	if (h->action_count == h->action_room) {
		h->action_room = h->action_room == 0 ? 8 : h->action_room * 2;
		h->actions =
		    ps_calloc(h->a, h->action_room, sizeof *h->actions);
		if (h->action_count > 0)
			memcpy(h->actions, old, h->action_count * sizeof *old);
	}
	h->actions[h->action_count].kind = kind;
	return &h->actions[h->action_count++];
}

static void
begin_step(struct herder *h, struct clock_ms now)
{
	arena_reset(h->a, ARENA_BYTES);
	h->actions = NULL;
	h->action_count = h->action_room = 0;
	h->now = now;
	h->next = clock_after(now, h->config.heartbeat_ms);
}

void
herder_wake(struct herder *h, struct clock_ms t)
{
	if (t.ms < h->next.ms)
		h->next = t;
}

void
herder_settle(struct herder *h, const char *connector)
{
	herder_act(h, HERD_SETTLE)->connector =
	    connector == NULL ? NULL : ps_strdup(h->a, connector);
}

/* ---- what is ours ------------------------------------------------------ */

bool
herder_owns(const struct herder *h, const char *connector, int task,
    int64_t generation)
{
	const struct entry *e = table_find(h->table, connector);
	const struct who *owner = e == NULL ? NULL : entry_owner(e, task);

	if (owner == NULL || h->lost || h->hurried || !who_is(owner, &h->me))
		return false;
	return task < 0 || generation == e->is.generation;
}

bool
herder_may_start(const struct herder *h, struct clock_ms now,
    const char *connector, int task, int64_t generation)
{
	return h->caught_up && !h->leaving && lease_allows(&h->lease, now) &&
	       herder_owns(h, connector, task, generation);
}

bool
herder_may_speak(const struct herder *h, struct clock_ms now)
{
	return !h->lost && h->lease.held && now.ms < h->lease.ends.ms;
}

static void
on_process(struct herder *h, const struct herder_event *ev)
{
	struct process *p;
	size_t i = 0;

	while (i < h->process_count &&
	       (h->processes[i].task != ev->process.task ||
		   strcmp(h->processes[i].connector, ev->connector) != 0))
		i++;
	if (ev->process.began) {
		assert(i == h->process_count);
		h->processes =
		    xrealloc(h->processes, (i + 1) * sizeof *h->processes);
		h->processes[h->process_count++] =
		    (struct process){ xstrdup(ev->connector), ev->process.task,
			    ev->process.generation };
		return;
	}
	assert(i < h->process_count);
	p = &h->processes[i];
	if (!herder_owns(h, p->connector, p->task, p->generation))
		h->news = true;
	free(p->connector);
	*p = h->processes[--h->process_count];
}

/* ---- life of an incarnation -------------------------------------------- */

static uint64_t
draw(struct herder *h)
{
	uint64_t x = mix64(h->config.seed += MIX_STEP);

	return x == 0 ? 1 : x;
}

static void
be_born(struct herder *h)
{
	h->me.incarnation = draw(h);
	h->born_ms = h->now.ms > h->born_ms ? h->now.ms : h->born_ms + 1;
	lease_init(&h->lease, h->config.session_ms, h->now);
	h->beats = h->heard = 0;
	h->since = -1;
	h->next_beat = h->now;
	h->told = h->now;
	h->lost = h->caught_up = false;
	h->suspended = true;
	herder_act(h, HERD_CATCH_UP)->token = ++h->token;
	(void)herder_act(h, HERD_INTRODUCE);
}

static void
on_verdict(struct herder *h, const struct who *who)
{
	peers_verdict(h->peers, who);
	h->dirty = true;
	if (!who_is(who, &h->me) || h->lost)
		return;
	h->lost = true;
	herder_stop_leading(h);
	(void)herder_act(h, HERD_KILL);
}

static void
on_caught_up(struct herder *h, uint64_t token)
{
	if (token != h->token)
		return;
	h->caught_up = true;
	herder_settle(h, NULL);
}

/* true: the lease is lost, nothing else can be done. */
static bool
is_lost(struct herder *h)
{
	if (!h->lost)
		return false;
	if (h->process_count > 0)
		return true;
	if (h->leaving) {
		h->left = true;
		(void)herder_act(h, HERD_LEFT);
		return true;
	}
	be_born(h);
	return false;
}

static void
keep_lease(struct herder *h)
{
	if (!lease_allows(&h->lease, h->now)) {
		if (!h->suspended)
			(void)herder_act(h, HERD_SUSPEND);
		h->suspended = true;
		return;
	}
	if (h->told.ms != h->lease.ends.ms)
		herder_act(h, HERD_LEASE)->ends = h->lease.ends;
	h->told = h->lease.ends;
	if (h->suspended)
		herder_settle(h, NULL);
	h->suspended = false;
	herder_wake(h, lease_suspends(&h->lease));
}

static bool
has_work(const struct herder *h)
{
	for (size_t i = 0; i < table_count(h->table); i++) {
		const struct entry *e = table_at(h->table, i);

		for (int t = -1; t < (int)e->is.task_count; t++)
			if (herder_owns(h, e->name, t, e->is.generation))
				return true;
	}
	return false;
}

/* Planned out, or told to hurry: the goodbye says that nothing runs. */
static void
leave_if_done(struct herder *h)
{
	if (!h->leaving || h->process_count > 0 || h->goodbye > 0)
		return;
	if (!h->hurried && (has_work(h) || herder_is_planning(h)))
		return;
	h->goodbye = h->beats + 1;
	herder_beat(h);
}

/* ---- the step ---------------------------------------------------------- */

static void
on_assignment(struct herder *h, const char *connector,
    const struct assignment *as)
{
	const struct entry *e;

	table_assign(h->table, connector, as);
	h->dirty = true;
	if (as != NULL && as->epoch > h->applied)
		h->applied = as->epoch;
	e = table_find(h->table, connector);
	for (size_t i = 0; e != NULL && i < e->is.debt_count; i++)
		h->news |= who_is(&e->is.debts[i].who, &h->me);
	herder_settle(h, connector);
}

static void
on_connector(struct herder *h, const char *connector, const struct wanted *w)
{
	table_want(h->table, connector, w);
	h->dirty = true;
	herder_settle(h, connector);
}

/* Who takes a name on a machine proves that earlier runs there have ended;
 * nobody else may be left who has heard of those. */
static void
follow(struct herder *h, const struct member_info *info)
{
	const struct member_info *last =
	    members_last(h->members, info->who.id, info->host);

	if (last == NULL || who_is(&last->who, &info->who))
		members_put(h->members, info);
	else if (info->born_ms < last->born_ms)
		peers_follow(h->peers, &info->who);
	else {
		peers_follow(h->peers, &last->who);
		members_put(h->members, info);
	}
}

static void
on_member(struct herder *h, const struct member_info *info)
{
	follow(h, info);
	h->dirty = true;
	if (strcmp(info->who.id, h->me.id) == 0)
		h->spoken_over = !who_is(&info->who, &h->me);
}

void
herder_leave(struct herder *h)
{
	h->hurried = h->leaving;
	h->leaving = h->news = h->dirty = true;
	if (h->hurried)
		herder_settle(h, NULL);
}

static void
take(struct herder *h, const struct herder_event *ev)
{
	switch (ev->kind) {
	case HERDER_TICK:
		break;
	case HERDER_LISTENS:
		h->listens = true;
		peers_begin(h->peers, h->now);
		break;
	case HERDER_BEAT:
		herder_on_beat(h, &ev->beat, ev->offset);
		break;
	case HERDER_VERDICT:
		on_verdict(h, &ev->verdict);
		break;
	case HERDER_CAUGHT_UP:
		on_caught_up(h, ev->token);
		break;
	case HERDER_CONNECTOR:
		on_connector(h, ev->connector, &ev->wanted);
		break;
	case HERDER_ASSIGNMENT:
		on_assignment(h, ev->connector, ev->assignment);
		break;
	case HERDER_CLAIM:
		herder_on_claim(h, &ev->claim);
		break;
	case HERDER_MEMBER:
		on_member(h, &ev->member);
		break;
	case HERDER_CANDIDATE:
		herder_on_candidate(h, ev->candidate);
		break;
	case HERDER_WROTE:
		herder_on_wrote(h, ev->wrote);
		break;
	case HERDER_HEALED:
		if (h->lead == LEAD_HEALING)
			h->lead = LEAD_LEADING;
		h->dirty = true;
		break;
	case HERDER_PROCESS:
		on_process(h, ev);
		break;
	case HERDER_DRAIN:
		h->news |= h->draining != ev->drain;
		h->draining = ev->drain;
		break;
	case HERDER_LEAVE:
		herder_leave(h);
		break;
	}
}

struct herder_actions
herder_step(struct herder *h, struct clock_ms now,
    const struct herder_event *ev)
{
	begin_step(h, now);
	if (!h->left)
		take(h, ev);
	if (!h->left && h->listens && !is_lost(h)) {
		peers_notice(h->peers, now);
		keep_lease(h);
		herder_lead(h);
		leave_if_done(h);
		herder_beat_if_due(h);
	}
	return (struct herder_actions){ h->actions, h->action_count };
}

struct clock_ms
herder_next(const struct herder *h)
{
	return h->next;
}

/* ---- life -------------------------------------------------------------- */

struct herder *
herder_new(const struct herder_config *config, struct clock_ms now)
{
	struct herder *h = xcalloc(1, sizeof *h);

	h->config = *config;
	h->config.id = xstrdup(config->id);
	h->config.host = xstrdup(config->host);
	h->me.id = h->config.id;
	h->a = arena_new(ARENA_BYTES);
	h->peers = peers_new(config->session_ms);
	h->members = members_new();
	h->table = table_new();
	h->next = h->now = now;
	/* Born in the first step. */
	h->lost = true;
	return h;
}

void
herder_free(struct herder **hp)
{
	struct herder *h = *hp;

	if (h == NULL)
		return;
	*hp = NULL;
	for (size_t i = 0; i < h->process_count; i++)
		free(h->processes[i].connector);
	free(h->processes);
	peers_free(&h->peers);
	members_free(&h->members);
	table_free(&h->table);
	arena_free(&h->a);
	free((char *)(uintptr_t)h->claim.url);
	free((char *)(uintptr_t)h->config.host);
	free((char *)(uintptr_t)h->config.id);
	free(h);
}

/* ---- questions --------------------------------------------------------- */

enum herder_role
herder_role(const struct herder *h)
{
	if (h->leaving)
		return HERDER_LEAVING;
	if (h->lost || !h->lease.held || !h->caught_up)
		return HERDER_JOINING;
	if (h->lead == LEAD_LEADING)
		return HERDER_LEADER;
	return h->lead == LEAD_NOT ? HERDER_FOLLOWER : HERDER_CLAIMING;
}

bool
herder_leads(const struct herder *h)
{
	return h->lead == LEAD_LEADING;
}

bool
herder_holds_pen(const struct herder *h)
{
	return h->lead != LEAD_NOT;
}

const struct who *
herder_me(const struct herder *h)
{
	return &h->me;
}

int64_t
herder_born(const struct herder *h)
{
	return h->born_ms;
}

const struct claim *
herder_leader(const struct herder *h)
{
	return &h->claim;
}

bool
herder_is_alive(const struct herder *h, const char *id, uint64_t incarnation)
{
	const struct peer *p =
	    peers_find(h->peers, &(struct who){ id, incarnation });

	return p != NULL && peer_is_member(p) &&
	       clock_since(p->heard, h->now) < h->config.session_ms;
}

bool
herder_is_idle(const struct herder *h, const char *connector)
{
	const struct entry *e = table_find(h->table, connector);

	if (e == NULL || !e->assigned)
		return true;
	if (e->is.unreadable)
		return false;
	for (size_t i = 0; i < e->is.task_count; i++)
		if (!who_is_nobody(&e->is.tasks[i]))
			return false;
	for (size_t i = 0; i < e->is.debt_count; i++) {
		const struct debt *d = &e->is.debts[i];
		const struct peer *p = peers_find(h->peers, &d->who);

		if (p == NULL || (!p->over && !peer_has_left(p, d->epoch,
						  connector, PEER_ANY)))
			return false;
	}
	return true;
}

const struct peers *
herder_peers(const struct herder *h)
{
	return h->peers;
}

const struct members *
herder_members(const struct herder *h)
{
	return h->members;
}

const struct table *
herder_table(const struct herder *h)
{
	return h->table;
}

const struct lease *
herder_lease(const struct herder *h)
{
	return &h->lease;
}

int64_t
herder_epoch(const struct herder *h)
{
	return h->applied;
}

int
herder_version(const struct herder *h)
{
	return members_version(h->members, h->peers, h->config.version);
}
