#include "cluster/assign.h"

#include <string.h>

#include "cluster/plan.h"

/* What may become of a slot. */
enum fate {
	FATE_FREE,   /* of nobody: goes where the plan says */
	FATE_KEPT,   /* its owner lives and may go on */
	FATE_FROZEN, /* its owner was judged, but its lease may still run */
	FATE_HELD,   /* its owner ended; it may come back for it */
};

/* The slots of one connector: its own process first, then its tasks. */
struct look {
	struct entry *e;
	size_t count;
	enum fate *fates;
	const struct who **owners; /* NULL: nobody */
	int *before, *after;       /* members, as plan.h has it */
	bool *eligible;
};

struct assigning {
	struct ps_arena *a;
	const struct assign_input *in;
	const struct peer **members;
	struct plan_member *planned; /* the same ones */
	size_t member_count;
	struct look *looks;
	size_t look_count;
	int64_t epoch; /* of the next record */
	struct clock_ms again;
};

/* ---- who is there ------------------------------------------------------ */

/* What others lose for one that is about to be judged would move twice. */
static void
collect_members(struct assigning *s)
{
	const struct member_info *info;
	size_t count = 0;

	for (struct peer *p = peers_first(s->in->peers); p; p = p->next)
		count++;
	s->members = ps_calloc(s->a, count + 1, sizeof(struct peer *));
	s->planned = ps_calloc(s->a, count + 1, sizeof *s->planned);
	for (struct peer *p = peers_first(s->in->peers); p; p = p->next) {
		info = members_find(s->in->members, &p->who);
		if (!peer_is_member(p) || peer_is_accused(p) || info == NULL ||
		    peers_is_second(s->in->peers, p))
			continue;
		s->members[s->member_count] = p;
		s->planned[s->member_count++] = (struct plan_member){
			.capacity = info->capacity > 0 ? info->capacity : 1,
			.load = p->load,
		};
	}
}

/* Order by id, so that every leader plans the same. */
static void
sort_members(struct assigning *s)
{
	for (size_t i = 1; i < s->member_count; i++)
		for (size_t j = i; j > 0; j--) {
			const struct peer *p = s->members[j];
			struct plan_member planned = s->planned[j];

			if (strcmp(s->members[j - 1]->who.id, p->who.id) <= 0)
				break;
			s->members[j] = s->members[j - 1];
			s->planned[j] = s->planned[j - 1];
			s->members[j - 1] = p;
			s->planned[j - 1] = planned;
		}
}

/* A worker that came back has another incarnation. */
static int
member_of(const struct assigning *s, const struct who *who)
{
	int found = PLAN_NOBODY;

	for (size_t i = 0; i < s->member_count; i++) {
		if (who_is(&s->members[i]->who, who))
			return (int)i;
		if (strcmp(s->members[i]->who.id, who->id) == 0)
			found = (int)i;
	}
	return found;
}

/* Of those whose labels fit; when none of them has the plugin, any will do to
 * fail and say so. */
static void
find_eligible(const struct assigning *s, struct look *l)
{
	const struct wanted *w = &l->e->wanted;
	bool *has = ps_calloc(s->a, s->member_count + 1, sizeof *has);
	bool anybody_has = false;

	for (size_t i = 0; i < s->member_count; i++) {
		const struct member_info *info =
		    members_find(s->in->members, &s->members[i]->who);

		l->eligible[i] = members_fit(w->placement, info->labels);
		has[i] = members_have(info->plugins, w->class_name);
		anybody_has |= l->eligible[i] && has[i];
	}
	for (size_t i = 0; i < s->member_count; i++) {
		unsigned flags = s->members[i]->flags;

		l->eligible[i] &= has[i] || !anybody_has;
		l->eligible[i] &= !(flags & (BEAT_DRAINING | BEAT_LEAVING));
	}
}

/* ---- what may become of each slot -------------------------------------- */

static void
wait_until(struct assigning *s, struct clock_ms t)
{
	if (s->again.ms == 0 || t.ms < s->again.ms)
		s->again = t;
}

