#include "reconcile/cluster.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "options/machine.h"
#include "reconcile/cluster_impl.h"
#include "reconcile/reconcile.h"

#define AREA           CLUSTER_AREA
#define ARENA_BYTES    1024
#define CLOSE_LIMIT_MS 200

void
cluster_break(struct cluster *c, const struct ps_error *err)
{
	if (c->broken || c->closing)
		return;
	c->broken = true;
	c->ops->broken(c->ctx, err);
}

/* ---- actions ----------------------------------------------------------- */

static void
do_beat(struct cluster *c, const struct herder_action *act)
{
	struct beat b = act->beat;

	b.load = machine_load();
	leases_beat(c->leases, &b);
}

static void
do_verdict(struct cluster *c, const struct herder_action *act)
{
	log_warn(AREA, "nothing is heard of worker %s: it is judged",
	    act->verdict.id);
	leases_verdict(c->leases, &act->verdict);
}

static void
on_caught_up(void *ctx, const struct ps_error *err)
{
	struct catch_up *up = ctx;
	struct cluster *c = up->c;
	struct herder_event ev = { .kind = HERDER_CAUGHT_UP,
		.token = up->token };

	if (err != NULL) {
		log_warn(AREA, "%s", err->text);
		journal_read_to_end(c->env.journal, JOURNAL_CONFIG,
		    on_caught_up, up);
		return;
	}
	cluster_step(c, &ev);
}

/* Only the last question counts. */
static void
do_catch_up(struct cluster *c, const struct herder_action *act)
{
	struct catch_up *up = xcalloc(1, sizeof *up);

	journal_forget(c->env.journal, c->catching);
	free(c->catching);
	c->catching = up;
	*up = (struct catch_up){ c, act->token };
	journal_read_to_end(c->env.journal, JOURNAL_CONFIG, on_caught_up, up);
}

static void
do_introduce(struct cluster *c, const struct herder_action *act)
{
	(void)act;
	cluster_introduce(c);
}

static void
do_lease(struct cluster *c, const struct herder_action *act)
{
	supervisor_lease(reconcile_supervisor(c->reconcile), act->ends);
	pen_lease(c->pen, act->ends);
}

/* Each child suspends itself, near the end that it was told. */
static void
do_suspend(struct cluster *c, const struct herder_action *act)
{
	(void)act;
	log_warn(AREA, "no heartbeat has come back: all work is suspended%s%s",
	    leases_trouble(c->leases)[0] == '\0' ? "" : ": ",
	    leases_trouble(c->leases));
}

static void
do_kill(struct cluster *c, const struct herder_action *act)
{
	(void)act;
	log_error(AREA, "the lease is lost: all work ends, and begins anew");
	reconcile_kill(c->reconcile);
}

static void
do_settle(struct cluster *c, const struct herder_action *act)
{
	reconcile_touch(c->reconcile, act->connector);
}

static void
do_claim(struct cluster *c, const struct herder_action *act)
{
	cluster_claim(c, act->epoch);
}

static void
do_heal(struct cluster *c, const struct herder_action *act)
{
	(void)act;
	cluster_heal(c);
}

static void
do_rejoin(struct cluster *c, const struct herder_action *act)
{
	(void)act;
	if (c->leaves > 0)
		return; /* leaves for good, when all has been said */
	log_warn(AREA, "leads no more, and leaves the election for a while%s%s",
	    election_trouble(c->election)[0] == '\0' ? "" : ": ",
	    election_trouble(c->election));
	election_rejoin(c->election);
}

static void
do_refuse(struct cluster *c, const struct herder_action *act)
{
	struct ps_error err = { 0 };

	(void)ps_fail(&err, PS_E_CONFIG,
	    "another machine (%s) has a worker of group %s with the id %s, "
	    "and had it first. Give this one a rest.advertised.host.name or "
	    "rest.advertised.port of its own",
	    act->beat.host, c->env.options->group, act->beat.who.id);
	cluster_break(c, &err);
}

static void
do_left(struct cluster *c, const struct herder_action *act)
{
	(void)act;
	cluster_gone(c);
}

