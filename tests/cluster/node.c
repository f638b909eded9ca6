#include <string.h>

#include "tests/cluster/sim_impl.h"

/* ---- actions ----------------------------------------------------------- */

void
node_settle_later(struct sim *s, size_t i, int connector)
{
	world_push(s, (struct event){ .at = s->now + 1,
			  .kind = EV_SETTLE,
			  .worker = (unsigned)i,
			  .life = s->nodes[i].life,
			  .value = connector });
}

static void
settle(struct sim *s, size_t i, const char *connector)
{
	for (int c = 0; c < CONNECTORS; c++)
		if (connector == NULL ||
		    strcmp(connector, sim_connectors[c]) == 0)
			node_settle_later(s, i, c);
}

static void
catch_up(struct sim *s, size_t i, uint64_t token)
{
	struct node *n = &s->nodes[i];

	s->counts.of[SIM_INCARNATIONS]++;
	rules_born(s, i);
	n->token = token;
	n->caught_up_at = n->born_at = (int64_t)s->configs.count;
}

static void
leave(struct sim *s, size_t i)
{
	world_say(s, "w%zu: left", i);
	rules_leaves(s, i);
	broker_leave_group(s, i);
	node_end(s, i);
	if ((int)i != s->last)
		world_later(s, world_between(s, 100, 8000), EV_START, i);
}

static void
refuse(struct sim *s, size_t i)
{
	s->counts.of[SIM_REFUSALS]++;
	world_say(s, "w%zu: its id is another's", i);
	rules_refused(s, i);
}

static void
send_beat(struct sim *s, size_t i, const struct herder_action *act)
{
	broker_send_lease(s, i, act);
	/* A producer may send twice. */
	if (world_one_in(s, 20))
		broker_send_lease(s, i, act);
}

static void
perform(struct sim *s, size_t i, const struct herder_action *act)
{
	switch (act->kind) {
	case HERD_BEAT:
		send_beat(s, i, act);
		break;
	case HERD_VERDICT:
		s->counts.of[SIM_VERDICTS]++;
		world_say(s, "w%zu: verdict on %s", i, act->verdict.id);
		rules_verdict(s, i, &act->verdict);
		broker_send_lease(s, i, act);
		break;
	case HERD_CATCH_UP:
		catch_up(s, i, act->token);
		break;
	case HERD_INTRODUCE:
		broker_introduce(s, i);
		break;
	case HERD_LEASE:
		children_lease(s, i, act->ends.ms);
		break;
	case HERD_SUSPEND:
		world_say(s, "w%zu: suspends", i);
		children_suspend(s, i);
		break;
	case HERD_KILL:
		world_say(s, "w%zu: lost its lease", i);
		children_kill(s, i);
		break;
	case HERD_SETTLE:
		settle(s, i, act->connector);
		break;
	case HERD_CLAIM:
		pen_claim(s, i, act->epoch);
		break;
	case HERD_HEAL:
		pen_heal(s, i);
		break;
	case HERD_ASSIGN:
		rules_assign(s, i, act);
		pen_assign(s, i, act);
		break;
	case HERD_REJOIN:
		world_say(s, "w%zu: rejoins", i);
		broker_leave_group(s, i);
		break;
	case HERD_REFUSE:
		refuse(s, i);
		break;
	case HERD_LEFT:
		leave(s, i);
		break;
	}
}

void
node_step(struct sim *s, size_t i, const struct herder_event *ev)
{
	struct node *n = &s->nodes[i];
	struct clock_ms now = { world_clock(s, n) };
	struct herder_actions acts = herder_step(n->h, now, ev);
	uint64_t life = n->life;
	int64_t at;

	for (size_t k = 0; k < acts.count && n->life == life; k++)
		perform(s, i, &acts.items[k]);
	if (n->life != life)
		return;
	if (n->scribe != 0 && !herder_holds_pen(n->h))
		pen_drop(s, i);
	rules_leads(s, i);
	at = world_time(n, herder_next(n->h).ms) + 1;
	if (at <= s->now)
		at = s->now + 1;
	if (n->tick_at > s->now && n->tick_at <= at)
		return;
	n->tick_at = at;
	world_later(s, at - s->now, EV_TICK, i);
}

