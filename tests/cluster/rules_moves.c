#include <string.h>

#include "tests/cluster/sim_impl.h"

/*
 * Work that need not move never stops, whatever happens meanwhile. Of a
 * decision of the leader's: what it takes from a worker that could go on is
 * needless if one more of the same must come there, or, when nothing is
 * nowhere, if there is a spread, level in each connector and in total, in which
 * it stays beside all that stays. Of workers that are equal: no labels, no
 * capacities. And of a process: it stops only if it is not its worker's to run.
 */

#define MEMBERS_MAX 8

/* Slots that are spread together: the tasks of a connector, or its own. */
struct group {
	size_t slots;
	size_t stay[MEMBERS_MAX]; /* of each member's, those that it keeps */
	unsigned taken;           /* members that lose one, as bits */
};

struct decision {
	const struct herder *h;
	const struct assign_result *r;
	const struct peer *members[MEMBERS_MAX]; /* that may have work */
	size_t member_count;
	struct group groups[CONNECTORS];
	bool any_nowhere; /* a slot is to be spread that nobody there has */
};

/* ---- is there such a spread? ------------------------------------------- */

/* Each member has `low` slots of a group or one more: who has one more? */
struct spread {
	size_t members;
	unsigned must[CONNECTORS]; /* those who have it anyhow */
	size_t more[CONNECTORS];   /* how many have it */
	size_t most;               /* so often at most for a member */
	size_t full;               /* … and that for so many */
};

static bool
is_level(const struct spread *sp, const size_t *times)
{
	size_t full = 0;

	for (size_t m = 0; m < sp->members; m++) {
		if (times[m] > sp->most || times[m] + 1 < sp->most)
			return false;
		full += times[m] == sp->most;
	}
	return full == sp->full;
}

static bool
find_level(const struct spread *sp, size_t group, size_t *times)
{
	bool found = false;

	if (group == CONNECTORS)
		return is_level(sp, times);
	for (unsigned set = 0; set < 1U << sp->members && !found; set++) {
		if ((set & sp->must[group]) != sp->must[group] ||
		    (size_t)__builtin_popcount(set) != sp->more[group])
			continue;
		for (size_t m = 0; m < sp->members; m++)
			times[m] += set >> m & 1U;
		found = find_level(sp, group + 1, times);
		for (size_t m = 0; m < sp->members; m++)
			times[m] -= set >> m & 1U;
	}
	return found;
}

static bool
can_stay(const struct decision *d)
{
	struct spread sp = { .members = d->member_count };
	size_t sum = 0, times[MEMBERS_MAX] = { 0 };

	for (int c = 0; c < CONNECTORS; c++) {
		const struct group *g = &d->groups[c];
		size_t low = g->slots / sp.members;

		sp.more[c] = g->slots % sp.members;
		sum += sp.more[c];
		for (size_t m = 0; m < sp.members; m++) {
			if (g->stay[m] > low + 1)
				return false;
			sp.must[c] |= (g->stay[m] > low ? 1U : 0U) << m;
		}
	}
	sp.most = (sum + sp.members - 1) / sp.members;
	sp.full = sum - (sp.most == 0 ? 0 : sp.most - 1) * sp.members;
	if (sp.most == 0)
		sp.full = sp.members;
	return find_level(&sp, 0, times);
}

/* ---- what is decided --------------------------------------------------- */

static void
find_members(struct decision *d)
{
	const struct peers *all = herder_peers(d->h);

	for (const struct peer *p = peers_first(all); p != NULL; p = p->next)
		if (peer_is_member(p) && !peer_is_accused(p) &&
		    (p->flags & (BEAT_DRAINING | BEAT_LEAVING)) == 0 &&
		    members_find(herder_members(d->h), &p->who) != NULL &&
		    !peers_is_second(all, p) && d->member_count < MEMBERS_MAX)
			d->members[d->member_count++] = p;
}

static const struct assignment *
new_record(const struct decision *d, const struct entry *e)
{
	for (size_t i = 0; i < d->r->count; i++)
		if (strcmp(d->r->records[i].connector, e->name) == 0)
			return d->r->records[i].assignment;
	return &e->is;
}

static const struct who *
new_owner(const struct decision *d, const struct entry *e, int task)
{
	static const struct who nobody;
	const struct assignment *as = new_record(d, e);

	if (as == NULL)
		return &nobody;
	return task < 0 ? &as->connector : &as->tasks[task];
}

