#include <string.h>

#include "tests/cluster/sim_impl.h"

#define TASKS_ALL     (-2)
#define DISTURBED_MAX 3 /* by the leaving of one */

bool
rules_is_active(const struct sim *s, const struct node *n,
    const struct child *c)
{
	return c->used && !c->idle && world_clock(s, n) < c->lease;
}

static void
check_one(struct sim *s, size_t at, const struct child *mine, size_t other,
    const struct child *c)
{
	if (c == mine || !rules_is_active(s, &s->nodes[other], c))
		return;
	if (c->task == mine->task)
		world_red(s, "%s %d runs on w%zu and on w%zu",
		    sim_connectors[mine->connector], mine->task, other, at);
	if (c->task >= 0 && mine->task >= 0 &&
	    c->generation != mine->generation)
		world_red(s,
		    "%s runs generation %lld on w%zu while w%zu runs %lld",
		    sim_connectors[mine->connector],
		    (long long)mine->generation, at, other,
		    (long long)c->generation);
}

void
rules_alone(struct sim *s, size_t at, const struct child *mine)
{
	for (size_t i = 0; i < s->plan.workers; i++)
		for (int t = 0; t <= MAX_TASKS; t++)
			check_one(s, at, mine, i,
			    &s->nodes[i].children[mine->connector][t]);
}

void
rules_refused(struct sim *s, size_t i)
{
	int at = sim_namesake(s, i);
	const struct node *other = &s->nodes[at < 0 ? (int)i : at];

	if (at < 0)
		world_red(s, "w%zu has an id of its own, and gives it up", i);
	else if (other->h == NULL && s->now - other->ended_at > SESSION_MS)
		world_red(s, "w%zu gives its id up to w%d, which is gone", i,
		    at);
	/* One of them has settled. */
	s->nodes[i].refused |= s->now > s->plan.trouble_ms + 3 * SESSION_MS;
	if (s->nodes[i].refused && other->refused)
		world_red(s, "w%zu and w%d both give their id up", i, at);
}

void
rules_placed(struct sim *s, size_t i, const struct child *c)
{
	if (!members_fit(sim_placement(s, c->connector), sim_labels(s, i)))
		world_red(s, "%s %d starts on w%zu, where it may not",
		    sim_connectors[c->connector], c->task, i);
}

void
rules_leads(struct sim *s, size_t i)
{
	const struct node *n = &s->nodes[i];

	if (!herder_leads(n->h))
		return;
	if (!n->owner_told)
		world_red(s, "w%zu leads without the group's partition", i);
	if (!who_is(&herder_leader(n->h)->who, herder_me(n->h)))
		world_red(s, "w%zu leads, and has read another's claim", i);
	if (n->healing)
		world_red(s, "w%zu leads before it has healed", i);
}

void
rules_has_read(struct sim *s, size_t i)
{
	const struct node *n = &s->nodes[i];

	if ((int64_t)n->config_at < n->born_at)
		world_red(s, "w%zu acts at %zu of a log of %lld", i,
		    n->config_at, (long long)n->born_at);
}

void
rules_claims(struct sim *s, size_t i)
{
	if (s->owner != (int)i)
		world_red(s, "w%zu's claim is written, and w%d is the owner", i,
		    s->owner);
}

void
rules_born(struct sim *s, size_t i)
{
	for (int c = 0; c < CONNECTORS; c++)
		for (int t = 0; t <= MAX_TASKS; t++)
			if (s->nodes[i].children[c][t].used)
				world_red(s,
				    "w%zu is born again, and %s %d still runs",
				    i, sim_connectors[c], t - 1);
}

/* The beats that the judge has read and those it has not are a session
 * apart, by clocks that differ; of who is new it has read one. */
void
rules_verdict(struct sim *s, size_t i, const struct who *who)
{
	const struct node *n = &s->nodes[i];
	int64_t heard = n->started_at, number = 0;

	for (size_t k = 0; k < s->leases.count; k++) {
		const struct lease_record *r = log_at(&s->leases, k);

		if (r->is_verdict || !who_is(&r->beat.who, who))
			continue;
		if (k >= n->lease_at) {
			if (number == 0 || r->at - heard < SESSION_MS / 10 * 9)
				world_red(s, "w%zu judges %s, which beats", i,
				    who->id);
			return;
		}
		if (r->beat.number < number)
			continue;
		number = r->beat.number;
		heard = r->at > heard ? r->at : heard;
	}
}

static bool
is_back(const struct herder *h, const char *id)
{
	for (const struct peer *p = peers_first(herder_peers(h)); p;
	     p = p->next)
		if (peer_is_member(p) && strcmp(p->who.id, id) == 0)
			return true;
	return false;
}

