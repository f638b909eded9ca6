#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "reconcile/cluster_impl.h"
#include "supervise/inventory.h"

#define AREA        CLUSTER_AREA
#define ARENA_BYTES 8192
#define PREFIX      "penstock-"

static struct store_pair
pair_of(const char *key, const char *value)
{
	return (struct store_pair){ key, strlen(key), value,
		value == NULL ? 0 : strlen(value) };
}

/* ---- answers of the pen ------------------------------------------------ */

static void
on_healed(void *ctx, const struct pen_result *r)
{
	struct cluster *c = ctx;
	struct herder_event ev = { .kind = HERDER_WROTE, .wrote = r->wrote };

	if (r->wrote == WROTE_OK) {
		cluster_step_plain(c, HERDER_HEALED);
		return;
	}
	log_warn(AREA, "healing the config topic: %s", r->err->text);
	/* Nothing is led before it is whole. */
	if (ev.wrote == WROTE_REFUSED)
		ev.wrote = WROTE_UNKNOWN;
	cluster_step(c, &ev);
}

/* The claim may be read back before the scribe's word that it is written. */
void
cluster_heal(struct cluster *c)
{
	c->heals = !pen_is_ready(c->pen);
	if (!c->heals)
		pen_heal(c->pen, on_healed, c);
}

static void
on_wrote(void *ctx, const struct pen_result *r)
{
	struct cluster *c = ctx;
	struct herder_event ev = { .kind = HERDER_WROTE, .wrote = r->wrote };

	if (r->err != NULL)
		log_warn(AREA, "writing the config topic: %s", r->err->text);
	cluster_step(c, &ev);
	if (c->heals && pen_is_ready(c->pen))
		cluster_heal(c);
}

static void
on_lost(void *ctx, enum wrote how, const struct ps_error *why)
{
	struct cluster *c = ctx;
	struct herder_event ev = { .kind = HERDER_WROTE, .wrote = how };

	log_warn(AREA, "the scribe is lost: %s", why->text);
	cluster_step(c, &ev);
}

const struct pen_ops cluster_pen_ops = { .lost = on_lost };

/* ---- what the herder wants --------------------------------------------- */

static struct claim
claim_of(const struct cluster *c, int64_t epoch)
{
	return (struct claim){ .version = herder_version(c->h),
		.who = *herder_me(c->h),
		.url = c->env.url,
		.epoch = epoch };
}

void
cluster_claim(struct cluster *c, int64_t epoch)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct claim claim = claim_of(c, epoch);
	char *group = election_metadata(c->election, a);

	if (group != NULL)
		pen_claim(c->pen, &claim, group, on_wrote, c);
	else
		c->claim_refused = true;
	arena_free(&a);
}

void
cluster_assign(struct cluster *c, const struct herder_action *act)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	const struct assign_result *r = &act->assign;
	struct store_pair *all = ps_calloc(a, r->count + 1, sizeof *all);
	struct claim claim = claim_of(c, act->epoch);
	size_t n = 0;

	for (; n < r->count; n++) {
		const struct assign_record *one = &r->records[n];

		all[n] = pair_of(
		    ps_printf(a, PREFIX WIRE_ASSIGNMENT "%s", one->connector),
		    one->assignment == NULL
			? NULL
			: wire_assignment(a, one->assignment));
	}
	if (act->epoch > 0)
		all[n++] = pair_of(PREFIX WIRE_LEADER, wire_claim(a, &claim));
	pen_write(c->pen, &(struct store_pairs){ all, n }, on_wrote, c);
	arena_free(&a);
}

static double
capacity_of(const struct options *o)
{
	int64_t set = options_int(o, "worker.capacity");
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (set > 0)
		return (double)set;
	return cores < 1 ? 1 : (double)cores;
}

void
cluster_introduce(struct cluster *c)
{
	const struct options *o = c->env.options;
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct member_info info = { .who = *herder_me(c->h),
		.host = c->host,
		.born_ms = herder_born(c->h),
		.url = c->env.url,
		.capacity = capacity_of(o),
		.labels = ps_config_get(&o->all, "worker.labels"),
		.plugins = inventory_connectors(c->env.errands->inventory, a),
		.version = WIRE_VERSION };
	struct store_pair record =
	    pair_of(ps_printf(a, PREFIX WIRE_WORKER "%s", info.who.id),
		wire_member(a, &info));

	journal_append(c->env.journal, JOURNAL_STATUS,
	    &(struct store_pairs){ &record, 1 }, NULL, NULL);
	arena_free(&a);
}

/* ---- whose topics they are --------------------------------------------- */

static void
on_marked(void *ctx, const struct pen_result *r)
{
	struct cluster *c = ctx;

	c->marking = r->wrote == WROTE_OK;
}

void
cluster_mark(struct cluster *c)
{
	struct ps_arena *a;
	struct store_pair record;

	if (c->marking || !mark_is_due(&c->mark, c->env.options->group))
		return;
	if (c->mark.hidden)
		log_warn(AREA,
		    "penstock-cluster was written over by another cluster; "
		    "the topics are of group.id=%s since offset %lld",
		    c->env.options->group, (long long)c->mark.since);
	c->marking = true;
	a = arena_new(ARENA_BYTES);
	record = pair_of(PREFIX WIRE_CLUSTER,
	    wire_cluster(a, c->env.options->group, c->mark.since));
	pen_write(c->pen, &(struct store_pairs){ &record, 1 }, on_marked, c);
	arena_free(&a);
}
