#include <string.h>

#include "tests/cluster/sim_impl.h"

/* ---- copies that outlive the step -------------------------------------- */

static struct beat
copy_beat(struct sim *s, const struct beat *b)
{
	struct beat copy = *b;
	struct beat_answer *answers =
	    ps_calloc(s->a, b->answer_count + 1, sizeof *answers);

	for (size_t i = 0; i < b->answer_count; i++) {
		size_t size = b->answers[i].task_count * sizeof(int);
		int *tasks = ps_alloc(s->a, size + 1);

		memcpy(tasks, b->answers[i].tasks, size);
		answers[i] = b->answers[i];
		answers[i].connector =
		    sim_connectors[sim_connector(answers[i].connector)];
		answers[i].tasks = tasks;
	}
	copy.answers = answers;
	copy.who = sim_who(&b->who);
	copy.host = sim_who(&(struct who){ b->host, 0 }).id;
	return copy;
}

/* ---- the lease topic --------------------------------------------------- */

static void
send_next(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];

	n->sending = n->outbox_count > 0;
	if (!n->sending)
		return;
	world_later(s,
	    n->outbox[0]->is_verdict && world_is_unlucky(s, 3)
		? world_between(s, 20, 3000)
		: world_delay(s),
	    EV_APPEND, i);
}

/* A producer keeps its order. */
void
broker_send_lease(struct sim *s, size_t i, const struct herder_action *act)
{
	struct node *n = &s->nodes[i];
	struct lease_record *r;

	if (n->outbox_count == MAX_OUTBOX)
		return;
	r = ps_calloc(s->a, 1, sizeof *r);
	r->is_verdict = act->kind == HERD_VERDICT;
	if (r->is_verdict)
		r->verdict = sim_who(&act->verdict);
	else
		r->beat = copy_beat(s, &act->beat);
	n->outbox[n->outbox_count++] = r;
	if (!n->sending)
		send_next(s, i);
}

static void
append_lease(struct sim *s, const struct lease_record *r)
{
	struct lease_record *added = log_add(&s->leases);

	*added = *r;
	added->at = s->now;
	node_wake_readers(s);
}

/* A producer gives up what it could not send in time. */
static bool
is_given_up(struct sim *s, const struct lease_record *r)
{
	if (r->is_verdict)
		return world_is_unlucky(s, 10);
	return s->now < s->plan.trouble_ms && world_is_unlucky(s, 100);
}

void
broker_on_append(struct sim *s, const struct event *e)
{
	struct node *n = &s->nodes[e->worker];
	int64_t whole = world_whole_at(s, n);

	if (n->sick)
		return;
	if (!world_can_lease(s, n)) {
		if (whole < n->no_lease_until)
			whole = n->no_lease_until;
		world_later(s, whole - s->now + world_between(s, 20, 60),
		    EV_APPEND, e->worker);
		return;
	}
	if (!is_given_up(s, n->outbox[0]))
		append_lease(s, n->outbox[0]);
	memmove(n->outbox, n->outbox + 1,
	    --n->outbox_count * sizeof(struct lease_record *));
	send_next(s, e->worker);
}

void
broker_on_last_words(struct sim *s, const struct event *e)
{
	append_lease(s, e->lease);
}

void
broker_drop_outbox(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];
	int64_t count = (int64_t)n->outbox_count, sent = 0;

	if (count > 0 && world_can_lease(s, n))
		sent = world_between(s, 0, count);
	for (int64_t k = 0; k < sent; k++)
		world_push(s, (struct event){ .at = s->now + world_delay(s),
				  .kind = EV_LAST_WORDS,
				  .worker = (unsigned)i,
				  .lease = n->outbox[k] });
	n->outbox_count = 0;
}

/* ---- the status topic -------------------------------------------------- */

void
broker_introduce(struct sim *s, size_t i)
{
	struct member_info *m = log_add(&s->members);

	m->who = sim_who(herder_me(s->nodes[i].h));
	m->host = sim_ids[i];
	m->born_ms = herder_born(s->nodes[i].h);
	m->url = "http://x";
	m->capacity = sim_capacity(s, i);
	m->labels = sim_labels(s, i);
	m->version = s->nodes[i].version;
	node_wake_readers(s);
}

