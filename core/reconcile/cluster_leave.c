#include "reconcile/cluster_impl.h"
#include "supervise/timer.h"

/* Work is given to others before all that is left is stopped. */
#define LEAVE_LIMIT_MS 10000
/* When nothing runs any more, others are told; if that is possible. */
#define FAREWELL_LIMIT_MS 2000

static void
end_leaving(struct cluster *c)
{
	if (c->left)
		return;
	c->left = true;
	(void)uv_timer_stop(&c->limit);
	c->ops->left(c->ctx);
}

/* Is there anybody who could take over? */
static bool
is_alone(const struct cluster *c)
{
	const struct who *me = herder_me(c->h);

	for (struct peer *p = peers_first(herder_peers(c->h)); p; p = p->next)
		if (!who_is(&p->who, me) && peer_is_member(p) &&
		    herder_is_alive(c->h, p->who.id, p->who.incarnation))
			return false;
	return true;
}

static void
tell_leave(struct cluster *c)
{
	c->leaves++;
	if (!c->stepping)
		cluster_step_plain(c, HERDER_TICK);
}

static void
hurry(struct cluster *c)
{
	if (c->leaves >= 2)
		return;
	tell_leave(c);
	c->ops->hurry(c->ctx);
}

static void
on_limit(uv_timer_t *t)
{
	struct cluster *c = t->data;

	if (c->still || c->gone)
		end_leaving(c);
	else
		hurry(c);
}

void
cluster_leave(struct cluster *c)
{
	bool in_vain = is_alone(c) || herder_role(c->h) == HERDER_JOINING;

	if (c->leaves == 0) {
		tell_leave(c);
		timer_in(&c->limit, on_limit, LEAVE_LIMIT_MS);
		if (!in_vain && !c->broken)
			return;
	}
	hurry(c);
}

void
cluster_is_still(struct cluster *c)
{
	if (c->still || c->left)
		return;
	c->still = true;
	if (!c->gone)
		timer_in(&c->limit, on_limit,
		    c->hears && c->read ? FAREWELL_LIMIT_MS : 0);
}

void
cluster_gone(struct cluster *c)
{
	c->gone = true;
	timer_in(&c->limit, on_limit, FAREWELL_LIMIT_MS);
	election_leave(c->election);
}

void
cluster_on_left(void *ctx)
{
	end_leaving(ctx);
}