static void (*const actions[])(struct cluster *c,
    const struct herder_action *act) = {
	[HERD_BEAT] = do_beat,
	[HERD_VERDICT] = do_verdict,
	[HERD_CATCH_UP] = do_catch_up,
	[HERD_INTRODUCE] = do_introduce,
	[HERD_LEASE] = do_lease,
	[HERD_SUSPEND] = do_suspend,
	[HERD_KILL] = do_kill,
	[HERD_SETTLE] = do_settle,
	[HERD_CLAIM] = do_claim,
	[HERD_HEAL] = do_heal,
	[HERD_ASSIGN] = cluster_assign,
	[HERD_REJOIN] = do_rejoin,
	[HERD_REFUSE] = do_refuse,
	[HERD_LEFT] = do_left,
};

/* ---- what changes with a step ------------------------------------------ */

static bool
is_led(const struct cluster *c)
{
	return cluster_leads(c) || (herder_role(c->h) == HERDER_FOLLOWER &&
				       cluster_leader(c) != NULL);
}

static void
tell_lead(struct cluster *c)
{
	bool leads = herder_leads(c->h), changes = leads != c->led;

	if (!herder_holds_pen(c->h)) {
		c->heals = false;
		pen_drop(c->pen, "this worker does not lead");
	}
	if (changes)
		c->marking = false;
	if (leads)
		cluster_mark(c);
	if (!changes)
		return;
	c->led = leads;
	journal_watch(c->env.journal, leads);
	log_info(AREA,
	    leads ? "leads group %s, epoch %lld"
		  : "does not lead group %s any more, epoch %lld",
	    c->env.options->group, (long long)herder_epoch(c->h));
	c->ops->leads(c->ctx, leads);
}

static void
look_around(struct cluster *c)
{
	(void)snprintf(c->incarnation, sizeof c->incarnation, "%016llx",
	    (unsigned long long)herder_me(c->h)->incarnation);
	tell_lead(c);
	if (!c->ready && is_led(c)) {
		c->ready = true;
		c->ops->ready(c->ctx);
	}
}

static void
on_tick(uv_timer_t *t)
{
	struct cluster *c = t->data;
	struct herder_event refused = { .kind = HERDER_WROTE,
		.wrote = WROTE_REFUSED };

	if (!c->claim_refused) {
		cluster_step_plain(c, HERDER_TICK);
		return;
	}
	c->claim_refused = false;
	cluster_step(c, &refused);
}

static void
arm(struct cluster *c)
{
	int64_t wait = clock_since(clock_now(), herder_next(c->h));

	if (wait < 1 || c->claim_refused)
		wait = 1;
	if (!c->closing)
		(void)uv_timer_start(&c->tick, on_tick, (uint64_t)wait, 0);
}

static void
step_once(struct cluster *c, const struct herder_event *ev)
{
	struct herder_actions acts;

	assert(!c->stepping);
	c->stepping = true;
	acts = herder_step(c->h, clock_now(), ev);
	for (size_t i = 0; i < acts.count; i++)
		actions[acts.items[i].kind](c, &acts.items[i]);
	look_around(c);
	c->stepping = false;
}

/* A wish to leave may come from within a step. */
void
cluster_step(struct cluster *c, const struct herder_event *ev)
{
	struct herder_event leave = { .kind = HERDER_LEAVE };

	if (c->closing)
		return;
	step_once(c, ev);
	while (c->leaves_told < c->leaves) {
		c->leaves_told++;
		step_once(c, &leave);
	}
	arm(c);
}

void
cluster_step_plain(struct cluster *c, enum herder_event_kind kind)
{
	cluster_step(c, &(struct herder_event){ .kind = kind });
}

/* ---- beginning --------------------------------------------------------- */

static void
begin_if_able(struct cluster *c)
{
	if (c->read && c->hears)
		cluster_step_plain(c, HERDER_LISTENS);
}

static void
on_listens(void *ctx)
{
	struct cluster *c = ctx;

	c->hears = true;
	begin_if_able(c);
}

void
cluster_listen(struct cluster *c)
{
	struct ps_error err = { 0 };

	if (c != NULL && leases_listen(c->leases, &err) != 0)
		cluster_break(c, &err);
}

