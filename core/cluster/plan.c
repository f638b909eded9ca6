#include "cluster/plan.h"

#include "base/mix.h"

#define LOAD_CLEAR 0.25 /* of a machine */

struct plan {
	const struct plan_member *members;
	size_t member_count;
	struct plan_group *groups;
	size_t groups_count;
	int *counts; /* of each group, how many each member has */
	int *totals; /* how many each member has */
	int *parent; /* of a search: who gives to this member */
	size_t *queue;
	bool *tried; /* of a round: nothing can go from this member */
	bool *takes; /* members that some group may be on */
};

static int *
counts_of(const struct plan *p, size_t group)
{
	return p->counts + group * p->member_count;
}

static bool
is_eligible(const struct plan_group *g, size_t member)
{
	return g->eligible == NULL || g->eligible[member];
}

/* Would one more make b as full as a is now, or less? */
static bool
has_more(const struct plan *p, const int *slots, size_t a, size_t b)
{
	return slots[a] * p->members[b].capacity >=
	       (slots[b] + 1) * p->members[a].capacity;
}

/* As has_more, but the move leaves something gained. */
static bool
has_too_much(const struct plan *p, const int *slots, size_t a, size_t b)
{
	return slots[a] * p->members[b].capacity >
	       (slots[b] + 1) * p->members[a].capacity;
}

/* Is a, with one more, emptier than b with one more? */
static int
compare(const struct plan *p, const int *slots, size_t a, size_t b)
{
	double left = (slots[a] + 1) * p->members[b].capacity;
	double right = (slots[b] + 1) * p->members[a].capacity;

	return (left > right) - (left < right);
}

/* Is a's machine less busy than b's, by more than comes and goes? */
static int
compare_load(const struct plan *p, size_t a, size_t b)
{
	double more = p->members[a].load - p->members[b].load;

	return (more > LOAD_CLEAR) - (more < -LOAD_CLEAR);
}

/* Where all else is equal, groups meet in all pairs of members: of two that
 * always shared theirs the one that is left could take nothing of the other's,
 * and others' slots would have to move. */
static int
compare_by_chance(size_t group, size_t a, size_t b)
{
	uint64_t left = mix64(group * MIX_STEP + a);
	uint64_t right = mix64(group * MIX_STEP + b);

	return (left > right) - (left < right);
}

static void
give(struct plan *p, size_t group, size_t slot, int to)
{
	int *after = &p->groups[group].after[slot];
	int *counts = counts_of(p, group);

	if (*after != PLAN_NOBODY) {
		counts[*after]--;
		p->totals[*after]--;
	}
	*after = to;
	counts[to]++;
	p->totals[to]++;
}

/* Where the next slot of the group goes, which was at `last`. */
static int
emptiest(const struct plan *p, size_t group, int last)
{
	const int *counts = counts_of(p, group);
	int best = PLAN_NOBODY, order;

	for (size_t m = 0; m < p->member_count; m++) {
		if (!is_eligible(&p->groups[group], m))
			continue;
		order = best == PLAN_NOBODY
			    ? -1
			    : compare(p, counts, m, (size_t)best);
		if (order == 0)
			order = compare(p, p->totals, m, (size_t)best);
		if (order == 0)
			order = (best == last) - ((int)m == last);
		if (order == 0)
			order = compare_load(p, m, (size_t)best);
		if (order == 0)
			order = compare_by_chance(group, m, (size_t)best);
		if (order < 0)
			best = (int)m;
	}
	return best;
}

static int
last_of(const struct plan_group *g, size_t slot)
{
	return g->last == NULL ? PLAN_NOBODY : g->last[slot];
}

static void
keep(struct plan *p, size_t group)
{
	struct plan_group *g = &p->groups[group];

	for (size_t s = 0; s < g->count; s++) {
		int at = g->before[s];

		g->after[s] = PLAN_NOBODY;
		if (at >= 0 && is_eligible(g, (size_t)at))
			give(p, group, s, at);
	}
}

static void
place(struct plan *p, size_t group)
{
	struct plan_group *g = &p->groups[group];
	int to;

	for (size_t s = 0; s < g->count; s++) {
		if (g->after[s] != PLAN_NOBODY)
			continue;
		to = emptiest(p, group, last_of(g, s));
		if (to == PLAN_NOBODY)
			return;
		give(p, group, s, to);
	}
}

/* A slot that `from` has: one that moves anyhow, else the last. */
static size_t
slot_of(const struct plan_group *g, int from)
{
	size_t found = 0;

	for (size_t s = 0; s < g->count; s++) {
		if (g->after[s] != from)
			continue;
		found = s;
		if (g->before[s] != from)
			break;
	}
	return found;
}

/* ---- in a group -------------------------------------------------------- */

