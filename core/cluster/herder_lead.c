#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cluster/herder_impl.h"

/* Between two assignment transactions. */
#define WRITE_GAP_MS 100
/* After a claim or a write that failed. */
#define AGAIN_MS 500
/* A verdict that was not read back is written again. */
#define ACCUSE_MS 1000

void
herder_stop_leading(struct herder *h)
{
	h->lead = LEAD_NOT;
	h->writing = false;
	h->written = 0;
}

static void
claim_again(struct herder *h)
{
	herder_stop_leading(h);
	h->next_claim = clock_after(h->now, AGAIN_MS);
}

/* ---- events ------------------------------------------------------------ */

void
herder_on_claim(struct herder *h, const struct claim *claim)
{
	bool ours = who_is(&claim->who, &h->me) && claim->epoch >= h->claimed;

	if (claim->epoch > h->applied)
		h->applied = claim->epoch;
	free((char *)(uintptr_t)h->claim.url);
	h->claim = *claim;
	h->claim.who.id = table_id(h->table, claim->who.id);
	h->claim.url = xstrdup(claim->url);
	if (ours && h->lead == LEAD_CLAIMING) {
		h->lead = LEAD_HEALING;
		(void)herder_act(h, HERD_HEAL);
	} else if (!ours && h->lead > LEAD_CLAIMING) {
		/* Deposed: our transactions are refused from now on. */
		claim_again(h);
	}
}

void
herder_on_wrote(struct herder *h, enum wrote wrote)
{
	if (h->lead == LEAD_NOT)
		return;
	switch (wrote) {
	case WROTE_OK:
		break;
	case WROTE_REFUSED:
		if (h->lead == LEAD_CLAIMING) {
			claim_again(h);
			return;
		}
		h->written = 0;
		h->dirty = true;
		h->next_write = clock_after(h->now, AGAIN_MS);
		break;
	case WROTE_FENCED:
	case WROTE_UNKNOWN:
		claim_again(h);
		return;
	}
	h->writing = false;
}

void
herder_on_candidate(struct herder *h, bool candidate)
{
	h->candidate = candidate;
	h->success = h->next_claim = h->now;
	if (!candidate)
		herder_stop_leading(h);
}

/* ---- verdicts ---------------------------------------------------------- */

/* A verdict is lost when a later heartbeat of ours has come back. Written
 * again while it is only slow, it would hold up our heartbeats too. (Numbers
 * above our own are of the time before a lease was lost.) */
static bool
is_on_its_way(const struct herder *h, const struct peer *p)
{
	return p->accused.ms != 0 &&
	       (clock_since(p->accused, h->now) < ACCUSE_MS ||
		   (h->heard <= p->accused_at && p->accused_at <= h->beats));
}

static void
accuse(struct herder *h, struct peer *p)
{
	if (is_on_its_way(h, p))
		return;
	p->accused = h->now;
	p->accused_at = h->beats;
	herder_act(h, HERD_VERDICT)->verdict =
	    (struct who){ ps_strdup(h->a, p->who.id), p->who.incarnation };
}

static void
meet(struct herder *h, const struct who *who)
{
	if (!who_is_nobody(who) && peers_find(h->peers, who) == NULL)
		peers_get(h->peers, who)->met = h->now;
}

/* Who has work and was never heard of is judged like the others, but what it
 * has sent may still be on its way: it stands before what we send from now on,
 * as whoever gave it the work had read it. */
static void
meet_owners(struct herder *h)
{
	for (size_t i = 0; i < table_count(h->table); i++) {
		const struct assignment *as = &table_at(h->table, i)->is;

		meet(h, &as->connector);
		for (size_t t = 0; t < as->task_count; t++)
			meet(h, &as->tasks[t]);
		for (size_t d = 0; d < as->debt_count; d++)
			meet(h, &as->debts[d].who);
	}
}

/* Silence is proven by a heartbeat of ours that was sent after it and came
 * back promptly. */
static void
judge(struct herder *h)
{
	for (struct peer *p = peers_first(h->peers); p; p = p->next) {
		struct clock_ms silent =
		    lease_silent_at(&h->lease, p->heard, p->deaf_ms);

		if (silent.ms < p->met.ms)
			silent = p->met;
		if (p->over || p->judged || who_is(&p->who, &h->me))
			continue;
		if (h->now.ms < silent.ms) {
			herder_wake(h, silent);
			continue;
		}
		if (lease_proves_silence(&h->lease, silent))
			accuse(h, p);
		else if (h->last_beat.ms < silent.ms)
			herder_beat(h);
	}
}

/* When the leases of those who were judged have run out. */
static void
wake_for_ends(struct herder *h)
{
	for (struct peer *p = peers_first(h->peers); p; p = p->next) {
		struct clock_ms end =
		    clock_after(p->heard, h->config.session_ms);

		if (p->over && !p->seen) {
			p->seen = true;
			h->dirty = true;
		}
		if (p->judged && !p->over)
			herder_wake(h, end);
	}
}

/* ---- assignments ------------------------------------------------------- */

