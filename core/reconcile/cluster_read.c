#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "reconcile/cluster_impl.h"

#define AREA        CLUSTER_AREA
#define ARENA_BYTES 4096

/* ---- the lease topic --------------------------------------------------- */

void
cluster_on_lease(void *ctx, const struct wire_lease *r, int64_t offset)
{
	struct herder_event ev = { .kind = HERDER_BEAT, .offset = offset };

	if (r->is_verdict) {
		ev.kind = HERDER_VERDICT;
		ev.verdict = r->verdict;
		log_warn(AREA, "worker %s (%016llx) is judged to have ended",
		    r->verdict.id, (unsigned long long)r->verdict.incarnation);
	} else {
		ev.beat = r->beat;
	}
	cluster_step(ctx, &ev);
}

/* ---- the config topic -------------------------------------------------- */

static void
take_connector(struct cluster *c, const char *name)
{
	const struct configs_connector *cfg =
	    configs_find(journal_configs(c->env.journal), name);
	struct herder_event ev = { .kind = HERDER_CONNECTOR,
		.connector = name };

	ev.wanted.generation = -1;
	if (cfg != NULL)
		ev.wanted = (struct wanted){ .exists = true,
			.stopped = cfg->target == TARGET_STOPPED,
			.generation = cfg->tasks_offset,
			.task_count = cfg->tasks == NULL ? 0 : cfg->task_count,
			.placement =
			    ps_config_get(&cfg->config, "penstock.placement"),
			.class_name =
			    ps_config_get(&cfg->config, "connector.class") };
	cluster_step(c, &ev);
}

static void
skip(const char *name, const struct ps_error *err)
{
	log_error(AREA, "penstock-%s is skipped: %s", name, err->text);
}

/* To go on by an older record would be to run what others may run. */
static void
tell_unreadable(const char *name, int version)
{
	log_error(AREA,
	    "penstock-%s has format version %d, this worker reads 1 to %d: it "
	    "runs nothing by that record and does not lead, until the leader "
	    "has seen it and writes the record again; if there is no newer "
	    "worker to lead, start one or upgrade this one",
	    name, version, WIRE_VERSION);
}

static void
take_leader(struct cluster *c, const struct configs_event *e)
{
	struct herder_event ev = { .kind = HERDER_CLAIM };
	struct ps_error err = { 0 };
	struct ps_arena *a;

	if (e->value == NULL)
		return;
	a = arena_new(ARENA_BYTES);
	if (wire_read_claim(a, e->value, e->value_len, &ev.claim, &err) != 0) {
		skip(e->name, &err);
	} else {
		if (ev.claim.unreadable)
			tell_unreadable(e->name, ev.claim.version);
		cluster_step(c, &ev);
	}
	arena_free(&a);
}

static void
take_assignment(struct cluster *c, const struct configs_event *e)
{
	struct assignment as;
	struct herder_event ev = { .kind = HERDER_ASSIGNMENT,
		.connector = e->name + strlen(WIRE_ASSIGNMENT),
		.assignment = &as };
	struct ps_error err = { 0 };
	struct ps_arena *a = arena_new(ARENA_BYTES);

	if (e->value != NULL &&
	    wire_read_assignment(a, e->value, e->value_len, &as, &err) != 0) {
		skip(e->name, &err);
	} else {
		if (e->value == NULL)
			ev.assignment = NULL;
		else if (as.unreadable)
			tell_unreadable(e->name, as.version);
		moves_assigned(c->moves, ev.connector, ev.assignment,
		    clock_now());
		cluster_step(c, &ev);
	}
	arena_free(&a);
}

static void
refuse_topics(struct cluster *c)
{
	const struct options *o = c->env.options;
	const char *topic = ps_config_str(&o->all, "config.storage.topic");
	struct ps_error err = { 0 };

	(void)ps_fail(&err, PS_E_CONFIG,
	    "the topic %s belongs to the cluster with group.id=%s, this "
	    "worker's group.id is %s. Give this cluster topics of its own "
	    "(config.storage.topic, offset.storage.topic, "
	    "status.storage.topic); or, if that cluster is gone for good, "
	    "write a null for the key penstock-cluster into %s",
	    topic, c->mark.group, o->group, topic);
	cluster_break(c, &err);
}

static void
take_owner(struct cluster *c, const struct configs_event *e)
{
	struct ps_error err = { 0 };

	if (wire_read_mark(&c->mark, e->value, e->value_len, e->offset, &err) ==
	    0)
		c->marking = false;
	else
		skip(e->name, &err);
	if (c->mark.group != NULL &&
	    strcmp(c->mark.group, c->env.options->group) != 0)
		refuse_topics(c);
}

static void
take_own(struct cluster *c, const struct configs_event *e)
{
	if (strcmp(e->name, WIRE_LEADER) == 0)
		take_leader(c, e);
	else if (strcmp(e->name, WIRE_CLUSTER) == 0)
		take_owner(c, e);
	else if (text_starts(e->name, WIRE_ASSIGNMENT))
		take_assignment(c, e);
}

void
cluster_config(struct cluster *c, const struct configs_event *e)
{
	if (c == NULL)
		return;
	switch (e->what) {
	case CONFIGS_CONNECTOR:
	case CONFIGS_CONNECTOR_GONE:
	case CONFIGS_TASKS:
	case CONFIGS_TARGET:
		take_connector(c, e->name);
		break;
	case CONFIGS_PENSTOCK:
		take_own(c, e);
		break;
	case CONFIGS_RESTART:
	case CONFIGS_SESSION_KEY:
	case CONFIGS_LOGGER:
	case CONFIGS_FENCING:
	case CONFIGS_BAD:
		break;
	}
}

void
cluster_stranger(struct cluster *c, const char *key, int64_t offset)
{
	const struct options *o = c->env.options;
	struct ps_error err = { 0 };

	(void)ps_fail(&err, PS_E_CONFIG,
	    "the topic %s has a record %s at offset %lld that this leader of "
	    "the cluster did not write. Stop who else uses the topic (Kafka "
	    "Connect with another group.id?), or give it topics of its own; "
	    "then start this worker again",
	    ps_config_str(&o->all, "config.storage.topic"), key,
	    (long long)offset);
	cluster_break(c, &err);
}

/* ---- the status topic -------------------------------------------------- */

void
cluster_status(struct cluster *c, const char *name, const void *value,
    size_t len)
{
	struct herder_event ev = { .kind = HERDER_MEMBER };
	struct ps_error err = { 0 };
	struct ps_arena *a;

	if (c == NULL || value == NULL || !text_starts(name, WIRE_WORKER))
		return;
	a = arena_new(ARENA_BYTES);
	if (wire_read_member(a, value, len, &ev.member, &err) == 0)
		cluster_step(c, &ev);
	else
		skip(name, &err);
	arena_free(&a);
}