/* ---- the config topic -------------------------------------------------- */

static void
say_assignment(const struct sim *s, const struct config_record *r)
{
	const struct assignment *as = &r->assignment;

	world_say(s, "config %s: %s epoch %lld, generation %lld, on %s",
	    sim_connectors[r->connector], r->gone ? "gone" : "assigned",
	    (long long)as->epoch, (long long)as->generation,
	    as->connector.id == NULL ? "-" : as->connector.id);
	for (size_t t = 0; t < as->task_count; t++)
		world_say(s, "    task %zu on %s", t,
		    as->tasks[t].id == NULL ? "-" : as->tasks[t].id);
	for (size_t d = 0; d < as->debt_count; d++)
		world_say(s, "    owed by %s since %lld, generation %lld",
		    as->debts[d].who.id, (long long)as->debts[d].epoch,
		    (long long)as->debts[d].generation);
}

static void
say_record(const struct sim *s, const struct config_record *r)
{
	switch (r->kind) {
	case CONFIG_CONNECTOR:
		world_say(s,
		    "config %s: exists %d, stopped %d, generation %lld, "
		    "%zu tasks",
		    sim_connectors[r->connector], r->wanted.exists,
		    r->wanted.stopped, (long long)r->wanted.generation,
		    r->wanted.task_count);
		break;
	case CONFIG_ASSIGNMENT:
		say_assignment(s, r);
		break;
	case CONFIG_CLAIM:
		world_say(s, "config: %s leads, epoch %lld", r->claim.who.id,
		    (long long)r->claim.epoch);
		break;
	}
}

/* The task configs that a heal writes again are new ones for who reads them. */
static void
append_connector(struct sim *s, struct config_record *r)
{
	int64_t at = (int64_t)s->configs.count - 1;

	if (r->healed && r->wanted.generation >= 0)
		r->wanted.generation = at;
	s->wanted[r->connector] = r->wanted;
	s->newest[r->connector] = at;
}

static void
check_epoch(struct sim *s, const struct config_record *r)
{
	if (r->gone || r->healed)
		return;
	if (r->assignment.epoch <= s->epoch)
		world_red(s, "epoch %lld comes after %lld",
		    (long long)r->assignment.epoch, (long long)s->epoch);
	s->epoch = r->assignment.epoch;
}

void
broker_append_config(struct sim *s, const struct config_record *r)
{
	struct config_record *added = log_add(&s->configs);

	*added = *r;
	added->at = s->now;
	added->compacted = false;
	s->hidden[r->kind][r->connector] = false;
	if (r->kind == CONFIG_CONNECTOR)
		append_connector(s, added);
	if (r->kind == CONFIG_ASSIGNMENT)
		check_epoch(s, r);
	node_wake_readers(s);
	if (s->plan.trace)
		say_record(s, added);
}

static bool
is_same_key(const struct config_record *a, const struct config_record *b)
{
	return a->kind == b->kind && a->connector == b->connector;
}

static bool
is_superseded(const struct sim *s, size_t at)
{
	const struct config_record *r = log_at(&s->configs, at);

	for (size_t i = at + 1; i < s->configs.count; i++)
		if (is_same_key(r, log_at(&s->configs, i)))
			return true;
	return false;
}

/* Nothing of the key is left before it. */
static bool
is_first(const struct sim *s, size_t at)
{
	const struct config_record *r = log_at(&s->configs, at), *before;

	for (size_t i = 0; i < at; i++) {
		before = log_at(&s->configs, i);
		if (!before->compacted && is_same_key(r, before))
			return false;
	}
	return true;
}

/* A tombstone stays until all that read have had the time to, and what it
 * ends is gone. (That of an assignment may be missed, and the one before be
 * read, by one that reads for longer than tombstones stay: leaders see to
 * that.) */
