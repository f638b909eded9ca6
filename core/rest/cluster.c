#include "reconcile/cluster.h"
#include "reconcile/moves.h"
#include "rest/handlers.h"
#include "store/wire.h"
#include "worker/worker.h"

/* ---- GET /admin/cluster ------------------------------------------------ */

static const char *const role_names[] = {
	[HERDER_JOINING] = "joining",
	[HERDER_FOLLOWER] = "follower",
	[HERDER_CLAIMING] = "claiming",
	[HERDER_LEADER] = "leader",
	[HERDER_LEAVING] = "leaving",
};

static const char *
state_of(const struct peer *p)
{
	if (p->over)
		return "gone";
	if (p->judged)
		return "dead";
	if ((p->flags & BEAT_LEAVING) != 0)
		return "leaving";
	if ((p->flags & BEAT_DRAINING) != 0)
		return "draining";
	return "alive";
}

/* What is assigned to it. */
static void
count_slots(const struct table *t, const struct who *who, int *connectors,
    int *tasks)
{
	*connectors = *tasks = 0;
	for (size_t i = 0; i < table_count(t); i++) {
		const struct entry *e = table_at(t, i);
		const struct who *owner = entry_owner(e, -1);

		*connectors += owner != NULL && who_is(owner, who);
		for (size_t n = 0; n < entry_task_count(e); n++) {
			owner = entry_owner(e, (int)n);
			*tasks += owner != NULL && who_is(owner, who);
		}
	}
}

static json_t *
show_worker(struct exchange *x, const struct herder *h, const struct peer *p)
{
	const struct member_info *m = members_find(herder_members(h), &p->who);
	int64_t heard = clock_since(p->heard, clock_now());
	int64_t lag = herder_epoch(h) - p->epoch;
	int connectors, tasks;

	count_slots(herder_table(h), &p->who, &connectors, &tasks);
	return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:f, s:f, s:I, s:I, s:I, "
			 "s:i, s:i}",
	    "id", p->who.id, "incarnation",
	    wire_incarnation(x->a, p->who.incarnation), "state", state_of(p),
	    "url", m == NULL ? NULL : m->url, "labels",
	    m == NULL ? NULL : m->labels, "capacity",
	    m == NULL ? 1.0 : m->capacity, "load", p->load, "heard_ms_ago",
	    (json_int_t)heard, "epoch", (json_int_t)p->epoch, "log_lag",
	    (json_int_t)(lag < 0 ? 0 : lag), "connectors", connectors, "tasks",
	    tasks);
}

/* Tasks that nobody runs now. */
static json_t *
show_unassigned(const struct table *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < table_count(t); i++) {
		const struct entry *e = table_at(t, i);

		for (size_t n = 0; n < entry_task_count(e); n++)
			if (entry_owner(e, (int)n) == NULL)
				(void)json_array_append_new(list,
				    json_pack("{s:s, s:i}", "connector",
					e->name, "task", (int)n));
	}
	return list;
}

/* For how long tasks have had no worker, since this one is there. */
static void
show_wait(void *ctx, const char *connector, int task, int64_t ms)
{
	if (ms > 0)
		(void)json_array_append_new(ctx,
		    json_pack("{s:s, s:i, s:I}", "connector", connector, "task",
			task, "ms", (json_int_t)ms));
}

static json_t *
show_waits(const struct cluster *c)
{
	json_t *list = json_array();

	moves_each(cluster_moves(c), clock_now(), show_wait, list);
	return list;
}

static json_t *
show_leader(struct exchange *x, const struct claim *c)
{
	if (c->who.incarnation == 0)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:I}", "id", c->who.id, "incarnation",
	    wire_incarnation(x->a, c->who.incarnation), "url", c->url, "epoch",
	    (json_int_t)c->epoch);
}

void
rest_cluster(struct exchange *x)
{
	const struct cluster *c = worker_cluster(x->worker);
	const struct herder *h = cluster_herder(c);
	const struct lease *l = herder_lease(h);
	json_t *workers = json_array();
	int64_t left = l->held ? clock_since(clock_now(), l->ends) : 0;

	for (const struct peer *p = peers_first(herder_peers(h)); p != NULL;
	     p = p->next)
		(void)json_array_append_new(workers, show_worker(x, h, p));
	exchange_json(x, 200,
	    json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:I, s:o, s:o}",
		"id", herder_me(h)->id, "incarnation",
		wire_incarnation(x->a, herder_me(h)->incarnation), "role",
		role_names[herder_role(h)], "leader",
		show_leader(x, herder_leader(h)), "epoch",
		(json_int_t)herder_epoch(h), "lease_ms_left", (json_int_t)left,
		"workers", workers, "moves",
		(json_int_t)moves_count(cluster_moves(c)), "unassigned",
		show_unassigned(herder_table(h)), "unassigned_times",
		show_waits(c)));
}

/* ---- POST /admin/drain ------------------------------------------------- */

/* ?drain=false takes work again. */
void
rest_drain(struct exchange *x)
{
	const char *wanted = exchange_query(x, "drain");
	bool drain = wanted == NULL || exchange_query_bool(x, "drain");

	cluster_drain(worker_cluster(x->worker), drain);
	exchange_json(x, 202,
	    json_pack("{s:s, s:b}", "id", worker_id(x->worker), "draining",
		(int)drain));
}