static enum fate
fate_of(struct assigning *s, const struct who *owner, int member)
{
	struct peer *p = peers_get(s->in->peers, owner);
	struct clock_ms end;

	if (!p->over)
		return peer_is_member(p) || !p->judged ? FATE_KEPT
						       : FATE_FROZEN;
	end = clock_after(p->ended, s->in->delay_ms);
	if (member != PLAN_NOBODY || s->in->now.ms >= end.ms ||
	    (p->flags & BEAT_GONE))
		return FATE_FREE;
	wait_until(s, end);
	return FATE_HELD;
}

/* The owner by the newest record, also of older task configs. */
static const struct who *
last_owner(const struct entry *e, int task)
{
	const struct who *w = &e->is.connector;

	if (!e->assigned)
		return NULL;
	if (task >= 0 && (size_t)task >= e->is.task_count)
		return NULL;
	if (task >= 0)
		w = &e->is.tasks[task];
	return who_is_nobody(w) ? NULL : w;
}

static void
look_at_slot(struct assigning *s, struct look *l, size_t slot)
{
	int task = (int)slot - 1;
	const struct who *last = last_owner(l->e, task);

	l->owners[slot] = entry_owner(l->e, task);
	l->before[slot] = last == NULL ? PLAN_NOBODY : member_of(s, last);
	l->fates[slot] = l->owners[slot] == NULL
			     ? FATE_FREE
			     : fate_of(s, l->owners[slot], l->before[slot]);
}

static void
look_at(struct assigning *s, struct entry *e)
{
	struct look *l = &s->looks[s->look_count++];

	l->e = e;
	l->count = e->wanted.exists ? entry_task_count(e) + 1 : 0;
	l->fates = ps_calloc(s->a, l->count + 1, sizeof *l->fates);
	l->owners = ps_calloc(s->a, l->count + 1, sizeof *l->owners);
	l->before = ps_calloc(s->a, l->count + 1, sizeof *l->before);
	l->after = ps_calloc(s->a, l->count + 1, sizeof *l->after);
	l->eligible = ps_calloc(s->a, s->member_count + 1, sizeof(bool));
	find_eligible(s, l);
	for (size_t i = 0; i < l->count; i++)
		look_at_slot(s, l, i);
}

/* ---- spreading --------------------------------------------------------- */

/* Of an earlier run of its owner nothing is left to disturb. */
static bool
runs_there(const struct assigning *s, const struct look *l, size_t slot)
{
	int at = l->before[slot];

	return l->fates[slot] == FATE_KEPT && at != PLAN_NOBODY &&
	       who_is(&s->members[at]->who, l->owners[slot]);
}

/* The slots that can be spread now, from `first` on, as the planner's. */
static struct plan_group
group_of(struct assigning *s, const struct look *l, size_t first, size_t end)
{
	struct plan_group g = { .eligible = l->eligible };
	int *before = ps_calloc(s->a, l->count + 1, sizeof *before);
	int *last = ps_calloc(s->a, l->count + 1, sizeof *last);

	for (size_t i = first; i < end && i < l->count; i++) {
		if (l->fates[i] != FATE_FREE && l->fates[i] != FATE_KEPT)
			continue;
		last[g.count] = l->before[i];
		before[g.count++] =
		    runs_there(s, l, i) ? l->before[i] : PLAN_NOBODY;
	}
	g.before = before;
	g.last = last;
	g.after = ps_calloc(s->a, l->count + 1, sizeof *g.after);
	return g;
}

static void
take_group(const struct look *l, const struct plan_group *g, size_t first,
    size_t end)
{
	size_t n = 0;

	for (size_t i = first; i < end && i < l->count; i++)
		l->after[i] =
		    l->fates[i] == FATE_FREE || l->fates[i] == FATE_KEPT
			? g->after[n++]
			: PLAN_NOBODY;
}

