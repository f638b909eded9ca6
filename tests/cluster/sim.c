#include "tests/cluster/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cluster/herder.h"

#define SESSION_MS   10000
#define BEAT_MS      3000
#define DELAY_MS     500
#define MAX_WORKERS  6
#define CONNECTORS   4
#define MAX_TASKS    4
#define MAX_CHILDREN 64
#define MAX_OUTBOX   128

static const char *const names[CONNECTORS] = { "ant", "bee", "cat", "dog" };
static const char *const ids[MAX_WORKERS] = { "w0:1", "w1:1", "w2:1", "w3:1",
	"w4:1", "w5:1" };

/* ---- what there is ----------------------------------------------------- */

struct lease_record {
	bool verdict;
	struct who who;
	struct beat beat;
};

enum config_kind { CONFIG_CONNECTOR, CONFIG_ASSIGNMENT, CONFIG_CLAIM };

struct config_record {
	enum config_kind kind;
	int connector;
	struct wanted wanted;
	bool gone; /* a tombstone */
	struct assignment assignment;
	struct claim claim;
};

/* A process of a worker's. Its kernel timer runs on the machine's clock,
 * whatever the worker does. */
struct child {
	bool used;
	int connector, task;
	int64_t generation;
	bool stopping, idle;
	int64_t lease; /* machine's clock */
	uint64_t serial;
};

/* One transaction on its way. */
struct write {
	size_t count;
	struct config_record *records;
	bool claim;
	int64_t group_generation;
	uint64_t producer; /* the scribe's epoch */
	uint64_t scribe;   /* whose answer it is */
};

struct worker {
	struct herder *h; /* NULL: not running */
	uint64_t life;    /* changes at each start and end */
	int64_t offset;   /* its clock is time * rate + offset */
	double rate;
	int64_t paused_until, no_send_until, no_read_until;
	int64_t no_lease_until; /* its client of the lease topic */
	size_t lease_at, config_at, member_at;
	bool reading; /* an event for it is on its way */
	int64_t caught_up_at; /* position, -1: none asked for */
	uint64_t token;
	int64_t tick_at;
	struct child children[MAX_CHILDREN];
	int64_t lease_told;
	/* its producer's queue, in order */
	struct lease_record *outbox[MAX_OUTBOX];
	size_t outbox_count;
	/* the group */
	bool joined, owner_told;
	int64_t seen, rejoin_at, told_generation;
	/* the scribe */
	uint64_t scribe, producer;
	bool drained, leaving;
	bool sick; /* its lease client hangs for good */
};

enum event_kind {
	EV_READ,
	EV_TICK,
	EV_APPEND, /* to the lease log */
	EV_CHILD_STOPPED,
	EV_CHILD_IDLE,
	EV_COMMIT,
	EV_ANSWER,
	EV_HEALED,
	EV_GROUP,
	EV_FAULT,
	EV_START,
	EV_CRASH,
	EV_CHANGE,
	EV_SETTLE,
	EV_HURRY,
	EV_HANG, /* its lease client, again */
};

struct event {
	int64_t at;
	uint64_t order;
	enum event_kind kind;
	size_t worker;
	uint64_t life;
	int a, b;
	uint64_t serial;
	struct lease_record *lease;
	struct write *write;
};

struct sim {
	struct sim_plan plan;
	uint64_t random;
	int64_t now;
	struct event *heap;
	size_t heap_count, heap_room;
	uint64_t order, serial;
	struct worker workers[MAX_WORKERS];
	struct lease_record *leases;
	size_t lease_count, lease_room;
	struct config_record *configs;
	size_t config_count, config_room;
	struct member_info *members;
	size_t member_count, member_room;
	struct wanted wanted[CONNECTORS];
	/* the group */
	int owner; /* of the partition, -1: nobody */
	int64_t group_generation;
	uint64_t producer; /* the newest */
	int64_t outage_until;
	char red[512];
	struct sim_counts counts;
};

/* ---- chance ------------------------------------------------------------ */

