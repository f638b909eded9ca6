#include "tests/cluster/sim_impl.h"

static struct assignment
copy_assignment(struct sim *s, const struct assignment *as)
{
	struct assignment copy = *as;

	copy.connector = sim_who(&as->connector);
	copy.tasks = ps_calloc(s->a, as->task_count + 1, sizeof *copy.tasks);
	for (size_t i = 0; i < as->task_count; i++)
		copy.tasks[i] = sim_who(&as->tasks[i]);
	copy.debts = ps_calloc(s->a, as->debt_count + 1, sizeof *copy.debts);
	for (size_t i = 0; i < as->debt_count; i++) {
		copy.debts[i] = as->debts[i];
		copy.debts[i].who = sim_who(&as->debts[i].who);
	}
	return copy;
}

/* ---- what the scribe has, and what waits for it ------------------------ */

static void
send_next(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];

	if (n->writing != NULL || n->waiting == NULL)
		return;
	n->writing = n->waiting;
	n->waiting = NULL;
	n->writing->producer = n->producer;
	world_push(s, (struct event){ .at = s->now + world_delay(s),
			  .kind = EV_COMMIT,
			  .worker = (unsigned)i,
			  .life = n->life,
			  .write = n->writing });
}

/* All that waits goes into one transaction. */
static struct write *
waiting(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];

	if (n->waiting == NULL) {
		n->waiting = ps_calloc(s->a, 1, sizeof *n->waiting);
		n->waiting->scribe = n->scribe;
	}
	return n->waiting;
}

void
pen_drop(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];
	const struct write *sent = n->writing, *unsent = n->waiting;

	n->writing = n->waiting = NULL;
	n->scribe = 0;
	n->claimed = n->healing = false;
	clients_wrote(s, i, unsent, WROTE_REFUSED);
	clients_wrote(s, i, sent, WROTE_UNKNOWN);
}

static struct config_record
claim_of(const struct sim *s, size_t i, int64_t epoch)
{
	struct config_record r = { .kind = CONFIG_CLAIM };

	r.claim.who = sim_who(herder_me(s->nodes[i].h));
	r.claim.url = "http://x";
	r.claim.epoch = epoch;
	r.claim.version = herder_version(s->nodes[i].h);
	return r;
}

/* A new scribe: its init fences the one before, then it writes. */
void
pen_claim(struct sim *s, size_t i, int64_t epoch)
{
	struct node *n = &s->nodes[i];
	struct write *wr;

	if (!n->owner_told)
		world_red(s, "w%zu claims without the group's partition", i);
	rules_has_read(s, i);
	s->counts.of[SIM_CLAIMS]++;
	world_say(s, "w%zu: claims epoch %lld", i, (long long)epoch);
	pen_drop(s, i);
	n->scribe = ++s->serial;
	n->producer = 0; /* known once it is initialized */
	wr = waiting(s, i);
	wr->claim = true;
	wr->group_generation = n->told_generation;
	wr->records[wr->count++] = claim_of(s, i, epoch);
	send_next(s, i);
}

/* When the claim is written. */
void
pen_heal(struct sim *s, size_t i)
{
	s->nodes[i].healing = true;
	waiting(s, i)->heals = true;
	send_next(s, i);
}

void
pen_assign(struct sim *s, size_t i, const struct herder_action *act)
{
	const struct assign_result *r = &act->assign;
	struct write *wr = waiting(s, i);

	wr->assigns = true;
	s->counts.of[SIM_MOVES] += r->moves;
	for (size_t k = 0; k < r->count; k++) {
		const struct assign_record *from = &r->records[k];
		struct config_record *to = &wr->records[wr->count++];

		to->kind = CONFIG_ASSIGNMENT;
		to->connector = sim_connector(from->connector);
		to->gone = from->assignment == NULL;
		if (!to->gone)
			to->assignment = copy_assignment(s, from->assignment);
	}
	if (act->epoch > 0)
		wr->records[wr->count++] = claim_of(s, i, act->epoch);
	send_next(s, i);
}

bool
pen_change(struct sim *s, size_t i, struct change *ch)
{
	struct write *wr;

	if (!s->nodes[i].claimed)
		return false;
	wr = waiting(s, i);
	ch->write = wr;
	wr->records[wr->count++] =
	    (struct config_record){ .kind = CONFIG_CONNECTOR,
		    .connector = ch->connector,
		    .change = ch };
	send_next(s, i);
	return true;
}

/* ---- transactions ------------------------------------------------------ */

static void
again(struct sim *s, const struct event *e, int64_t ms)
{
	struct event copy = *e;

	copy.at = s->now + ms;
	world_push(s, copy);
}

/* Of what is unknown the scribe is long silent; not when all is whole. */
static void
answer(struct sim *s, const struct event *e, enum wrote wrote)
{
	bool unknown = world_is_unlucky(s, 25);
	int64_t silent = s->now < s->plan.trouble_ms ? SESSION_MS : 3000;

	again(s,
	    &(struct event){ .kind = EV_ANSWER,
		.worker = e->worker,
		.life = e->life,
		.value = (int)(unknown ? WROTE_UNKNOWN : wrote),
		.write = e->write },
	    unknown ? world_between(s, 1000, silent) : world_delay(s));
}

/* Where its changes stand, or would: the first of them at `at`. */
static void
decide(const struct write *wr, size_t at, bool committed)
{
	for (size_t k = 0; k < wr->count && !wr->heals; k++) {
		struct change *ch = wr->records[k].change;

		if (ch == NULL)
			continue;
		ch->at = (int64_t)(at + (committed ? k : 0));
		ch->committed = committed;
	}
}