/* May the owner still come back for the slot? */
static bool
is_waited_for(const struct sim *s, size_t i, const struct who *owner)
{
	const struct node *n = &s->nodes[i];
	const struct peer *p = peers_find(herder_peers(n->h), owner);
	struct clock_ms now = { world_clock(s, n) };

	return p != NULL && p->over && !(p->flags & BEAT_GONE) &&
	       clock_since(p->ended, now) < s->plan.delay_ms &&
	       !is_back(n->h, owner->id);
}

/* Who has a slot of the connector, and is given it; a task, or -1. */
struct given {
	const char *connector;
	int task;
	const struct who *was, *now;
};

static void
check_held(struct sim *s, size_t i, const struct given *g)
{
	if (g->was != NULL && is_waited_for(s, i, g->was) &&
	    !who_is(g->was, g->now))
		world_red(s, "%s %d does not wait for %s", g->connector,
		    g->task, g->was->id);
}

bool
rules_is_judged(const struct sim *s, size_t i, const struct who *who)
{
	const struct node *n = &s->nodes[i];

	for (size_t k = n->lease_from; k < n->lease_at; k++) {
		const struct lease_record *r = log_at(&s->leases, k);

		if (r->is_verdict && who_is(&r->verdict, who))
			return true;
	}
	return false;
}

/* Beats behind a verdict do not bring an incarnation back. */
static void
check_judged(struct sim *s, size_t i, const struct given *g)
{
	if (!who_is_nobody(g->now) &&
	    (g->was == NULL || !who_is(g->was, g->now)) &&
	    rules_is_judged(s, i, g->now))
		world_red(s, "%s %d is given to %s, which was judged",
		    g->connector, g->task, g->now->id);
}

static void
check_slots(struct sim *s, size_t i, const struct assign_record *r)
{
	const struct assignment *as = r->assignment;
	const struct entry *e =
	    table_find(herder_table(s->nodes[i].h), r->connector);

	for (int t = -1; t < (int)as->task_count; t++) {
		const struct given g = { r->connector, t, entry_owner(e, t),
			t < 0 ? &as->connector : &as->tasks[t] };

		check_held(s, i, &g);
		check_judged(s, i, &g);
	}
}

/* All that it knows to live can read what it writes. */
static void
check_version(struct sim *s, size_t i, const struct assignment *as)
{
	const struct herder *h = s->nodes[i].h;

	for (size_t k = 0; k < s->plan.workers; k++) {
		const struct node *n = &s->nodes[k];
		const struct who *who = n->h == NULL ? NULL : herder_me(n->h);
		const struct peer *p =
		    who == NULL ? NULL : peers_find(herder_peers(h), who);

		if (p != NULL && peer_is_member(p) &&
		    members_find(herder_members(h), who) != NULL &&
		    as->version > n->version)
			world_red(s, "w%zu writes format %d, w%zu reads %d", i,
			    as->version, k, n->version);
	}
}

void
rules_assign(struct sim *s, size_t i, const struct herder_action *act)
{
	enum { GAP_MS = 90 }; /* by clocks that differ */
	struct node *n = &s->nodes[i];

	if (s->now - n->assigned_at < GAP_MS)
		world_red(s, "w%zu writes twice within %lld ms", i,
		    (long long)(s->now - n->assigned_at));
	n->assigned_at = s->now;
	rules_moves(s, i, &act->assign);
	for (size_t k = 0; k < act->assign.count; k++)
		if (act->assign.records[k].assignment != NULL) {
			check_slots(s, i, &act->assign.records[k]);
			check_version(s, i, act->assign.records[k].assignment);
		}
}

/* ---- changes ----------------------------------------------------------- */

void
rules_acknowledged(struct sim *s, size_t i, const struct change *ch)
{
	const char *name = sim_connectors[ch->connector];
	const struct config_record *r = NULL;

	if (ch->at >= 0 && ch->at < (int64_t)s->configs.count)
		r = log_at(&s->configs, (size_t)ch->at);
	if (r == NULL || r->change != ch)
		world_red(s, "w%zu acknowledges a change of %s that is lost", i,
		    name);
	if ((int64_t)s->nodes[i].config_at <= ch->at)
		world_red(s,
		    "w%zu acknowledges a change of %s before it shows it", i,
		    name);
	if (ch->at <= ch->after)
		world_red(s,
		    "a change of %s stands before one that was acknowledged "
		    "when it began",
		    name);
	if (s->acknowledged[ch->connector] < ch->at)
		s->acknowledged[ch->connector] = ch->at;
	rules_shows(s, i, ch->connector);
}

void
rules_changes(struct sim *s, const struct change *ch)
{
	int64_t newest = s->newest[ch->connector];
	const struct config_record *r =
	    newest < 0 ? NULL : log_at(&s->configs, (size_t)newest);

	if (ch->base != (r == NULL ? NULL : r->change))
		world_red(s,
		    "%s is changed by one who has not read its last change",
		    sim_connectors[ch->connector]);
}