/* The fullest of those that have too much beside `to`. */
static int
fullest_beside(const struct plan *p, size_t group, size_t to)
{
	const int *counts = counts_of(p, group);
	int best = PLAN_NOBODY, order;

	for (size_t m = 0; m < p->member_count; m++) {
		if (counts[m] == 0 || !has_too_much(p, counts, m, to))
			continue;
		order = best == PLAN_NOBODY
			    ? 1
			    : compare(p, counts, m, (size_t)best);
		if (order == 0)
			order = compare(p, p->totals, m, (size_t)best);
		if (order > 0)
			best = (int)m;
	}
	return best;
}

static void
level_group(struct plan *p, size_t group)
{
	struct plan_group *g = &p->groups[group];
	int to, from;

	while ((to = emptiest(p, group, PLAN_NOBODY)) != PLAN_NOBODY) {
		from = fullest_beside(p, group, (size_t)to);
		if (from == PLAN_NOBODY)
			return;
		give(p, group, slot_of(g, from), to);
	}
}

/* ---- in total ---------------------------------------------------------- */

/* A group of which a can give b one without harm to its balance, or -1. A
 * slot that moves anyhow comes first. */
static int
group_between(const struct plan *p, size_t a, size_t b)
{
	int found = -1;

	for (size_t i = 0; i < p->groups_count; i++) {
		const struct plan_group *g = &p->groups[i];
		const int *counts = counts_of(p, i);

		if (counts[a] == 0 || !is_eligible(g, b) ||
		    !has_more(p, counts, a, b))
			continue;
		if (g->before[slot_of(g, (int)a)] != (int)a)
			return (int)i;
		if (found < 0)
			found = (int)i;
	}
	return found;
}

static void
move_along(struct plan *p, size_t to)
{
	while (p->parent[to] >= 0) {
		size_t from = (size_t)p->parent[to];
		int group = group_between(p, from, to);

		/* The step before may have been of the same group. */
		if (group >= 0)
			give(p, (size_t)group,
			    slot_of(&p->groups[group], (int)from), (int)to);
		to = from;
	}
}

enum { UNSEEN = -2, ROOT = -1 };

static int
emptiest_in_total(const struct plan *p)
{
	size_t best = 0;

	for (size_t m = 1; m < p->member_count; m++)
		if (compare(p, p->totals, m, best) < 0)
			best = m;
	return (int)best;
}

/* Those that `at` can give to, and that the search has not met. `goal`, if it
 * is among them, or PLAN_NOBODY. */
static int
search_beside(struct plan *p, size_t at, int goal, size_t *queued)
{
	for (size_t m = 0; m < p->member_count; m++) {
		if (p->parent[m] != UNSEEN || group_between(p, at, m) < 0)
			continue;
		p->parent[m] = (int)at;
		p->queue[(*queued)++] = m;
		if ((int)m == goal)
			return goal;
	}
	return PLAN_NOBODY;
}

/* Of those that the search has met, the emptiest that `from` has too much
 * beside; the nearest of equal ones. */
static int
emptiest_met(const struct plan *p, size_t from, size_t queued)
{
	int best = PLAN_NOBODY;

	for (size_t i = 1; i < queued; i++) {
		size_t m = p->queue[i];

		if (has_too_much(p, p->totals, from, m) &&
		    (best == PLAN_NOBODY ||
			compare(p, p->totals, m, (size_t)best) < 0))
			best = (int)m;
	}
	return best;
}

/* Can something go from `from`, perhaps through others, to where there is too
 * little? Breadth first, so the fewest moves; to the emptiest, so that it need
 * not move on. */
static bool
relieve(struct plan *p, size_t from)
{
	size_t queued = 0;
	int goal = emptiest_in_total(p), to = PLAN_NOBODY;

	for (size_t m = 0; m < p->member_count; m++)
		p->parent[m] = UNSEEN;
	p->parent[from] = ROOT;
	p->queue[queued++] = from;
	for (size_t i = 0; i < queued && to == PLAN_NOBODY; i++)
		to = search_beside(p, p->queue[i], goal, &queued);
	to = emptiest_met(p, from, queued);
	if (to != PLAN_NOBODY)
		move_along(p, (size_t)to);
	return to != PLAN_NOBODY;
}

static bool
has_relief(const struct plan *p, size_t from)
{
	for (size_t m = 0; m < p->member_count; m++)
		if (has_too_much(p, p->totals, from, m))
			return true;
	return false;
}

/* The fullest that was not tried, or PLAN_NOBODY. */
static int
fullest_untried(const struct plan *p)
{
	int best = PLAN_NOBODY;

	for (size_t m = 0; m < p->member_count; m++)
		if (!p->tried[m] && has_relief(p, m) &&
		    (best == PLAN_NOBODY ||
			compare(p, p->totals, m, (size_t)best) > 0))
			best = (int)m;
	return best;
}