/* Whatever is read of who fenced it comes later. */
static enum wrote
fence(const struct write *wr)
{
	decide(wr, 0, false);
	return WROTE_FENCED;
}

static void
append(struct sim *s, const struct write *wr)
{
	for (size_t k = 0; k < wr->count; k++) {
		struct config_record r = wr->records[k];

		if (wr->heals) {
			rules_heals(s, &r);
		} else if (r.kind == CONFIG_CONNECTOR) {
			rules_changes(s, r.change);
			r.wanted = clients_want(s, r.change);
		}
		broker_append_config(s, &r);
	}
}

/* All that an abort hides from those who read without isolation. */
static void
read_hidden(const struct sim *s, struct write *wr)
{
	wr->heals = wr->has_read = true;
	for (int c = 0; c < CONNECTORS; c++) {
		wr->count += broker_find_hidden(s, CONFIG_CONNECTOR, c,
		    &wr->records[wr->count]);
		wr->count += broker_find_hidden(s, CONFIG_ASSIGNMENT, c,
		    &wr->records[wr->count]);
	}
}

/* It is aborted. */
static void
hide(struct sim *s, const struct write *wr)
{
	for (size_t k = 0; k < wr->count; k++)
		broker_hide(s, &wr->records[k]);
}

/* The scribe heals what it aborted before it does anything else; one that
 * cannot is replaced, and the next heals after its claim. */
static enum wrote
refuse(struct sim *s, const struct write *wr)
{
	struct write heal = { 0 };

	decide(wr, s->configs.count, false);
	hide(s, wr);
	if (wr->claim)
		return WROTE_REFUSED;
	if (wr->heals || world_one_in(s, 3))
		return WROTE_UNKNOWN;
	read_hidden(s, &heal);
	append(s, &heal);
	return WROTE_REFUSED;
}

static enum wrote
commit(struct sim *s, const struct event *e)
{
	struct write *wr = e->write;

	wr->is_decided = true;
	if (wr->heals && wr->count == 0)
		return WROTE_OK;
	if (wr->producer != s->producer)
		return fence(wr);
	if (wr->claim &&
	    (s->owner != (int)e->worker || !s->nodes[e->worker].joined ||
		wr->group_generation != s->group_generation))
		return refuse(s, wr);
	if (!wr->claim && world_is_unlucky(s, 60))
		return refuse(s, wr);
	if (wr->claim)
		rules_claims(s, e->worker);
	decide(wr, s->configs.count, true);
	append(s, wr);
	return WROTE_OK;
}

/* What the last leader has begun may have come so far. */
static void
abort_last(struct sim *s)
{
	for (size_t i = 0; i < s->plan.workers; i++) {
		const struct write *wr = s->nodes[i].writing;

		if (wr != NULL && wr->producer == s->producer &&
		    !wr->is_decided && world_one_in(s, 2))
			hide(s, wr);
	}
}

/* init_transactions: the last leader is fenced from now on. */
static void
init(struct sim *s, const struct event *e)
{
	struct node *n = &s->nodes[e->worker];
	struct write *wr = e->write;

	abort_last(s);
	wr->producer = ++s->producer;
	if (n->life == e->life && n->scribe == wr->scribe)
		n->producer = wr->producer;
	if (n->life == e->life || world_one_in(s, 2))
		again(s, e, world_delay(s));
}

/* What a dead worker had sent may still arrive. */
void
pen_on_commit(struct sim *s, const struct event *e)
{
	const struct node *n = &s->nodes[e->worker];

	if (!world_can_send(s, n)) {
		if (n->life == e->life)
			again(s, e,
			    world_whole_at(s, n) - s->now +
				world_between(s, 20, 60));
	} else if (e->write->claim && e->write->producer == 0) {
		init(s, e);
	} else if (e->write->heals && !e->write->has_read) {
		read_hidden(s, e->write);
		again(s, e,
		    world_is_unlucky(s, 3) ? world_between(s, 100, 1500)
					   : world_delay(s));
	} else {
		answer(s, e, commit(s, e));
		/* Who was in doubt may have read enough by now. */
		if (n->life == e->life)
			clients_look(s, e->worker);
	}
}

/* ---- answers ----------------------------------------------------------- */

static void
tell_herder(struct sim *s, size_t i, const struct write *wr, enum wrote wrote)
{
	struct herder_event ev = { .kind = HERDER_WROTE, .wrote = wrote };

	if (wr->heals && wrote == WROTE_OK) {
		s->nodes[i].healing = false;
		ev = (struct herder_event){ .kind = HERDER_HEALED };
	} else if (wr->heals && wrote == WROTE_REFUSED) {
		/* Nothing is led before it is whole. */
		ev.wrote = WROTE_UNKNOWN;
	}
	node_step(s, i, &ev);
}

void
pen_on_answer(struct sim *s, const struct event *e)
{
	struct node *n = &s->nodes[e->worker];
	const struct write *wr = e->write;
	enum wrote wrote = (enum wrote)e->value;
	bool lost = wrote == WROTE_FENCED || wrote == WROTE_UNKNOWN;

	/* Of a scribe that was replaced: nobody waits. */
	if (n->writing != wr)
		return;
	n->writing = NULL;
	clients_wrote(s, e->worker, wr, wrote);
	if (lost || (wr->claim && wrote == WROTE_REFUSED))
		pen_drop(s, e->worker);
	n->claimed |= wr->claim && wrote == WROTE_OK;
	if (lost || wr->claim || wr->heals || wr->assigns)
		tell_herder(s, e->worker, wr, wrote);
	if (n->life == e->life)
		send_next(s, e->worker);
}