static void
step_plain(struct sim *s, size_t i, enum herder_event_kind kind)
{
	node_step(s, i, &(struct herder_event){ .kind = kind });
}

/* ---- readers ----------------------------------------------------------- */

static void
read_lease(struct sim *s, size_t i)
{
	const struct lease_record *r =
	    log_at(&s->leases, s->nodes[i].lease_at++);
	struct herder_event ev = { .kind = HERDER_BEAT,
		.offset = (int64_t)s->nodes[i].lease_at - 1 };

	if (r->is_verdict) {
		ev.kind = HERDER_VERDICT;
		ev.verdict = r->verdict;
	} else {
		ev.beat = r->beat;
	}
	node_step(s, i, &ev);
}

/* What a worker makes of a record that is newer than it knows. */
static void
veil(const struct node *n, struct assignment *as, struct claim *claim)
{
	if (as->version > n->version)
		*as = (struct assignment){ .version = as->version,
			.unreadable = true,
			.generation = -1 };
	if (claim->version > n->version)
		*claim = (struct claim){ .version = claim->version,
			.unreadable = true,
			.url = "" };
}

static void
read_config(struct sim *s, size_t i)
{
	const struct config_record *r =
	    log_at(&s->configs, s->nodes[i].config_at++);
	struct herder_event ev = { .kind = HERDER_CLAIM };
	struct assignment as = r->assignment;

	if (r->kind == CONFIG_CONNECTOR)
		s->nodes[i].shown[r->connector] = r->change;
	if (r->compacted)
		return;
	ev.claim = r->claim;
	veil(&s->nodes[i], &as, &ev.claim);
	switch (r->kind) {
	case CONFIG_CONNECTOR:
		ev.kind = HERDER_CONNECTOR;
		ev.connector = sim_connectors[r->connector];
		ev.wanted = r->wanted;
		break;
	case CONFIG_ASSIGNMENT:
		s->nodes[i].assigned_by[r->connector] =
		    (int64_t)s->nodes[i].config_at - 1;
		ev.kind = HERDER_ASSIGNMENT;
		ev.connector = sim_connectors[r->connector];
		ev.assignment = r->gone ? NULL : &as;
		break;
	case CONFIG_CLAIM:
		break;
	}
	node_step(s, i, &ev);
}

/* Compaction takes a record of which there is a newer one of its key, which
 * is the worker's id. */
static bool
was_compacted(const struct sim *s, size_t at, size_t compacted)
{
	const struct member_info *m = log_at(&s->members, at);

	for (size_t k = at + 1; k < compacted; k++) {
		const struct member_info *later = log_at(&s->members, k);

		if (strcmp(later->who.id, m->who.id) == 0)
			return true;
	}
	return false;
}

static void
read_member(struct sim *s, size_t i)
{
	size_t at = s->nodes[i].member_at++;
	const struct member_info *m = log_at(&s->members, at);
	struct herder_event ev = { .kind = HERDER_MEMBER, .member = *m };

	if (!was_compacted(s, at, s->nodes[i].compacted))
		node_step(s, i, &ev);
}

static void
read_config_on(struct sim *s, size_t i)
{
	const struct node *n = &s->nodes[i];
	uint64_t life = n->life;
	const struct config_record *r = log_at(&s->configs, n->config_at);
	bool shows = r->kind == CONFIG_CONNECTOR;
	int connector = r->connector;

	read_config(s, i);
	if (n->life != life)
		return;
	if (shows)
		rules_shows(s, i, connector);
	clients_look(s, i);
}

static void
tell_caught_up(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];
	struct herder_event ev = { .kind = HERDER_CAUGHT_UP,
		.token = n->token };

	if (n->caught_up_at < 0 || (int64_t)n->config_at < n->caught_up_at)
		return;
	n->caught_up_at = -1;
	node_step(s, i, &ev);
}

