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

static struct write *
new_write(struct sim *s, size_t i, size_t count)
{
	const struct node *n = &s->nodes[i];
	struct write *wr = ps_calloc(s->a, 1, sizeof *wr);

	wr->count = count;
	wr->records = ps_calloc(s->a, count, sizeof *wr->records);
	wr->scribe = n->scribe;
	wr->producer = n->producer;
	wr->group_generation = n->told_generation;
	world_push(s, (struct event){ .at = s->now + world_delay(s),
			  .kind = EV_COMMIT,
			  .worker = (unsigned)i,
			  .life = n->life,
			  .write = wr });
	return wr;
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
	n->scribe = ++s->serial;
	n->producer = 0; /* known once it is initialized */
	wr = new_write(s, i, 1);
	wr->claim = true;
	wr->records[0] = claim_of(s, i, epoch);
}

void
pen_assign(struct sim *s, size_t i, const struct herder_action *act)
{
	const struct assign_result *r = &act->assign;
	struct write *wr = new_write(s, i, r->count + (act->epoch > 0));

	if (act->epoch > 0)
		wr->records[r->count] = claim_of(s, i, act->epoch);
	s->counts.of[SIM_MOVES] += r->moves;
	for (size_t k = 0; k < r->count; k++) {
		const struct assign_record *from = &r->records[k];
		struct config_record *to = &wr->records[k];

		to->kind = CONFIG_ASSIGNMENT;
		to->connector = sim_connector(from->connector);
		to->gone = from->assignment == NULL;
		if (!to->gone)
			to->assignment = copy_assignment(s, from->assignment);
	}
}

static void
again(struct sim *s, const struct event *e, int64_t ms)
{
	struct event copy = *e;

	copy.at = s->now + ms;
	world_push(s, copy);
}

static void
answer(struct sim *s, const struct event *e, enum wrote wrote)
{
	bool unknown = world_one_in(s, 25);

	again(s,
	    &(struct event){ .kind = EV_ANSWER,
		.worker = e->worker,
		.life = e->life,
		.value = (int)(unknown ? WROTE_UNKNOWN : wrote),
		.serial = e->write->scribe },
	    unknown ? world_between(s, 1000, 10000) : world_delay(s));
}

static enum wrote
commit(struct sim *s, const struct event *e)
{
	const struct write *wr = e->write;

	if (wr->producer != s->producer)
		return WROTE_FENCED;
	if (wr->claim &&
	    (s->owner != (int)e->worker || !s->nodes[e->worker].joined ||
		wr->group_generation != s->group_generation))
		return WROTE_REFUSED;
	if (!wr->claim && world_one_in(s, 60))
		return WROTE_REFUSED;
	if (wr->claim)
		rules_claims(s, e->worker);
	for (size_t n = 0; n < wr->count; n++)
		broker_append_config(s, &wr->records[n]);
	return WROTE_OK;
}

/* init_transactions: the last leader is fenced from now on. */
static void
init(struct sim *s, const struct event *e)
{
	struct node *n = &s->nodes[e->worker];
	struct write *wr = e->write;

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
	} else {
		answer(s, e, commit(s, e));
	}
}
