#include <string.h>

#include "tests/cluster/sim_impl.h"

#define PATIENCE_MS 20000 /* until a leader is known */

static const char *const op_names[] = {
	[CHANGE_PUT] = "puts",
	[CHANGE_DELETE] = "deletes",
	[CHANGE_STOP] = "stops",
	[CHANGE_RESUME] = "resumes",
};

/* ---- the end of a change ----------------------------------------------- */

static void
close_change(struct sim *s, struct change *ch, const char *how)
{
	if (!ch->open)
		return;
	world_say(s, "client %zu: %s %s: %s", ch->client, op_names[ch->op],
	    sim_connectors[ch->connector], how);
	ch->open = false;
	s->clients[ch->client] = NULL;
}

/* By the worker that the client has asked. */
static void
acknowledge(struct sim *s, size_t i, struct change *ch)
{
	if (!ch->open)
		return;
	rules_acknowledged(s, i, ch);
	s->counts.of[SIM_CHANGES]++;
	close_change(s, ch, "done");
}

static void
send_to(struct sim *s, size_t worker, enum event_kind kind, struct change *ch)
{
	world_push(s, (struct event){ .at = s->now + world_delay(s),
			  .kind = kind,
			  .worker = (unsigned)worker,
			  .life = s->nodes[worker].life,
			  .change = ch });
}

/* Who was asked may be gone; of a later life it knows nothing. */
static void
finish(struct sim *s, size_t i, struct change *ch)
{
	bool done = ch->state == CHANGE_WRITTEN || ch->state == CHANGE_TOLD ||
		    (ch->state == CHANGE_IN_DOUBT && ch->committed);

	if (!done)
		close_change(s, ch, "failed");
	else if (ch->asked == i)
		acknowledge(s, i, ch);
	else if (s->nodes[ch->asked].life == ch->asked_life)
		send_to(s, ch->asked, EV_TOLD, ch);
}

/* ---- at a worker, until it has read far enough ------------------------- */

static bool
is_over(const struct node *n, const struct change *ch)
{
	if (ch->state == CHANGE_SENT)
		return false;
	return ch->state == CHANGE_FAILED ||
	       (ch->at >= 0 && (int64_t)n->config_at > ch->at);
}

void
clients_look(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];
	struct change **at = &n->changes, *ch;

	while ((ch = *at) != NULL) {
		if (is_over(n, ch)) {
			*at = ch->next;
			finish(s, i, ch);
		} else {
			at = &ch->next;
		}
	}
}

static void
keep(struct node *n, struct change *ch)
{
	ch->next = n->changes;
	n->changes = ch;
}

/* As the pen says it to those who want to know for sure: what is in doubt the
 * log decides. */
void
clients_wrote(struct sim *s, size_t i, const struct write *wr, enum wrote wrote)
{
	static const enum change_state next[] = {
		[WROTE_OK] = CHANGE_WRITTEN,
		[WROTE_REFUSED] = CHANGE_FAILED,
		[WROTE_FENCED] = CHANGE_FAILED,
		[WROTE_UNKNOWN] = CHANGE_IN_DOUBT,
	};

	if (wr == NULL)
		return;
	for (struct change *ch = s->nodes[i].changes; ch; ch = ch->next)
		if (ch->write == wr && ch->state == CHANGE_SENT)
			ch->state = next[wrote];
	clients_look(s, i);
}

struct wanted
clients_want(const struct sim *s, const struct change *ch)
{
	struct wanted w = s->wanted[ch->connector];

	switch (ch->op) {
	case CHANGE_PUT:
		w.exists = true;
		w.generation = (int64_t)s->configs.count;
		w.task_count = ch->task_count;
		break;
	case CHANGE_DELETE:
		w = (struct wanted){ .generation = -1 };
		break;
	case CHANGE_STOP:
		w.stopped = true;
		break;
	case CHANGE_RESUME:
		w.stopped = false;
		break;
	}
	w.placement = sim_placement(s, ch->connector);
	return w;
}

/* ---- at the leader ----------------------------------------------------- */

/* Changes of one connector are made one by one. */
static bool
is_busy(const struct node *n, int connector)
{
	for (const struct change *ch = n->changes; ch; ch = ch->next)
		if (ch->connector == connector && ch->state != CHANGE_TOLD)
			return true;
	return false;
}

static bool
is_known(const struct node *n, int connector)
{
	const struct entry *e =
	    table_find(herder_table(n->h), sim_connectors[connector]);

	return e != NULL && e->wanted.exists;
}