/* At most one record of each log, in any order that logs allow. */
static void
read_some(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];
	uint64_t life = n->life;

	children_reap_expired(s, i);
	if (n->life == life && n->config_at < s->configs.count &&
	    !world_one_in(s, 3))
		read_config_on(s, i);
	if (n->life == life && n->lease_at < s->leases.count &&
	    world_can_lease(s, n) && !world_one_in(s, 5))
		read_lease(s, i);
	if (n->life == life && n->member_at < s->members.count)
		read_member(s, i);
	if (n->life == life)
		tell_caught_up(s, i);
}

void
node_on_read(struct sim *s, const struct event *e)
{
	struct node *n = &s->nodes[e->worker];
	bool others;

	if (!world_can_read(s, n)) {
		world_later(s,
		    world_whole_at(s, n) - s->now + world_between(s, 1, 100),
		    EV_READ, e->worker);
		return;
	}
	read_some(s, e->worker);
	if (n->life != e->life)
		return;
	others =
	    n->config_at < s->configs.count || n->member_at < s->members.count;
	n->reading = others || n->lease_at < s->leases.count;
	if (n->reading)
		world_later(s,
		    others || world_can_lease(s, n) ? world_between(s, 0, 8)
						    : world_between(s, 50, 250),
		    EV_READ, e->worker);
}

void
node_wake_readers(struct sim *s)
{
	for (size_t i = 0; i < s->plan.workers; i++) {
		struct node *n = &s->nodes[i];

		if (n->h == NULL || n->reading)
			continue;
		n->reading = true;
		world_later(s, world_delay(s), EV_READ, i);
	}
}

/* ---- other events ------------------------------------------------------ */

void
node_on_tick(struct sim *s, const struct event *e)
{
	children_reap_expired(s, e->worker);
	if (s->nodes[e->worker].life == e->life)
		step_plain(s, e->worker, HERDER_TICK);
}

void
node_on_settle(struct sim *s, const struct event *e)
{
	children_settle(s, e->worker, e->value);
}

void
node_on_hurry(struct sim *s, const struct event *e)
{
	step_plain(s, e->worker, HERDER_LEAVE);
}

/* ---- life -------------------------------------------------------------- */

void
node_start(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];
	struct herder_config config = { .id = n->id,
		.host = sim_ids[i],
		.session_ms = SESSION_MS,
		.heartbeat_ms = BEAT_MS,
		.rebalance_delay_ms = s->plan.delay_ms,
		.seed = world_draw(s) };

	if (n->h != NULL)
		return;
	n->life++;
	config.version = n->version = sim_version(s, i);
	world_say(s, "w%zu: starts, format %d", i, n->version);
	n->drained = n->leaving = n->sending = false;
	n->rejoin_at = n->started_at = s->now;
	n->h = herder_new(&config, (struct clock_ms){ world_clock(s, n) });
	n->lease_from = n->lease_at = s->leases.count;
	n->config_at = n->member_at = 0;
	n->compacted = (size_t)world_between(s, 0, (int64_t)s->members.count);
	n->caught_up_at = -1;
	n->tick_at = n->lease_told = n->paused_until = 0;
	n->scribe = 0;
	n->claimed = n->healing = false;
	n->writing = n->waiting = NULL;
	n->changes = NULL;
	memset(n->shown, 0, sizeof n->shown);
	for (int c = 0; c < CONNECTORS; c++)
		n->assigned_by[c] = -1;
	n->assigned_at = INT64_MIN / 2;
	n->reading = true;
	world_later(s, 1, EV_READ, i);
	step_plain(s, i, HERDER_LISTENS);
}

void
node_end(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];

	herder_free(&n->h);
	n->life++;
	n->ended_at = s->now;
	broker_drop_outbox(s, i);
	broker_lose_member(s, i);
	children_forget(s, i);
}