/* From the fullest: what another gave away might have to come back. */
static bool
level_once(struct plan *p)
{
	int from;

	for (size_t m = 0; m < p->member_count; m++)
		p->tried[m] = false;
	while ((from = fullest_untried(p)) != PLAN_NOBODY) {
		if (relieve(p, (size_t)from))
			return true;
		p->tried[from] = true;
	}
	return false;
}

/* ---- what need not move after all -------------------------------------- */

/* Has nobody too much beside `less`, nor `more` beside any of `members`? */
static bool
is_level(const struct plan *p, const int *counts, const bool *members,
    size_t more, size_t less)
{
	for (size_t m = 0; m < p->member_count; m++)
		if (has_too_much(p, counts, m, less) ||
		    ((members == NULL || members[m]) &&
			has_too_much(p, counts, more, m)))
			return false;
	return true;
}

static bool
is_level_in_group(const struct plan *p, size_t group, size_t more, size_t less)
{
	return is_level(p, counts_of(p, group), p->groups[group].eligible, more,
	    less);
}

static bool
is_level_in_total(const struct plan *p, size_t more, size_t less)
{
	return is_level(p, p->totals, p->takes, more, less);
}

/* One of a group comes back to `here` from `there`. */
struct homecoming {
	size_t group, here, there;
};

/* Can the other slot go on to `to`? */
static bool
passes_on(struct plan *p, const struct homecoming *h, size_t group, size_t slot,
    size_t to)
{
	const struct plan_group *g = &p->groups[group];

	if (to == h->here || !is_eligible(g, to))
		return false;
	give(p, group, slot, (int)to);
	if (is_level_in_group(p, group, to, h->here) &&
	    is_level_in_group(p, h->group, h->here, h->there) &&
	    is_level_in_total(p, to, h->there))
		return true;
	give(p, group, slot, (int)h->here);
	return false;
}

/* Something else that was to come here goes elsewhere. */
static bool
make_way(struct plan *p, const struct homecoming *h)
{
	for (size_t i = 0; i < p->groups_count; i++) {
		const struct plan_group *g = &p->groups[i];

		for (size_t s = 0; s < g->count; s++) {
			if (g->before[s] == (int)h->here ||
			    g->after[s] != (int)h->here)
				continue;
			for (size_t m = 0; m < p->member_count; m++)
				if (passes_on(p, h, i, s, m))
					return true;
		}
	}
	return false;
}

static bool
give_back(struct plan *p, size_t group, size_t slot)
{
	const struct plan_group *g = &p->groups[group];
	struct homecoming h = { group, (size_t)g->before[slot],
		(size_t)g->after[slot] };

	give(p, group, slot, (int)h.here);
	if ((is_level_in_group(p, group, h.here, h.there) &&
		is_level_in_total(p, h.here, h.there)) ||
	    make_way(p, &h))
		return true;
	give(p, group, slot, (int)h.there);
	return false;
}

static void
find_takers(struct plan *p)
{
	for (size_t m = 0; m < p->member_count; m++)
		for (size_t i = 0; i < p->groups_count && !p->takes[m]; i++)
			p->takes[m] = is_eligible(&p->groups[i], m);
}

/* Does it leave somebody who could go on? */
static bool
leaves(const struct plan_group *g, size_t slot)
{
	int at = g->before[slot];

	return at >= 0 && is_eligible(g, (size_t)at) &&
	       g->after[slot] != PLAN_NOBODY && g->after[slot] != at;
}

/* What was given away first may have become needless by what came later. */
static bool
give_back_some(struct plan *p)
{
	bool any = false;

	for (size_t i = 0; i < p->groups_count; i++)
		for (size_t s = 0; s < p->groups[i].count; s++)
			any |= leaves(&p->groups[i], s) && give_back(p, i, s);
	return any;
}

void
plan_spread(struct ps_arena *a, const struct plan_member *members,
    size_t member_count, struct plan_group *groups, size_t count)
{
	struct plan p = { .members = members,
		.member_count = member_count,
		.groups = groups,
		.groups_count = count };
	size_t limit = 1;

	p.counts = ps_calloc(a, member_count * count + 1, sizeof *p.counts);
	p.totals = ps_calloc(a, member_count + 1, sizeof *p.totals);
	p.parent = ps_calloc(a, member_count + 1, sizeof *p.parent);
	p.tried = ps_calloc(a, member_count + 1, sizeof *p.tried);
	p.queue = ps_calloc(a, member_count + 1, sizeof *p.queue);
	p.takes = ps_calloc(a, member_count + 1, sizeof *p.takes);
	for (size_t i = 0; i < count; i++) {
		keep(&p, i);
		limit += groups[i].count;
	}
	for (size_t i = 0; i < count; i++)
		place(&p, i);
	for (size_t i = 0; i < count; i++)
		level_group(&p, i);
	/* Each round gains; the limit is for what arithmetic might spoil. */
	while (limit-- > 0 && level_once(&p))
		continue;
	find_takers(&p);
	while (give_back_some(&p))
		continue;
}