static uint64_t
draw(struct sim *s)
{
	uint64_t x = s->random += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static int64_t
between(struct sim *s, int64_t low, int64_t high)
{
	return low + (int64_t)(draw(s) % (uint64_t)(high - low + 1));
}

static bool
one_in(struct sim *s, unsigned n)
{
	return draw(s) % n == 0;
}

/* Mostly short, sometimes long. */
static int64_t
delay(struct sim *s)
{
	if (one_in(s, 50))
		return between(s, 100, 1500);
	return between(s, 1, 20);
}

__attribute__((format(printf, 2, 3))) static void
say(const struct sim *s, const char *fmt, ...)
{
	va_list ap;

	if (!s->plan.trace)
		return;
	(void)fprintf(stderr, "%8lld ", (long long)s->now);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

__attribute__((format(printf, 2, 3))) static void
red(struct sim *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (s->red[0] != '\0')
		return;
	n = snprintf(s->red, sizeof s->red, "at %lld ms: ", (long long)s->now);
	va_start(ap, fmt);
	(void)vsnprintf(s->red + n, sizeof s->red - (size_t)n, fmt, ap);
	va_end(ap);
}

/* ---- the heap of events ------------------------------------------------ */

static bool
is_before(const struct event *a, const struct event *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void
push(struct sim *s, struct event e)
{
	size_t i = s->heap_count++;

	if (s->heap_count > s->heap_room) {
		s->heap_room = s->heap_room == 0 ? 256 : s->heap_room * 2;
		s->heap = xrealloc(s->heap, s->heap_room * sizeof *s->heap);
	}
	e.order = s->order++;
	for (; i > 0 && is_before(&e, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = e;
}

static struct event
pop(struct sim *s)
{
	struct event top = s->heap[0], last = s->heap[--s->heap_count];
	size_t i = 0, child;

	while ((child = i * 2 + 1) < s->heap_count) {
		if (child + 1 < s->heap_count &&
		    is_before(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (!is_before(&s->heap[child], &last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return top;
}

static void
later(struct sim *s, int64_t ms, enum event_kind kind, size_t worker)
{
	push(s, (struct event){ .at = s->now + ms,
			    .kind = kind,
			    .worker = worker,
			    .life = s->workers[worker].life });
}

/* ---- clocks and wires -------------------------------------------------- */

static int64_t
clock_of(const struct sim *s, const struct worker *w)
{
	return (int64_t)((double)s->now * w->rate) + w->offset;
}

static int64_t
world_time(const struct worker *w, int64_t clock)
{
	return (int64_t)((double)(clock - w->offset) / w->rate);
}

static int64_t
max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool
is_awake(const struct sim *s, const struct worker *w)
{
	return w->h != NULL && s->now >= w->paused_until;
}

static bool
can_send(const struct sim *s, const struct worker *w)
{
	return s->now >= w->no_send_until && s->now >= s->outage_until;
}

static bool
can_lease(const struct sim *s, const struct worker *w)
{
	return can_send(s, w) && s->now >= w->no_lease_until;
}

static bool
can_read(const struct sim *s, const struct worker *w)
{
	/* A request has to arrive before an answer can. */
	return s->now >= w->no_read_until && can_send(s, w);
}

/* ---- the rules --------------------------------------------------------- */

static bool
is_active(const struct sim *s, const struct worker *w, const struct child *c)
{
	return c->used && !c->idle && clock_of(s, w) < c->lease;
}

static void
check_one(struct sim *s, size_t at, const struct child *mine, size_t other,
    const struct child *c)
{
	if (c == mine || c->connector != mine->connector ||
	    !is_active(s, &s->workers[other], c))
		return;
	if (c->task == mine->task)
		red(s, "%s %d runs on w%zu and on w%zu",
		    names[mine->connector], mine->task, other, at);
	if (c->task >= 0 && mine->task >= 0 &&
	    c->generation != mine->generation)
		red(s,
		    "%s runs generation %lld on w%zu while w%zu runs %lld",
		    names[mine->connector], (long long)mine->generation, at,
		    other, (long long)c->generation);
}

/* The child begins to act: nobody else may do its work. */
static void
check_alone(struct sim *s, size_t at, const struct child *mine)
{
	for (size_t i = 0; i < s->plan.workers; i++)
		for (size_t j = 0; j < MAX_CHILDREN; j++)
			check_one(s, at, mine, i, &s->workers[i].children[j]);
}

/* ---- steps ------------------------------------------------------------- */

static void
perform(struct sim *s, size_t i, struct herder_actions acts);

static void
step(struct sim *s, size_t i, const struct herder_event *ev)
{
	struct worker *w = &s->workers[i];
	struct clock_ms now = { clock_of(s, w) };
	uint64_t life = w->life;
	int64_t at;

	perform(s, i, herder_step(w->h, now, ev));
	if (w->h == NULL || w->life != life)
		return;
	at = max64(s->now + 1, world_time(w, herder_next(w->h).ms) + 1);
	if (w->tick_at > s->now && w->tick_at <= at)
		return;
	w->tick_at = at;
	later(s, at - s->now, EV_TICK, i);
}

static void
tell_process(struct sim *s, size_t i, const struct child *c, bool began)
{
	struct herder_event ev = { .kind = HERDER_PROCESS,
		.connector = names[c->connector] };

	ev.process.task = c->task;
	ev.process.generation = c->generation;
	ev.process.began = began;
	step(s, i, &ev);
}

static void
child_ends(struct sim *s, size_t i, struct child *c)
{
	struct child was = *c;

	if (!c->used)
		return;
	say(s, "w%zu: %s %d ends", i, names[c->connector], c->task);
	c->used = false;
	if (s->workers[i].h != NULL)
		tell_process(s, i, &was, false);
}

/* The kernel's timers. */
static void
reap_expired(struct sim *s, size_t i)
{
	struct worker *w = &s->workers[i];

	for (size_t j = 0; j < MAX_CHILDREN; j++)
		if (w->children[j].used && !w->children[j].idle &&
		    clock_of(s, w) >= w->children[j].lease)
			child_ends(s, i, &w->children[j]);
}

static void
child_stop(struct sim *s, size_t i, struct child *c)
{
	int64_t ms = one_in(s, 20) ? between(s, 500, 4000) : between(s, 1, 200);

	if (!c->used || c->stopping)
		return;
	c->stopping = true;
	push(s, (struct event){ .at = s->now + ms,
			    .kind = EV_CHILD_STOPPED,
			    .worker = i,
			    .serial = c->serial });
}

static struct child *
child_find(struct worker *w, int connector, int task)
{
	for (size_t j = 0; j < MAX_CHILDREN; j++)
		if (w->children[j].used &&
		    w->children[j].connector == connector &&
		    w->children[j].task == task)
			return &w->children[j];
	return NULL;
}

static struct child *
child_by_serial(struct worker *w, uint64_t serial)
{
	for (size_t j = 0; j < MAX_CHILDREN; j++)
		if (w->children[j].used && w->children[j].serial == serial)
			return &w->children[j];
	return NULL;
}

static void
child_start(struct sim *s, size_t i, int connector, int task, int64_t gen)
{
	struct worker *w = &s->workers[i];
	struct child *c = w->children;

	while (c->used)
		c++;
	*c = (struct child){ .used = true,
		.connector = connector,
		.task = task,
		.generation = gen,
		.lease = w->lease_told,
		.serial = ++s->serial };
	say(s, "w%zu: %s %d starts, generation %lld", i, names[connector],
	    task, (long long)gen);
	s->counts.starts++;
	check_alone(s, i, c);
	tell_process(s, i, c, true);
}

/* What the supervisor does after HERD_SETTLE. */
static void
settle(struct sim *s, size_t i, int connector)
{
	struct worker *w = &s->workers[i];
	struct clock_ms now = { clock_of(s, w) };
	const struct entry *e;

	for (size_t j = 0; j < MAX_CHILDREN; j++) {
		struct child *c = &w->children[j];

		if (c->used && c->connector == connector &&
		    !herder_owns(w->h, names[connector], c->task,
			c->generation))
			child_stop(s, i, c);
	}
	for (int t = -1; t < MAX_TASKS; t++) {
		/* A start is a step, which may change all. */
		e = table_find(herder_table(w->h), names[connector]);
		if (e == NULL)
			return;
		if (child_find(w, connector, t) == NULL &&
		    herder_may_start(w->h, now, names[connector], t,
			e->wanted.generation))
			child_start(s, i, connector, t, e->wanted.generation);
	}
}

/* There is something new in a log. */
static void
wake_readers(struct sim *s)
{
	for (size_t i = 0; i < s->plan.workers; i++) {
		struct worker *w = &s->workers[i];

		if (w->h == NULL || w->reading)
			continue;
		w->reading = true;
		later(s, delay(s), EV_READ, i);
	}
}

/* ---- actions ----------------------------------------------------------- */

static struct beat
copy_beat(const struct beat *b)
{
	struct beat copy = *b;
	struct slot *slots = xcalloc(b->slot_count + 1, sizeof *slots);

	for (size_t i = 0; i < b->slot_count; i++)
		for (int c = 0; c < CONNECTORS; c++)
			if (strcmp(names[c], b->slots[i].connector) == 0)
				slots[i] = (struct slot){ names[c],
					b->slots[i].task };
	copy.slots = slots;
	for (size_t i = 0; i < MAX_WORKERS; i++) {
		if (strcmp(ids[i], b->who.id) == 0)
			copy.who.id = ids[i];
		if (strcmp(ids[i], b->host) == 0)
			copy.host = ids[i];
	}
	return copy;
}

static struct who
copy_who(const struct who *w)
{
	for (size_t i = 0; w->id != NULL && i < MAX_WORKERS; i++)
		if (strcmp(ids[i], w->id) == 0)
			return (struct who){ ids[i], w->incarnation };
	return (struct who){ 0 };
}

/* A producer keeps its order; what it sends twice comes again later. */
static void
append_lease(struct sim *s, size_t i, const struct herder_action *act)
{
	struct worker *w = &s->workers[i];
	struct lease_record *r = xcalloc(1, sizeof *r);

	if (w->outbox_count == MAX_OUTBOX) {
		free(r);
		return;
	}
	r->verdict = act->kind == HERD_VERDICT;
	if (r->verdict)
		r->who = copy_who(&act->verdict);
	else
		r->beat = copy_beat(&act->beat);
	w->outbox[w->outbox_count++] = r;
	later(s, r->verdict && one_in(s, 3) ? between(s, 20, 3000) : delay(s),
	    EV_APPEND, i);
}

static struct assignment
copy_assignment(const struct assignment *as)
{
	struct assignment copy = *as;

	copy.connector = copy_who(&as->connector);
	copy.tasks = xcalloc(as->task_count + 1, sizeof *copy.tasks);
	for (size_t i = 0; i < as->task_count; i++)
		copy.tasks[i] = copy_who(&as->tasks[i]);
	copy.debts = xcalloc(as->debt_count + 1, sizeof *copy.debts);
	for (size_t i = 0; i < as->debt_count; i++) {
		copy.debts[i] = as->debts[i];
		copy.debts[i].who = copy_who(&as->debts[i].who);
	}
	return copy;
}

static int
connector_of(const char *name)
{
	int c = 0;

	while (strcmp(names[c], name) != 0)
		c++;
	return c;
}

static void
send_write(struct sim *s, size_t i, struct write *wr)
{
	struct worker *w = &s->workers[i];

	wr->scribe = w->scribe;
	wr->producer = w->producer;
	wr->group_generation = w->told_generation;
	push(s, (struct event){ .at = s->now + delay(s),
			    .kind = EV_COMMIT,
			    .worker = i,
			    .life = w->life,
			    .write = wr });
}

/* A new scribe: its init fences the one before, then it writes. */
static void
do_claim(struct sim *s, size_t i, int64_t epoch)
{
	struct worker *w = &s->workers[i];
	struct write *wr = xcalloc(1, sizeof *wr);

	s->counts.claims++;
	w->scribe = ++s->serial;
	w->producer = 0; /* known once it is initialized */
	wr->claim = true;
	wr->count = 1;
	wr->records = xcalloc(1, sizeof *wr->records);
	wr->records[0].kind = CONFIG_CLAIM;
	wr->records[0].claim = (struct claim){ copy_who(herder_me(w->h)),
		"http://x", epoch };
	say(s, "w%zu: claims epoch %lld", i, (long long)epoch);
	send_write(s, i, wr);
}

static void
do_assign(struct sim *s, size_t i, const struct assign_result *r)
{
	struct write *wr = xcalloc(1, sizeof *wr);

	s->counts.moves += r->moves;
	wr->count = r->count;
	wr->records = xcalloc(r->count, sizeof *wr->records);
	for (size_t n = 0; n < r->count; n++) {
		struct config_record *c = &wr->records[n];

		c->kind = CONFIG_ASSIGNMENT;
		c->connector = connector_of(r->records[n].connector);
		c->gone = r->records[n].assignment == NULL;
		if (!c->gone)
			c->assignment =
			    copy_assignment(r->records[n].assignment);
	}
	send_write(s, i, wr);
}

static void
do_lease(struct sim *s, size_t i, int64_t ends)
{
	struct worker *w = &s->workers[i];

	w->lease_told = ends;
	for (size_t j = 0; j < MAX_CHILDREN; j++) {
		struct child *c = &w->children[j];
		bool rises = c->idle;

		if (!c->used)
			continue;
		c->lease = ends;
		c->idle = false;
		if (rises && !c->stopping)
			check_alone(s, i, c);
	}
}

/* Some answer at once, some late, some hang: those their timer ends. */
static void
do_suspend(struct sim *s, size_t i)
{
	struct worker *w = &s->workers[i];

	s->counts.suspends++;
	for (size_t j = 0; j < MAX_CHILDREN; j++)
		if (w->children[j].used && !one_in(s, 5))
			push(s,
			    (struct event){ .at = s->now + between(s, 1, 900),
				.kind = EV_CHILD_IDLE,
				.worker = i,
				.serial = w->children[j].serial });
}

static void
do_kill(struct sim *s, size_t i)
{
	struct worker *w = &s->workers[i];

	for (size_t j = 0; j < MAX_CHILDREN; j++)
		if (w->children[j].used)
			push(s,
			    (struct event){ .at = s->now +
				      (one_in(s, 4) ? between(s, 100, 2000)
						    : between(s, 1, 50)),
				.kind = EV_CHILD_STOPPED,
				.worker = i,
				.serial = w->children[j].serial });
}

static void
drop_record(struct lease_record *r)
{
	free((struct slot *)(uintptr_t)r->beat.slots);
	free(r);
}

static void
worker_ends(struct sim *s, size_t i)
{
	struct worker *w = &s->workers[i];

	size_t sent = w->outbox_count == 0 || !can_lease(s, w)
			  ? 0
			  : (size_t)between(s, 0, (int64_t)w->outbox_count);

	herder_free(&w->h);
	w->life++;
	for (size_t n = 0; n < w->outbox_count; n++)
		if (n < sent)
			push(s, (struct event){ .at = s->now + delay(s),
					    .kind = EV_APPEND,
					    .lease = w->outbox[n] });
		else
			drop_record(w->outbox[n]);
	w->outbox_count = 0;
	/* PDEATHSIG, and the name is taken only when all have gone. */
	for (size_t j = 0; j < MAX_CHILDREN; j++)
		w->children[j].used = false;
	w->owner_told = false;
}

static void
do_catch_up(struct sim *s, size_t i, uint64_t token)
{
	struct worker *w = &s->workers[i];
	const struct who *me = herder_me(w->h);

	s->counts.rebirths++;
	w->token = token;
	w->caught_up_at = (int64_t)s->config_count;
	if (s->member_count == s->member_room) {
		s->member_room = s->member_room * 2 + 8;
		s->members = xrealloc(s->members,
		    s->member_room * sizeof *s->members);
	}
	s->members[s->member_count++] =
	    (struct member_info){ .who = copy_who(me),
		    .url = "http://x",
		    .capacity = 1 };
	wake_readers(s);
}

static void
settle_later(struct sim *s, size_t i, int connector)
{
	push(s, (struct event){ .at = s->now + 1,
			    .kind = EV_SETTLE,
			    .worker = i,
			    .life = s->workers[i].life,
			    .a = connector });
}

static void
act_one(struct sim *s, size_t i, const struct herder_action *act)
{
	struct worker *w = &s->workers[i];

	switch (act->kind) {
	case HERD_VERDICT:
		s->counts.verdicts++;
		say(s, "w%zu: verdict on %s", i, act->verdict.id);
		append_lease(s, i, act);
		break;
	case HERD_BEAT:
		append_lease(s, i, act);
		if (one_in(s, 20))
			append_lease(s, i, act);
		break;
	case HERD_CATCH_UP:
		do_catch_up(s, i, act->token);
		break;
	case HERD_LEASE:
		do_lease(s, i, act->ends.ms);
		break;
	case HERD_SUSPEND:
		say(s, "w%zu: suspends", i);
		do_suspend(s, i);
		break;
	case HERD_KILL:
		say(s, "w%zu: lost its lease", i);
		do_kill(s, i);
		break;
	case HERD_SETTLE:
		for (int c = 0; c < CONNECTORS; c++)
			if (act->connector == NULL ||
			    strcmp(act->connector, names[c]) == 0)
				settle_later(s, i, c);
		break;
	case HERD_CLAIM:
		do_claim(s, i, act->epoch);
		break;
	case HERD_HEAL:
		later(s, between(s, 1, 30), EV_HEALED, i);
		break;
	case HERD_ASSIGN:
		do_assign(s, i, &act->assign);
		break;
	case HERD_REJOIN:
		say(s, "w%zu: rejoins", i);
		w->joined = false;
		w->rejoin_at = w->leaving ? INT64_MAX
					  : s->now + between(s, 500, 2000);
		break;
	case HERD_LEFT:
		say(s, "w%zu: left", i);
		worker_ends(s, i);
		w->joined = false;
		if (s->owner == (int)i)
			s->owner = -1;
		later(s, between(s, 100, 8000), EV_START, i);
		break;
	}
}

static void
perform(struct sim *s, size_t i, struct herder_actions acts)
{
	uint64_t life = s->workers[i].life;

	for (size_t n = 0; n < acts.count && s->workers[i].life == life; n++)
		act_one(s, i, &acts.items[n]);
}

/* ---- reading ----------------------------------------------------------- */

static void
read_lease(struct sim *s, size_t i)
{
	struct worker *w = &s->workers[i];
	const struct lease_record *r = &s->leases[w->lease_at++];
	struct herder_event ev = { .kind = HERDER_BEAT };

	if (r->verdict) {
		ev.kind = HERDER_VERDICT;
		ev.verdict = r->who;
	} else {
		ev.beat = r->beat;
	}
	step(s, i, &ev);
}

static void
read_config(struct sim *s, size_t i)
{
	struct worker *w = &s->workers[i];
	const struct config_record *r = &s->configs[w->config_at++];
	struct herder_event ev = { .kind = HERDER_CLAIM };

	switch (r->kind) {
	case CONFIG_CONNECTOR:
		ev.kind = HERDER_CONNECTOR;
		ev.connector = names[r->connector];
		ev.wanted = r->wanted;
		break;
	case CONFIG_ASSIGNMENT:
		ev.kind = HERDER_ASSIGNMENT;
		ev.connector = names[r->connector];
		ev.assignment = r->gone ? NULL : &r->assignment;
		break;
	case CONFIG_CLAIM:
		ev.claim = r->claim;
		break;
	}
	step(s, i, &ev);
}

static void
read_member(struct sim *s, size_t i)
{
	struct worker *w = &s->workers[i];
	struct herder_event ev = { .kind = HERDER_MEMBER,
		.member = s->members[w->member_at++] };

	step(s, i, &ev);
}

static void
tell_caught_up(struct sim *s, size_t i)
{
	struct worker *w = &s->workers[i];
	struct herder_event ev = { .kind = HERDER_CAUGHT_UP,
		.token = w->token };

	if (w->caught_up_at < 0 || (int64_t)w->config_at < w->caught_up_at)
		return;
	w->caught_up_at = -1;
	step(s, i, &ev);
}

/* One record of one log, then again after a while. */
static void
on_read(struct sim *s, size_t i)
{
	struct worker *w = &s->workers[i];
	uint64_t life = w->life;
	bool more;

	if (is_awake(s, w) && can_read(s, w)) {
		reap_expired(s, i);
		if (w->config_at < s->config_count && !one_in(s, 3))
			read_config(s, i);
		if (w->life == life && w->lease_at < s->lease_count &&
		    can_lease(s, w) && !one_in(s, 5))
			read_lease(s, i);
		if (w->life == life && w->member_at < s->member_count)
			read_member(s, i);
		if (w->life == life)
			tell_caught_up(s, i);
	}
	if (w->life != life)
		return;
	more = w->config_at < s->config_count || w->lease_at < s->lease_count ||
	       w->member_at < s->member_count;
	w->reading = more;
	if (more)
		later(s, is_awake(s, w) && can_lease(s, w) && can_read(s, w)
			     ? between(s, 0, 8)
			     : between(s, 50, 250),
		    EV_READ, i);
}

/* ---- brokers ----------------------------------------------------------- */

static void
append_record(struct sim *s, struct lease_record *r)
{
	if (s->lease_count == s->lease_room) {
		s->lease_room = s->lease_room * 2 + 64;
		s->leases = xrealloc(s->leases,
		    s->lease_room * sizeof *s->leases);
	}
	s->leases[s->lease_count++] = *r;
	wake_readers(s);
	free(r);
}

static void
on_append(struct sim *s, const struct event *e)
{
	struct worker *w = &s->workers[e->worker];

	/* What a dead worker's machine had sent. */
	if (e->lease != NULL) {
		append_record(s, e->lease);
		return;
	}
	if (w->life != e->life)
		return;
	if (!can_lease(s, w)) {
		later(s, w->sick ? 1000 : between(s, 20, 60), EV_APPEND,
		    e->worker);
		return;
	}
	append_record(s, w->outbox[0]);
	memmove(w->outbox, w->outbox + 1,
	    --w->outbox_count * sizeof *w->outbox);
}

static void
say_record(const struct sim *s, const struct config_record *r)
{
	const struct assignment *as = &r->assignment;

	switch (r->kind) {
	case CONFIG_CONNECTOR:
		say(s, "config %s: exists %d, stopped %d, generation %lld, "
		       "%zu tasks", names[r->connector], r->wanted.exists,
		    r->wanted.stopped, (long long)r->wanted.generation,
		    r->wanted.task_count);
		break;
	case CONFIG_ASSIGNMENT:
		say(s, "config %s: %s epoch %lld, generation %lld, on %s",
		    names[r->connector], r->gone ? "gone" : "assigned",
		    (long long)as->epoch, (long long)as->generation,
		    as->connector.id == NULL ? "-" : as->connector.id);
		for (size_t t = 0; t < as->task_count; t++)
			say(s, "    task %zu on %s", t,
			    as->tasks[t].id == NULL ? "-" : as->tasks[t].id);
		for (size_t d = 0; d < as->debt_count; d++)
			say(s, "    owed by %s since %lld, generation %lld",
			    as->debts[d].who.id, (long long)as->debts[d].epoch,
			    (long long)as->debts[d].generation);
		break;
	case CONFIG_CLAIM:
		say(s, "config: %s leads, epoch %lld", r->claim.who.id,
		    (long long)r->claim.epoch);
		break;
	}
}

static void
append_config(struct sim *s, const struct config_record *r)
{
	if (s->config_count == s->config_room) {
		s->config_room = s->config_room * 2 + 64;
		s->configs =
		    xrealloc(s->configs, s->config_room * sizeof *s->configs);
	}
	s->configs[s->config_count++] = *r;
	wake_readers(s);
	if (s->plan.trace)
		say_record(s, r);
}

static void
answer(struct sim *s, const struct event *e, enum wrote wrote, int64_t ms)
{
	push(s, (struct event){ .at = s->now + ms,
			    .kind = EV_ANSWER,
			    .worker = e->worker,
			    .life = e->life,
			    .a = (int)wrote,
			    .serial = e->write->scribe });
}

static void
free_records(const struct write *wr)
{
	for (size_t n = 0; n < wr->count; n++) {
		free(wr->records[n].assignment.tasks);
		free(wr->records[n].assignment.debts);
	}
}

static enum wrote
commit(struct sim *s, const struct event *e)
{
	const struct write *wr = e->write;
	const struct worker *w = &s->workers[e->worker];

	if (wr->producer != s->producer)
		return WROTE_FENCED;
	if (wr->claim && (s->owner != (int)e->worker || !w->joined ||
			     wr->group_generation != s->group_generation))
		return WROTE_REFUSED;
	if (!wr->claim && one_in(s, 60))
		return WROTE_REFUSED;
	for (size_t n = 0; n < wr->count; n++)
		append_config(s, &wr->records[n]);
	return WROTE_OK;
}

/* A claim comes here twice: its scribe's init, then the transaction. */
static void
on_commit(struct sim *s, const struct event *e)
{
	struct worker *w = &s->workers[e->worker];
	struct write *wr = e->write;
	enum wrote wrote;

	if (!can_send(s, w)) {
		struct event again = *e;

		if (w->life == e->life) {
			again.at = s->now + between(s, 20, 60);
			push(s, again);
			return;
		}
		free_records(wr);
	} else if (wr->claim && wr->producer == 0) {
		wr->producer = ++s->producer;
		if (w->life == e->life && w->scribe == wr->scribe)
			w->producer = wr->producer;
		if (w->life == e->life || one_in(s, 2)) {
			struct event again = *e;

			again.at = s->now + delay(s);
			push(s, again);
			return;
		}
	} else {
		wrote = commit(s, e);
		if (wrote != WROTE_OK)
			free_records(wr);
		if (one_in(s, 25))
			answer(s, e, WROTE_UNKNOWN, between(s, 1000, 10000));
		else
			answer(s, e, wrote, delay(s));
	}
	free(wr->records);
	free(wr);
}

static void
on_answer(struct sim *s, const struct event *e)
{
	struct worker *w = &s->workers[e->worker];
	struct herder_event ev = { .kind = HERDER_WROTE,
		.wrote = (enum wrote)e->a };

	/* Of a scribe that was replaced: nobody waits. */
	if (w->scribe != e->serial)
		return;
	if (s->now < w->paused_until) {
		struct event again = *e;

		again.at = w->paused_until + 1;
		push(s, again);
		return;
	}
	step(s, e->worker, &ev);
}

/* ---- the group --------------------------------------------------------- */

static void
elect(struct sim *s)
{
	size_t first = (size_t)between(s, 0, (int64_t)s->plan.workers - 1);

	s->owner = -1;
	s->group_generation++;
	for (size_t n = 0; n < s->plan.workers && s->owner < 0; n++) {
		size_t i = (first + n) % s->plan.workers;

		if (s->workers[i].joined)
			s->owner = (int)i;
	}
	if (s->owner >= 0)
		say(s, "the group's partition is of w%d", s->owner);
}

static void
tell_candidate(struct sim *s, size_t i, bool candidate)
{
	struct herder_event ev = { .kind = HERDER_CANDIDATE,
		.candidate = candidate };

	s->workers[i].owner_told = candidate;
	step(s, i, &ev);
}

static void
group_member(struct sim *s, size_t i)
{
	struct worker *w = &s->workers[i];
	bool owner;

	if (is_awake(s, w) && can_read(s, w)) {
		w->seen = s->now;
		if (!w->joined && s->now >= w->rejoin_at) {
			w->joined = true;
			s->group_generation++;
		}
	} else if (s->now - w->seen > SESSION_MS && w->joined) {
		w->joined = false;
		s->group_generation++;
	}
	if (!is_awake(s, w) || !can_read(s, w))
		return;
	owner = s->owner == (int)i;
	if (owner != w->owner_told) {
		w->told_generation = s->group_generation;
		tell_candidate(s, i, owner);
	} else if (owner) {
		w->told_generation = s->group_generation;
	}
}

static void
on_group(struct sim *s)
{
	for (size_t i = 0; i < s->plan.workers; i++)
		group_member(s, i);
	if (s->owner < 0 || !s->workers[s->owner].joined)
		elect(s);
	later(s, between(s, 100, 300), EV_GROUP, 0);
}

/* ---- life -------------------------------------------------------------- */

static void
worker_starts(struct sim *s, size_t i)
{
	struct worker *w = &s->workers[i];
	struct herder_config config = { .id = ids[i],
		.host = ids[i],
		.session_ms = SESSION_MS,
		.heartbeat_ms = BEAT_MS,
		.rebalance_delay_ms = DELAY_MS,
		.seed = draw(s) };

	if (w->h != NULL)
		return;
	say(s, "w%zu: starts", i);
	w->life++;
	w->drained = w->leaving = false;
	w->rejoin_at = s->now;
	w->h = herder_new(&config, (struct clock_ms){ clock_of(s, w) });
	w->lease_at = s->lease_count;
	w->config_at = w->member_at = 0;
	w->caught_up_at = -1;
	w->tick_at = 0;
	w->scribe = 0;
	w->lease_told = 0;
	w->paused_until = 0;
	w->reading = true;
	later(s, 1, EV_READ, i);
	step(s, i, &(struct herder_event){ .kind = HERDER_LISTENS });
}

static void
crash(struct sim *s, size_t i)
{
	if (s->workers[i].h == NULL)
		return;
	say(s, "w%zu: is killed", i);
	worker_ends(s, i);
	later(s, one_in(s, 2) ? between(s, 5, 3000) : between(s, 3000, 15000),
	    EV_START, i);
	/* Some are killed again as soon as they are up. */
	if (one_in(s, 3)) {
		later(s, 4, EV_START, i);
		later(s, between(s, 5, 25), EV_CRASH, i);
	}
}

/* Short, about as long as a session, or long. */
static int64_t
how_long(struct sim *s)
{
	switch (between(s, 0, 3)) {
	case 0:
		return between(s, 8000, 25000);
	case 1:
	case 2:
		return between(s, SESSION_MS - 3500, SESSION_MS + 1500);
	default:
		return between(s, 100, 6000);
	}
}

static void
on_fault(struct sim *s)
{
	size_t i = (size_t)between(s, 0, (int64_t)s->plan.workers - 1);
	struct worker *w = &s->workers[i];
	int64_t until = s->now + how_long(s);
	struct herder_event ev = { 0 };

	if (s->now > s->plan.trouble_ms)
		return;
	later(s, between(s, 1, 2000 / (int64_t)s->plan.faults), EV_FAULT, 0);
	s->counts.faults++;
	switch (between(s, 0, 11)) {
	case 0:
	case 1:
		crash(s, i);
		break;
	case 2:
		say(s, "w%zu: is stopped until %lld", i, (long long)until);
		w->paused_until = until;
		break;
	case 3:
		say(s, "w%zu: is cut off until %lld", i, (long long)until);
		w->no_send_until = w->no_read_until = until;
		break;
	case 4:
		say(s, "w%zu: reads nothing until %lld", i, (long long)until);
		w->no_read_until = until;
		break;
	case 5:
		if (one_in(s, 3))
			s->outage_until = s->now + between(s, 100, 20000);
		break;
	case 6:
		if (!is_awake(s, w))
			break;
		ev.kind = HERDER_DRAIN;
		ev.drain = w->drained = !w->drained;
		step(s, i, &ev);
		break;
	case 7:
		if (!is_awake(s, w))
			break;
		say(s, "w%zu: is to leave", i);
		if (!w->leaving)
			later(s, between(s, 5000, 12000), EV_HURRY, i);
		w->leaving = true;
		step(s, i, &(struct herder_event){ .kind = HERDER_LEAVE });
		break;
	case 8:
	case 9:
		say(s, "w%zu: its lease client hangs until %lld", i,
		    (long long)until);
		w->no_lease_until = until;
		if (one_in(s, 2))
			later(s, until - s->now + between(s, 30, 2500),
			    EV_HANG, i);
		break;
	default:
		/* One of its tasks ends by itself, and starts again. */
		for (size_t j = 0; j < MAX_CHILDREN; j++)
			if (w->h != NULL && is_awake(s, w) &&
			    w->children[j].used && !w->children[j].stopping &&
			    one_in(s, 4)) {
				int c = w->children[j].connector;

				child_ends(s, i, &w->children[j]);
				settle_later(s, i, c);
				break;
			}
	}
}

/* Somebody changes what is to run, through whoever leads. */
static void
on_change(struct sim *s)
{
	int c = (int)between(s, 0, CONNECTORS - 1);
	struct wanted *w = &s->wanted[c];
	struct config_record r = { .kind = CONFIG_CONNECTOR, .connector = c };

	if (s->now > s->plan.trouble_ms)
		return;
	later(s, between(s, 50, 1500), EV_CHANGE, 0);
	if (!w->exists) {
		*w = (struct wanted){ .exists = true,
			.generation = (int64_t)s->config_count,
			.task_count = (size_t)between(s, 0, MAX_TASKS) };
	} else if (one_in(s, 8)) {
		*w = (struct wanted){ .generation = -1 };
	} else if (one_in(s, 4)) {
		w->stopped = !w->stopped;
	} else {
		w->generation = (int64_t)s->config_count;
		w->task_count = (size_t)between(s, 0, MAX_TASKS);
	}
	r.wanted = *w;
	append_config(s, &r);
}

static void
on_event(struct sim *s, const struct event *e)
{
	struct worker *w = &s->workers[e->worker];
	struct child *c;
	bool stale = w->life != e->life || w->h == NULL;

	switch (e->kind) {
	case EV_READ:
		if (!stale)
			on_read(s, e->worker);
		break;
	case EV_TICK:
		if (stale)
			break;
		reap_expired(s, e->worker);
		if (s->now < w->paused_until)
			later(s, w->paused_until - s->now, EV_TICK, e->worker);
		else if (w->life == e->life)
			step(s, e->worker,
			    &(struct herder_event){ .kind = HERDER_TICK });
		break;
	case EV_APPEND:
		on_append(s, e);
		break;
	case EV_CHILD_STOPPED:
		c = child_by_serial(w, e->serial);
		if (c == NULL)
			break;
		/* It is gone; a worker that is stopped learns of it later. */
		c->idle = true;
		if (s->now < w->paused_until) {
			struct event again = *e;

			again.at = w->paused_until + 1;
			push(s, again);
			break;
		}
		{
			int connector = c->connector;

			child_ends(s, e->worker, c);
			if (w->h != NULL)
				settle_later(s, e->worker, connector);
		}
		break;
	case EV_CHILD_IDLE:
		c = child_by_serial(w, e->serial);
		if (c != NULL && is_active(s, w, c) &&
		    clock_of(s, w) >= c->lease - 2500)
			c->idle = true;
		break;
	case EV_COMMIT:
		on_commit(s, e);
		break;
	case EV_ANSWER:
		if (!stale)
			on_answer(s, e);
		break;
	case EV_HEALED:
		if (!stale && is_awake(s, w))
			step(s, e->worker,
			    &(struct herder_event){ .kind = HERDER_HEALED });
		else if (!stale)
			later(s, w->paused_until - s->now + 1, EV_HEALED,
			    e->worker);
		break;
	case EV_GROUP:
		on_group(s);
		break;
	case EV_FAULT:
		on_fault(s);
		break;
	case EV_START:
		worker_starts(s, e->worker);
		break;
	case EV_CRASH:
		crash(s, e->worker);
		break;
	case EV_CHANGE:
		on_change(s);
		break;
	case EV_HANG:
		if (s->now < s->plan.trouble_ms)
			w->no_lease_until = s->now + how_long(s);
		break;
	case EV_HURRY:
		if (!stale && is_awake(s, w))
			step(s, e->worker,
			    &(struct herder_event){ .kind = HERDER_LEAVE });
		else if (!stale)
			later(s, 1000, EV_HURRY, e->worker);
		break;
	case EV_SETTLE:
		if (!stale && is_awake(s, w))
			settle(s, e->worker, e->a);
		else if (!stale)
			push(s, (struct event){ .at = w->paused_until + 1,
					    .kind = EV_SETTLE,
					    .worker = e->worker,
					    .life = e->life,
					    .a = e->a });
		break;
	}
}

/* ---- the end ----------------------------------------------------------- */

static size_t
count_active(const struct sim *s, size_t i, int connector, int task)
{
	const struct worker *w = &s->workers[i];
	size_t n = 0;

	for (size_t j = 0; j < MAX_CHILDREN; j++) {
		const struct child *c = &w->children[j];

		n += is_active(s, w, c) && !c->stopping &&
		     (connector < 0 || c->connector == connector) &&
		     (task == PEER_ANY ? c->task >= 0 : c->task == task);
	}
	return n;
}

static void
check_spread(struct sim *s, int connector, int task, const char *what)
{
	size_t low = SIZE_MAX, high = 0, n;

	for (size_t i = 0; i < s->plan.workers; i++) {
		if (s->workers[i].sick)
			continue;
		n = count_active(s, i, connector, task);
		low = n < low ? n : low;
		high = n > high ? n : high;
	}
	if (high > low + 1)
		red(s, "%s: one worker has %zu, another %zu", what, high, low);
}

static void
check_placed(struct sim *s, int connector, int task)
{
	size_t n = 0;

	for (size_t i = 0; i < s->plan.workers; i++)
		n += count_active(s, i, connector, task);
	if (n != 1)
		red(s, "%s %d runs %zu times when all is calm",
		    names[connector], task, n);
}

static void
check_calm(struct sim *s)
{
	for (int c = 0; c < CONNECTORS; c++) {
		const struct wanted *w = &s->wanted[c];

		if (!w->exists)
			continue;
		check_placed(s, c, -1);
		for (int t = 0; !w->stopped && t < (int)w->task_count; t++)
			check_placed(s, c, t);
		check_spread(s, c, PEER_ANY, names[c]);
	}
	check_spread(s, -1, PEER_ANY, "tasks in total");
	check_spread(s, -1, -1, "connectors in total");
}

static void
end_trouble(struct sim *s)
{
	s->outage_until = 0;
	if (one_in(s, 4))
		s->workers[draw(s) % s->plan.workers].sick = true;
	for (size_t i = 0; i < s->plan.workers; i++) {
		struct worker *w = &s->workers[i];

		if (w->paused_until > s->now)
			w->paused_until = s->now;
		w->no_send_until = w->no_read_until = s->now;
		w->no_lease_until = w->sick ? INT64_MAX : s->now;
		if (w->drained && w->h != NULL)
			step(s, i,
			    &(struct herder_event){ .kind = HERDER_DRAIN });
		w->drained = false;
		later(s, 1, EV_START, i);
	}
}

static void
run_until(struct sim *s, int64_t end)
{
	while (s->heap_count > 0 && s->heap[0].at <= end &&
	       s->red[0] == '\0') {
		struct event e = pop(s);

		s->now = e.at;
		s->counts.events++;
		on_event(s, &e);
	}
	s->now = end;
}

const char *
sim_run(struct sim *s)
{
	size_t starts;

	for (size_t i = 0; i < s->plan.workers; i++)
		later(s, between(s, 0, 3000), EV_START, i);
	later(s, 10, EV_GROUP, 0);
	later(s, 500, EV_CHANGE, 0);
	later(s, 3000, EV_FAULT, 0);
	run_until(s, s->plan.trouble_ms);
	if (s->red[0] == '\0')
		end_trouble(s);
	run_until(s, s->plan.trouble_ms + s->plan.calm_ms);
	if (s->red[0] == '\0')
		check_calm(s);
	/* What need not move does not stop. */
	starts = s->counts.starts;
	run_until(s, s->now + 2 * BEAT_MS);
	if (s->red[0] == '\0' && s->counts.starts != starts)
		red(s, "something started when all was calm");
	return s->red[0] == '\0' ? NULL : s->red;
}

struct sim_counts
sim_counts(const struct sim *s)
{
	return s->counts;
}

struct sim *
sim_new(uint64_t seed, const struct sim_plan *plan)
{
	struct sim *s = xcalloc(1, sizeof *s);

	s->plan = *plan;
	s->random = seed;
	s->owner = -1;
	for (size_t i = 0; i < plan->workers; i++) {
		struct worker *w = &s->workers[i];

		w->offset = between(s, 1, 1000000);
		w->rate = 1.0 + (double)between(s, -30, 30) / 1000.0;
	}
	for (int c = 0; c < CONNECTORS; c++)
		s->wanted[c].generation = -1;
	return s;
}

static void
drop_events(struct sim *s)
{
	for (size_t n = 0; n < s->heap_count; n++) {
		struct event *e = &s->heap[n];

		if (e->lease != NULL)
			free((struct slot *)(uintptr_t)e->lease->beat.slots);
		free(e->lease);
		if (e->write == NULL)
			continue;
		free_records(e->write);
		free(e->write->records);
		free(e->write);
	}
}

void
sim_free(struct sim **sp)
{
	struct sim *s = *sp;

	*sp = NULL;
	for (size_t i = 0; i < s->plan.workers; i++)
		worker_ends(s, i);
	drop_events(s);
	for (size_t n = 0; n < s->lease_count; n++)
		free((struct slot *)(uintptr_t)s->leases[n].beat.slots);
	for (size_t n = 0; n < s->config_count; n++) {
		free(s->configs[n].assignment.tasks);
		free(s->configs[n].assignment.debts);
	}
	free(s->leases);
	free(s->configs);
	free(s->members);
	free(s->heap);
	free(s);
}