void
rules_heals(struct sim *s, const struct config_record *r)
{
	for (size_t k = (size_t)(r->origin + 1); k < s->configs.count; k++) {
		const struct config_record *later = log_at(&s->configs, k);

		if (later->kind == r->kind && later->connector == r->connector)
			world_red(s, "a heal undoes what was written of %s",
			    sim_connectors[r->connector]);
	}
}

/* Of one that is gone nothing else counts. */
void
rules_shows(struct sim *s, size_t i, int connector)
{
	const struct node *n = &s->nodes[i];
	const struct wanted *w = &s->wanted[connector], *shown;
	const struct entry *e;

	if (s->newest[connector] < 0 ||
	    (int64_t)n->config_at <= s->newest[connector])
		return;
	e = table_find(herder_table(n->h), sim_connectors[connector]);
	shown = e == NULL ? NULL : &e->wanted;
	if (w->exists != (shown != NULL && shown->exists) ||
	    (w->exists && (w->generation != shown->generation ||
			      w->task_count != shown->task_count ||
			      w->stopped != shown->stopped)))
		world_red(s, "w%zu does not show the last change of %s", i,
		    sim_connectors[connector]);
}

/* A worker that is not stopped suspends in time. */
void
rules_expires(struct sim *s, size_t i, const struct child *c)
{
	enum { EARLY_MS = 3000 };
	const struct node *n = &s->nodes[i];

	if (!c->warned && !c->stopping &&
	    n->paused_until < world_time(n, c->lease) - EARLY_MS)
		world_red(s, "w%zu: %s %d ends, and was not suspended", i,
		    sim_connectors[c->connector], c->task);
}

/* ---- when all is calm -------------------------------------------------- */

/* Of one connector, or of all (-1); a task, or all of them. */
static size_t
count_active(const struct sim *s, size_t i, int connector, int task)
{
	const struct node *n = &s->nodes[i];
	size_t count = 0;

	for (int c = 0; c < CONNECTORS; c++)
		for (int t = -1; t < MAX_TASKS; t++) {
			const struct child *ch = &n->children[c][1 + t];

			count += (connector < 0 || connector == c) &&
				 (task == TASKS_ALL ? t >= 0 : t == task) &&
				 rules_is_active(s, n, ch) && !ch->stopping;
		}
	return count;
}

/* Is it there, and may the connector (-1: something) be there? */
static bool
is_there(const struct sim *s, size_t i, int connector)
{
	const struct node *n = &s->nodes[i];
	int other = sim_namesake(s, i);

	if ((int)i == s->last || n->drained || (other < 0 && n->sick) ||
	    (other >= 0 && i > 0))
		return false;
	return connector < 0 ||
	       members_fit(sim_placement(s, connector), sim_labels(s, i));
}

static size_t
count_of_id(const struct sim *s, size_t i, int connector, int task)
{
	int other = sim_namesake(s, i);
	size_t count = count_active(s, i, connector, task);

	if (other >= 0)
		count += count_active(s, (size_t)other, connector, task);
	return count;
}

/* Would it be more even if `high` gave one to `low`? */
static void
check_pair(struct sim *s, size_t high, size_t low, int connector, int task)
{
	size_t more = count_of_id(s, high, connector, task);
	size_t less = count_of_id(s, low, connector, task);

	if ((double)more * sim_capacity(s, low) >
	    (double)(less + 1) * sim_capacity(s, high))
		world_red(s, "%s %s: w%zu has %zu, w%zu has %zu",
		    connector < 0 ? "all" : sim_connectors[connector],
		    task < 0 && task != TASKS_ALL ? "connectors" : "tasks",
		    high, more, low, less);
}

static void
check_spread(struct sim *s, int connector, int task)
{
	for (size_t i = 0; i < s->plan.workers; i++)
		for (size_t j = 0; j < s->plan.workers; j++)
			if (is_there(s, i, connector) &&
			    is_there(s, j, connector))
				check_pair(s, i, j, connector, task);
}

static bool
is_placed(const struct sim *s, int connector, int task, size_t *count)
{
	size_t expected = 0;

	*count = 0;
	for (size_t i = 0; i < s->plan.workers; i++) {
		*count += count_active(s, i, connector, task);
		if (is_there(s, i, connector))
			expected = 1;
	}
	return *count == expected;
}

static void
check_placed(struct sim *s, int connector, int task)
{
	size_t count;

	if (!is_placed(s, connector, task, &count))
		world_red(s, "%s %d runs %zu times when all is calm",
		    sim_connectors[connector], task, count);
}

static bool
are_placed(const struct sim *s)
{
	size_t count;

	for (int c = 0; c < CONNECTORS; c++) {
		const struct wanted *w = &s->wanted[c];
		int tasks = w->stopped ? 0 : (int)w->task_count;

		for (int t = -1; w->exists && t < tasks; t++)
			if (!is_placed(s, c, t, &count))
				return false;
	}
	return true;
}