/* Connectors' own processes among themselves, then their tasks. */
static void
spread(struct assigning *s, size_t first, size_t end)
{
	struct plan_group *groups =
	    ps_calloc(s->a, s->look_count + 1, sizeof *groups);

	for (size_t i = 0; i < s->look_count; i++)
		groups[i] = group_of(s, &s->looks[i], first, end);
	plan_spread(s->a, s->planned, s->member_count, groups, s->look_count);
	for (size_t i = 0; i < s->look_count; i++)
		take_group(&s->looks[i], &groups[i], first, end);
}

/* ---- the record -------------------------------------------------------- */

static void
add_debt(struct assignment *as, const struct debt *debt)
{
	for (size_t i = 0; i < as->debt_count; i++)
		if (who_is(&as->debts[i].who, &debt->who) &&
		    as->debts[i].generation == debt->generation) {
			if (as->debts[i].epoch < debt->epoch)
				as->debts[i].epoch = debt->epoch;
			return;
		}
	as->debts[as->debt_count++] = *debt;
}

static bool
is_settled(const struct assigning *s, const struct entry *e,
    const struct debt *d)
{
	const struct peer *p = peers_get(s->in->peers, &d->who);

	return p->over || peer_has_left(p, d->epoch, e->name, PEER_ANY);
}

static void
carry_debts(const struct assigning *s, const struct entry *e,
    struct assignment *as)
{
	for (size_t i = 0; i < e->is.debt_count; i++)
		if (!is_settled(s, e, &e->is.debts[i]))
			add_debt(as, &e->is.debts[i]);
}

/* May the slot start elsewhere? Of other task configs nothing at all may run,
 * of these only the slot itself may not. */
static bool
is_owed(const struct assigning *s, const struct entry *e,
    const struct assignment *as, int task)
{
	for (size_t i = 0; i < as->debt_count; i++) {
		const struct debt *d = &as->debts[i];
		const struct peer *p = peers_get(s->in->peers, &d->who);
		bool other = d->generation != as->generation;
		int slot = task >= 0 && other ? PEER_ANY : task;

		if (!p->over && !peer_has_left(p, d->epoch, e->name, slot))
			return true;
	}
	return false;
}

static void
owe(const struct assigning *s, const struct who *old, int64_t generation,
    struct assignment *as)
{
	if (old != NULL && !peers_get(s->in->peers, old)->over)
		add_debt(as, &(struct debt){ *old, s->epoch, generation });
}

/* Of other task configs everything has to end, before anything starts. */
static void
owe_generation(const struct assigning *s, const struct entry *e,
    struct assignment *as)
{
	if (as->generation == e->is.generation)
		return;
	for (size_t i = 0; i < e->is.task_count; i++)
		owe(s, last_owner(e, (int)i), e->is.generation, as);
}

/* Those who by the old record run what the new one does not give them. */
static void
owe_slots(const struct assigning *s, const struct entry *e,
    struct assignment *as)
{
	static const struct who nobody;

	for (int task = -1; task < (int)e->is.task_count; task++) {
		const struct who *old = last_owner(e, task), *now = &nobody;

		if (task < 0)
			now = &as->connector;
		else if ((size_t)task < as->task_count)
			now = &as->tasks[task];
		if (old != NULL && !who_is(old, now))
			owe(s, old, e->is.generation, as);
	}
}

/* Whose the slot is in the new record. */
static struct who
owner_of(const struct assigning *s, const struct look *l, size_t slot,
    const struct assignment *as)
{
	const struct who *owner = l->owners[slot];
	int to = l->after[slot];

	switch (l->fates[slot]) {
	case FATE_FROZEN:
	case FATE_HELD:
		return *owner;
	case FATE_KEPT:
		/* Its owner may be silent, and no member for the plan. */
		if (l->before[slot] == PLAN_NOBODY ||
		    (to != PLAN_NOBODY && who_is(owner, &s->members[to]->who)))
			return *owner;
		return (struct who){ 0 };
	case FATE_FREE:
		break;
	}
	if (to == PLAN_NOBODY || is_owed(s, l->e, as, (int)slot - 1))
		return (struct who){ 0 };
	return s->members[to]->who;
}