void
cluster_begin(struct cluster *c)
{
	c->read = true;
	c->ops->stage(c->ctx, "waiting for a leader of the cluster");
	begin_if_able(c);
}

static void
on_broken(void *ctx, const struct ps_error *err)
{
	cluster_break(ctx, err);
}

static void
on_candidate(void *ctx, bool is_candidate)
{
	struct herder_event ev = { .kind = HERDER_CANDIDATE,
		.candidate = is_candidate };

	cluster_step(ctx, &ev);
}

/* ---- draining ---------------------------------------------------------- */

void
cluster_drain(struct cluster *c, bool drain)
{
	struct herder_event ev = { .kind = HERDER_DRAIN, .drain = drain };

	if (c != NULL)
		cluster_step(c, &ev);
}

/* ---- plugins ----------------------------------------------------------- */

/* Who has not introduced itself yet says it then. */
void
cluster_plugins_changed(struct cluster *c)
{
	if (c != NULL && !c->closing && !who_is_nobody(herder_me(c->h)))
		cluster_introduce(c);
}

/* ---- life -------------------------------------------------------------- */

static const struct leases_ops leases_ops = { on_listens, cluster_on_lease,
	on_broken };
static const struct election_ops election_ops = { on_candidate, on_broken,
	cluster_on_left };

static int
open_parts(struct cluster *c, struct ps_error *err)
{
	struct election_spec spec = { c->env.loop, c->env.options, c->env.id,
		c->host };

	c->pen = pen_new(c->env.errands, &cluster_pen_ops, c);
	journal_use_pen(c->env.journal, c->pen);
	c->leases =
	    leases_open(c->env.loop, c->env.options, &leases_ops, c, err);
	if (c->leases == NULL)
		return -1;
	c->election = election_new(&spec, &election_ops, c);
	return election_join(c->election, err);
}

static struct herder *
make_herder(const struct cluster *c)
{
	const struct options *o = c->env.options;
	struct herder_config config = { .id = c->env.id,
		.host = c->host,
		.session_ms = options_int(o, "session.timeout.ms"),
		.heartbeat_ms = options_int(o, "heartbeat.interval.ms"),
		.rebalance_delay_ms =
		    options_int(o, "scheduled.rebalance.max.delay.ms"),
		.version = WIRE_VERSION };

	if (getentropy(&config.seed, sizeof config.seed) != 0)
		config.seed = (uint64_t)wall_now().ms;
	return herder_new(&config, clock_now());
}

struct cluster *
cluster_new(const struct cluster_env *env, const struct cluster_ops *ops,
    void *ctx, struct ps_error *err)
{
	struct cluster *c = xcalloc(1, sizeof *c);

	c->env = *env;
	c->ops = ops;
	c->ctx = ctx;
	c->a = arena_new(ARENA_BYTES);
	mark_init(&c->mark);
	c->moves = moves_new();
	c->host = machine_name(c->a);
	c->tick.data = c->limit.data = c;
	(void)uv_timer_init(env->loop, &c->tick);
	(void)uv_timer_init(env->loop, &c->limit);
	c->h = make_herder(c);
	if (open_parts(c, err) != 0)
		cluster_free(&c);
	return c;
}

void
cluster_attach(struct cluster *c, struct reconcile *r)
{
	c->reconcile = r;
}

static void
on_closed(uv_handle_t *h)
{
	struct cluster *c = h->data;

	if (--c->handles > 0)
		return;
	herder_free(&c->h);
	arena_free(&c->a);
	moves_free(&c->moves);
	mark_fini(&c->mark);
	free(c->catching);
	free(c);
}

void
cluster_free(struct cluster **cp)
{
	struct cluster *c = *cp;

	*cp = NULL;
	if (c == NULL)
		return;
	c->closing = true;
	journal_use_pen(c->env.journal, NULL);
	pen_close(&c->pen);
	leases_close(&c->leases, CLOSE_LIMIT_MS);
	election_free(&c->election);
	c->handles = 2;
	uv_close((uv_handle_t *)&c->tick, on_closed);
	uv_close((uv_handle_t *)&c->limit, on_closed);
}