static bool
may_go(const struct sim *s, size_t at)
{
	const struct config_record *r = log_at(&s->configs, at);

	if (is_superseded(s, at))
		return true;
	if (!r->gone && (r->kind != CONFIG_CONNECTOR || r->wanted.exists))
		return false;
	for (size_t i = 0; i < s->plan.workers; i++)
		if (s->nodes[i].h != NULL && s->nodes[i].config_at <= at)
			return false;
	return s->now - r->at > SESSION_MS &&
	       (r->kind != CONFIG_CONNECTOR || is_first(s, at));
}

void
broker_on_compact(struct sim *s, const struct event *e)
{
	size_t end = world_draw(s) % (s->configs.count + 1);

	(void)e;
	for (size_t i = 0; i < end; i++) {
		struct config_record *r = log_at(&s->configs, i);

		if (!r->compacted && may_go(s, i))
			r->compacted = world_one_in(s, 2);
	}
	world_later(s, world_between(s, 500, 8000), EV_COMPACT, 0);
}

/* ---- what was aborted -------------------------------------------------- */

void
broker_hide(struct sim *s, const struct config_record *r)
{
	s->hidden[r->kind][r->connector] = true;
}

bool
broker_find_hidden(const struct sim *s, enum config_kind kind, int connector,
    struct config_record *out)
{
	struct config_record none = { .kind = kind,
		.connector = connector,
		.gone = true,
		.wanted.generation = -1 };
	size_t i = s->configs.count;

	if (!s->hidden[kind][connector])
		return false;
	while (i > 0 && !is_same_key(&none, log_at(&s->configs, i - 1)))
		i--;
	*out =
	    i == 0 ? none : *(struct config_record *)log_at(&s->configs, i - 1);
	out->healed = true;
	out->origin = (int64_t)i - 1;
	return true;
}

/* ---- the group --------------------------------------------------------- */

static void
elect(struct sim *s)
{
	size_t first = world_draw(s) % s->plan.workers;

	s->owner = -1;
	s->group_generation++;
	for (size_t k = 0; k < s->plan.workers && s->owner < 0; k++) {
		size_t i = (first + k) % s->plan.workers;

		if (s->nodes[i].joined)
			s->owner = (int)i;
	}
	if (s->owner >= 0)
		world_say(s, "the group's partition is of w%d", s->owner);
}

static void
expire_members(struct sim *s)
{
	for (size_t i = 0; i < s->plan.workers; i++) {
		struct node *n = &s->nodes[i];

		if (!n->joined || s->now - n->seen <= SESSION_MS)
			continue;
		n->joined = false;
		s->group_generation++;
	}
	if (s->owner >= 0 && !s->nodes[s->owner].joined)
		s->owner = -1;
	if (s->owner < 0 && s->now >= s->vacant_until)
		elect(s);
}

static void
member_beats(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];

	n->seen = s->now;
	if (n->joined || s->now < n->rejoin_at)
		return;
	n->joined = true;
	s->group_generation++;
}

/* What the member learns from the answer. */
static void
member_learns(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];
	struct herder_event ev = { .kind = HERDER_CANDIDATE,
		.candidate = s->owner == (int)i };

	if (ev.candidate || ev.candidate != n->owner_told)
		n->told_generation = s->group_generation;
	if (ev.candidate == n->owner_told)
		return;
	n->owner_told = ev.candidate;
	node_step(s, i, &ev);
}

void
broker_on_group(struct sim *s, const struct event *e)
{
	struct node *n = &s->nodes[e->worker];
	bool there = world_is_awake(s, n) && world_can_read(s, n);

	if (there)
		member_beats(s, e->worker);
	expire_members(s);
	if (there)
		member_learns(s, e->worker);
	world_later(s, world_between(s, GROUP_BEAT_MS / 2, GROUP_BEAT_MS),
	    EV_GROUP, e->worker);
}

/* It is gone without a word: the group waits for it. */
void
broker_lose_member(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];

	if (n->joined && s->owner == (int)i) {
		s->owner = -1;
		s->vacant_until = n->seen + SESSION_MS;
	}
	n->joined = n->owner_told = false;
}

void
broker_leave_group(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];

	s->group_generation++;
	if (s->owner == (int)i)
		s->owner = -1;
	n->joined = n->owner_told = false;
	n->rejoin_at =
	    n->leaving ? INT64_MAX : s->now + world_between(s, 500, 2000);
}