static struct assignment *
record_of(struct assigning *s, const struct look *l)
{
	struct assignment *as = ps_calloc(s->a, 1, sizeof *as);
	size_t owners = l->e->is.task_count + 1 + l->e->is.debt_count;

	as->version = s->in->version;
	as->epoch = s->epoch;
	as->generation = l->e->wanted.exists ? l->e->wanted.generation : -1;
	as->task_count = l->count > 0 ? l->count - 1 : 0;
	as->tasks = ps_calloc(s->a, as->task_count + 1, sizeof *as->tasks);
	as->debts = ps_calloc(s->a, owners + 1, sizeof *as->debts);
	carry_debts(s, l->e, as);
	owe_generation(s, l->e, as);
	for (size_t i = 0; i < l->count; i++)
		*(i == 0 ? &as->connector : &as->tasks[i - 1]) =
		    owner_of(s, l, i, as);
	owe_slots(s, l->e, as);
	return as;
}

static bool
is_same_place(const struct who *a, const struct who *b)
{
	return who_is(a, b) || (who_is_nobody(a) && who_is_nobody(b));
}

/* When the last debt is settled that is said, so that nobody goes on
 * answering; before, it is no reason to write. */
static bool
says_the_same(const struct assignment *a, const struct assignment *b)
{
	if (a->debt_count == 0 && b->debt_count > 0)
		return false;
	if (a->generation != b->generation || a->task_count != b->task_count ||
	    !is_same_place(&a->connector, &b->connector))
		return false;
	for (size_t i = 0; i < a->task_count; i++)
		if (!is_same_place(&a->tasks[i], &b->tasks[i]))
			return false;
	return true;
}

/* That a connector was gone may have been said and compacted away before this
 * leader read: who owed something for it has read that, and answers no more
 * but to a record that comes now. */
static bool
may_have_gone(const struct assigning *s, const struct entry *e)
{
	return !e->wanted.exists && e->is.epoch < s->in->claimed;
}

/* true: `out` is to be written. */
static bool
decide(struct assigning *s, const struct look *l, struct assign_record *out)
{
	const struct entry *e = l->e;
	struct assignment *as = record_of(s, l);

	out->connector = e->name;
	out->assignment = as;
	if (!e->wanted.exists && as->debt_count == 0) {
		out->assignment = NULL;
		return e->assigned;
	}
	return !e->assigned || may_have_gone(s, e) ||
	       e->is.version > s->in->version || !says_the_same(as, &e->is);
}

static size_t
count_moves(const struct look *l, const struct assignment *as)
{
	size_t moves = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct who *now =
		    i == 0 ? &as->connector : &as->tasks[i - 1];

		moves += l->fates[i] == FATE_KEPT && l->owners[i] != NULL &&
			 !who_is(now, l->owners[i]);
	}
	return moves;
}

struct assign_result
assign_plan(struct ps_arena *a, const struct assign_input *in)
{
	struct assigning s = { .a = a, .in = in, .epoch = in->epoch };
	size_t count = table_count(in->table);
	struct assign_record *records =
	    ps_calloc(a, count + 1, sizeof *records);
	struct assign_result r = { .records = records };

	collect_members(&s);
	sort_members(&s);
	s.looks = ps_calloc(a, count + 1, sizeof *s.looks);
	for (size_t i = 0; i < count; i++)
		look_at(&s, table_at(in->table, i));
	spread(&s, 0, 1);
	spread(&s, 1, SIZE_MAX);
	for (size_t i = 0; i < count; i++) {
		struct assign_record *out = &records[r.count];

		if (!decide(&s, &s.looks[i], out))
			continue;
		if (out->assignment != NULL)
			r.moves += count_moves(&s.looks[i], out->assignment);
		r.count++;
		s.epoch++;
	}
	r.again = s.again;
	return r;
}