static bool
is_named(void *ctx, const struct who *who)
{
	const struct table *t = ctx;

	for (size_t i = 0; i < table_count(t); i++)
		if (entry_names(table_at(t, i), who))
			return true;
	return false;
}

/* No plan before all that was written before was read. */
static bool
may_plan(struct herder *h)
{
	if (h->plan_again.ms != 0 && h->now.ms >= h->plan_again.ms)
		h->dirty = true;
	if (h->plan_again.ms != 0)
		herder_wake(h, h->plan_again);
	if (!h->dirty || h->writing || h->applied < h->written)
		return false;
	if (h->now.ms >= h->next_write.ms)
		return true;
	herder_wake(h, h->next_write);
	return false;
}

/* A record that goes has no epoch, and may take the highest with it when the
 * log is compacted: then the claim keeps it. */
static int64_t
claim_behind(const struct herder *h, const struct assign_input *in,
    const struct assign_result *r)
{
	if (h->claim.version > in->version)
		return in->epoch + (int64_t)r->count;
	for (size_t i = 0; i < r->count; i++)
		if (r->records[i].assignment == NULL)
			return in->epoch + (int64_t)r->count;
	return 0;
}

static int64_t
new_epoch(const struct herder *h)
{
	return (h->applied > h->used ? h->applied : h->used) + 1;
}

static void
write_plan(struct herder *h, const struct assign_input *in,
    const struct assign_result *r)
{
	struct herder_action *act = herder_act(h, HERD_ASSIGN);

	act->assign = *r;
	act->epoch = claim_behind(h, in, r);
	h->used = h->written =
	    act->epoch > 0 ? act->epoch : in->epoch + (int64_t)r->count - 1;
	h->writing = true;
	h->next_write = clock_after(h->now, WRITE_GAP_MS);
}

static void
plan(struct herder *h)
{
	struct assign_input in = { .table = h->table,
		.peers = h->peers,
		.members = h->members,
		.now = h->now,
		.version = herder_version(h),
		.epoch = new_epoch(h),
		.claimed = h->claimed,
		.delay_ms = h->config.rebalance_delay_ms };
	struct assign_result r;

	if (!may_plan(h))
		return;
	peers_sweep(h->peers, is_named, h->table);
	r = assign_plan(h->a, &in);
	h->dirty = false;
	h->plan_again = r.again;
	if (r.again.ms != 0)
		herder_wake(h, r.again);
	if (r.count > 0 || h->claim.version > in.version)
		write_plan(h, &in, &r);
}

/* Is there work that somebody has yet to let go? */
static bool
has_debts(const struct herder *h)
{
	for (size_t i = 0; i < table_count(h->table); i++) {
		const struct entry *e = table_at(h->table, i);

		for (size_t j = 0; j < e->is.debt_count; j++) {
			const struct debt *d = &e->is.debts[j];
			const struct peer *p = peers_find(h->peers, &d->who);

			if (p != NULL && peer_is_member(p) &&
			    !peer_has_left(p, d->epoch, e->name, PEER_ANY))
				return true;
		}
	}
	return false;
}

bool
herder_is_planning(const struct herder *h)
{
	return h->lead == LEAD_LEADING &&
	       (h->dirty || h->writing || h->applied < h->written ||
		   has_debts(h));
}

/* ---- the lead ---------------------------------------------------------- */

static void
claim(struct herder *h)
{
	if (h->now.ms < h->next_claim.ms) {
		herder_wake(h, h->next_claim);
		return;
	}
	h->lead = LEAD_CLAIMING;
	h->claimed = h->used = new_epoch(h);
	herder_act(h, HERD_CLAIM)->epoch = h->claimed;
}

static void
leave_group(struct herder *h)
{
	herder_on_candidate(h, false);
	(void)herder_act(h, HERD_REJOIN);
}

/* Who leads has to know all that stands in the log. */
static bool
has_unreadable(const struct herder *h)
{
	bool any = h->claim.unreadable;

	for (size_t i = 0; i < table_count(h->table) && !any; i++)
		any = table_at(h->table, i)->is.unreadable;
	return any;
}

/* Others get their chance when we have none, or want none. */
static void
give_up_if_stuck(struct herder *h, bool able)
{
	if (h->candidate &&
	    (has_unreadable(h) || (h->leaving && h->lead != LEAD_LEADING))) {
		leave_group(h);
		return;
	}
	if (!h->candidate || (able && h->lead == LEAD_LEADING)) {
		h->success = h->now;
		return;
	}
	if (clock_since(h->success, h->now) < h->config.session_ms) {
		herder_wake(h, clock_after(h->success, h->config.session_ms));
		return;
	}
	leave_group(h);
}

void
herder_lead(struct herder *h)
{
	bool able = h->caught_up && lease_allows(&h->lease, h->now);

	give_up_if_stuck(h, able);
	if (!h->candidate || !able)
		return;
	if (h->lead == LEAD_NOT && !h->leaving)
		claim(h);
	if (h->lead != LEAD_LEADING)
		return;
	if (h->dirty)
		meet_owners(h);
	judge(h);
	wake_for_ends(h);
	plan(h);
}