/* Its owner is judged, or may come back: it is not spread. */
static bool
is_held(const struct decision *d, const struct who *owner)
{
	const struct peer *p = peers_find(herder_peers(d->h), owner);

	return p != NULL && (p->judged || p->over);
}

/* -1: it is none of those that may have work. */
static int
find_member(const struct decision *d, const struct who *who)
{
	for (size_t m = 0; who != NULL && m < d->member_count; m++)
		if (who_is(&d->members[m]->who, who))
			return (int)m;
	return -1;
}

static void
look_at_slot(struct decision *d, struct group *g, const struct entry *e,
    int task)
{
	const struct who *was = entry_owner(e, task);
	const struct who *now = new_owner(d, e, task);
	int m;

	if (was != NULL && who_is(was, now) && is_held(d, was))
		return;
	g->slots++;
	m = find_member(d, was);
	if (m < 0)
		d->any_nowhere = true;
	else if (who_is(was, now))
		g->stay[m]++;
	else
		g->taken |= 1U << m;
}

static void
look_at(struct decision *d, bool tasks)
{
	memset(d->groups, 0, sizeof d->groups);
	d->any_nowhere = false;
	for (int c = 0; c < CONNECTORS; c++) {
		const struct entry *e =
		    table_find(herder_table(d->h), sim_connectors[c]);

		if (e == NULL || !e->wanted.exists)
			continue;
		if (!tasks)
			look_at_slot(d, &d->groups[c], e, -1);
		for (int t = 0; tasks && t < (int)entry_task_count(e); t++)
			look_at_slot(d, &d->groups[c], e, t);
	}
}

/* With less than each has of the group it gets another one. */
static bool
is_needless(struct decision *d, struct group *g, size_t member)
{
	bool stays;

	if (g->stay[member] < g->slots / d->member_count)
		return true;
	if (d->any_nowhere)
		return false;
	g->stay[member]++;
	stays = can_stay(d);
	g->stay[member]--;
	return stays;
}

static void
check_decision(struct sim *s, struct decision *d, const char *what)
{
	for (int c = 0; c < CONNECTORS; c++)
		for (size_t m = 0; m < d->member_count; m++)
			if ((d->groups[c].taken >> m & 1U) != 0 &&
			    is_needless(d, &d->groups[c], m))
				world_red(s, "%s of %s leaves %s, and need not",
				    what, sim_connectors[c],
				    d->members[m]->who.id);
}

void
rules_moves(struct sim *s, size_t i, const struct assign_result *r)
{
	struct decision d = { .h = s->nodes[i].h, .r = r };

	if (r->moves == 0 || s->plan.placed || s->plan.sized)
		return;
	find_members(&d);
	if (d.member_count == 0)
		return;
	look_at(&d, false);
	check_decision(s, &d, "the process");
	look_at(&d, true);
	check_decision(s, &d, "a task");
}

/* ---- processes --------------------------------------------------------- */

/* Is it the worker's, by the newest record that it has read? */
static bool
is_assigned(const struct sim *s, size_t i, const struct child *c)
{
	const struct node *n = &s->nodes[i];
	int64_t at = n->assigned_by[c->connector];
	const struct config_record *r =
	    at < 0 ? NULL : log_at(&s->configs, (size_t)at);
	const struct assignment *as;

	if (r == NULL || r->gone || r->assignment.version > n->version)
		return false;
	as = &r->assignment;
	if (c->task < 0)
		return who_is(&as->connector, herder_me(n->h));
	return as->generation == c->generation &&
	       (size_t)c->task < as->task_count &&
	       who_is(&as->tasks[c->task], herder_me(n->h));
}

static bool
is_wanted(const struct sim *s, size_t i, const struct child *c)
{
	const struct entry *e = table_find(herder_table(s->nodes[i].h),
	    sim_connectors[c->connector]);

	if (e == NULL || !e->wanted.exists)
		return false;
	return c->task < 0 || (e->wanted.generation == c->generation &&
				  (size_t)c->task < entry_task_count(e));
}

void
rules_stops(struct sim *s, size_t i, const struct child *c)
{
	const struct herder *h = s->nodes[i].h;

	if (herder_role(h) == HERDER_LEAVING ||
	    rules_is_judged(s, i, herder_me(h)))
		return;
	if (is_wanted(s, i, c) && is_assigned(s, i, c))
		world_red(s, "w%zu: %s %d stops, and need not", i,
		    sim_connectors[c->connector], c->task);
}