static void
again_later(struct sim *s, const struct event *e)
{
	struct event again = *e;

	again.at = s->now + world_between(s, 10, 50);
	world_push(s, again);
}

static void
run(struct sim *s, const struct event *e)
{
	struct node *n = &s->nodes[e->worker];
	struct change *ch = e->change;

	if (is_busy(n, ch->connector)) {
		again_later(s, e);
		return;
	}
	if (ch->op != CHANGE_PUT && !is_known(n, ch->connector)) {
		close_change(s, ch, "unknown");
		return;
	}
	ch->state = CHANGE_SENT;
	ch->base = n->shown[ch->connector];
	if (pen_change(s, e->worker, ch))
		keep(n, ch);
	else
		close_change(s, ch, "refused");
}

/* ---- at the worker that is asked --------------------------------------- */

/* Whom it takes for the leader, if somebody answers there; -1: nobody. */
static int
find_leader(const struct sim *s, const struct node *n)
{
	const struct who *who = &herder_leader(n->h)->who;

	if (who->incarnation == 0 ||
	    !herder_is_alive(n->h, who->id, who->incarnation))
		return -1;
	for (size_t i = 0; i < s->plan.workers; i++)
		if (s->nodes[i].h != NULL &&
		    strcmp(s->nodes[i].id, who->id) == 0)
			return (int)i;
	return -1;
}

static void
forward(struct sim *s, const struct event *e)
{
	struct change *ch = e->change;
	int leader = find_leader(s, &s->nodes[e->worker]);

	if (leader >= 0) {
		ch->leader = leader;
		ch->leader_life = s->nodes[leader].life;
		send_to(s, (size_t)leader, EV_ASK, ch);
	} else if (s->now - ch->began < PATIENCE_MS) {
		again_later(s, e);
	} else {
		close_change(s, ch, "no leader");
	}
}

void
clients_on_ask(struct sim *s, const struct event *e)
{
	if (!e->change->open)
		return;
	if (herder_leads(s->nodes[e->worker].h))
		run(s, e);
	else if (e->change->leader >= 0) /* forwarded once */
		close_change(s, e->change, "wrong worker");
	else
		forward(s, e);
}

void
clients_on_told(struct sim *s, const struct event *e)
{
	e->change->state = CHANGE_TOLD;
	keep(&s->nodes[e->worker], e->change);
	clients_look(s, e->worker);
}

/* ---- the client -------------------------------------------------------- */

static enum change_op
choose(struct sim *s, int connector)
{
	const struct wanted *w = &s->wanted[connector];

	if (w->exists && world_one_in(s, 4))
		return CHANGE_DELETE;
	if (w->exists && world_one_in(s, 4))
		return w->stopped ? CHANGE_RESUME : CHANGE_STOP;
	return CHANGE_PUT;
}

static void
ask(struct sim *s, size_t client)
{
	size_t i = world_draw(s) % s->plan.workers;
	struct change *ch;

	if (s->nodes[i].h == NULL)
		return;
	ch = ps_calloc(s->a, 1, sizeof *ch);
	ch->open = true;
	ch->client = client;
	ch->connector = (int)(world_draw(s) % CONNECTORS);
	ch->op = choose(s, ch->connector);
	ch->task_count = world_draw(s) % (MAX_TASKS + 1);
	ch->began = s->now;
	ch->asked = i;
	ch->asked_life = s->nodes[i].life;
	ch->leader = -1;
	ch->at = -1;
	ch->after = s->acknowledged[ch->connector];
	s->clients[client] = ch;
	send_to(s, i, EV_ASK, ch);
}

/* The connection breaks when one of them ends. */
static bool
is_cut_off(const struct sim *s, const struct change *ch)
{
	return s->nodes[ch->asked].life != ch->asked_life ||
	       (ch->leader >= 0 &&
		   s->nodes[ch->leader].life != ch->leader_life);
}

/* What changes all the time has never run all. */
static int64_t
clients_end(const struct sim *s)
{
	enum { BEFORE_KILLS_MS = 6000 };

	return s->plan.kills ? BEFORE_KILLS_MS : s->plan.trouble_ms;
}

void
clients_on_turn(struct sim *s, const struct event *e)
{
	size_t client = (size_t)e->value;
	struct change *open = s->clients[client];
	struct event next = *e;

	if (open != NULL && is_cut_off(s, open))
		close_change(s, open, "connection lost");
	if (s->clients[client] == NULL && s->now < clients_end(s))
		ask(s, client);
	next.at = s->now + world_between(s, 20, 500);
	if (s->clients[client] != NULL || s->now < clients_end(s))
		world_push(s, next);
}