void
rules_in_time(struct sim *s)
{
	enum { TAKE_OVER_MS = 2000 };
	int64_t since = s->fault_at > s->placed_at ? s->fault_at : s->placed_at;

	if (are_placed(s))
		s->placed_at = s->now;
	else if (s->now - since > SESSION_MS + TAKE_OVER_MS)
		world_red(s, "something runs nowhere since %lld",
		    (long long)since);
	else if (s->missing_ms < s->now - since)
		s->missing_ms = s->now - since;
}

static void
check_drained(struct sim *s)
{
	for (size_t i = 0; i < s->plan.workers; i++)
		if (s->nodes[i].drained && count_active(s, i, -1, TASKS_ALL) +
						   count_active(s, i, -1, -1) >
					       0)
			world_red(s, "w%zu is drained and runs something", i);
}

/* Of two with one id, one gives up. */
static void
check_namesakes(struct sim *s)
{
	int at = sim_namesake(s, 0);
	const struct node *a = &s->nodes[0], *b = &s->nodes[at < 0 ? 0 : at];
	int64_t before = s->now - 2 * BEAT_MS;

	if (at >= 0 && a->h != NULL && b->h != NULL && !a->sick && !b->sick &&
	    a->started_at < before && b->started_at < before)
		world_red(s, "w0 and w%d go on with one id", at);
}

/* What went the leader does not remember, and nobody waits for an answer. A
 * reader may miss a tombstone that was compacted away before it came there; it
 * tidies up when it leads. */
static void
check_records(struct sim *s, size_t i)
{
	const struct table *t = herder_table(s->nodes[i].h);

	if (herder_role(s->nodes[i].h) != HERDER_LEADER)
		return;
	for (size_t k = 0; k < table_count(t); k++) {
		const struct entry *e = table_at(t, k);

		if (!e->wanted.exists || e->is.debt_count > 0)
			world_red(s, "w%zu knows %s, with %zu debts", i,
			    e->name, e->is.debt_count);
	}
}

static void
check_all_placed(struct sim *s)
{
	for (int c = 0; c < CONNECTORS; c++) {
		const struct wanted *w = &s->wanted[c];

		if (!w->exists)
			continue;
		check_placed(s, c, -1);
		for (int t = 0; !w->stopped && t < (int)w->task_count; t++)
			check_placed(s, c, t);
		check_spread(s, c, TASKS_ALL);
	}
	/* In total only where all are equal. */
	if (s->plan.placed || s->plan.sized)
		return;
	check_spread(s, -1, TASKS_ALL);
	check_spread(s, -1, -1);
}

/* Each change was answered, and every worker shows the last ones. */
static void
check_changes(struct sim *s)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (s->clients[i] != NULL)
			world_red(s, "w%zu does not answer: is %s changed?",
			    s->clients[i]->asked,
			    sim_connectors[s->clients[i]->connector]);
	for (size_t i = 0; i < s->plan.workers; i++)
		for (int c = 0; c < CONNECTORS && s->nodes[i].h != NULL; c++)
			rules_shows(s, i, c);
}

void
rules_calm(struct sim *s)
{
	check_changes(s);
	check_namesakes(s);
	for (size_t i = 0; i < s->plan.workers; i++)
		if (s->nodes[i].h != NULL)
			check_records(s, i);
	check_all_placed(s);
	check_drained(s);
}

static bool
is_anybody_there(const struct sim *s, int connector)
{
	for (size_t i = 0; i < s->plan.workers; i++)
		if (is_there(s, i, connector))
			return true;
	return false;
}

/* When all was calm, a leader that leaves has given its work away itself:
 * nothing waits for the next one. */
void
rules_leaves(struct sim *s, size_t i)
{
	const struct herder *h = s->nodes[i].h;

	if ((int)i != s->last || !herder_leads(h))
		return;
	for (int c = 0; c < CONNECTORS; c++) {
		const struct entry *e =
		    table_find(herder_table(h), sim_connectors[c]);

		if (e == NULL || !e->wanted.exists || !is_anybody_there(s, c))
			continue;
		for (int t = -1; t < (int)entry_task_count(e); t++)
			if (entry_owner(e, t) == NULL)
				world_red(s, "%s %d is left to the next leader",
				    e->name, t);
	}
}

void
rules_left(struct sim *s)
{
	if (s->nodes[s->last].h != NULL)
		world_red(s, "w%d is to leave, and does not", s->last);
	check_all_placed(s);
	/* Of two of one id one comes and goes. */
	if (!s->plan.namesakes && s->disturbed > DISTURBED_MAX)
		world_red(s, "%zu processes of others stop when w%d leaves",
		    s->disturbed, s->last);
}
