#include "worker/request.h"

static struct quota_size
growth_of_others(const struct quota *q, const struct request *rq)
{
	struct quota_size all = { 0, 0 };
	const struct request *p = rq;

	while (p->prev != NULL)
		p = p->prev;
	for (; p != NULL; p = p->next) {
		struct quota_size s = { 0, 0 };

		if (p != rq)
			s = quota_growth(q, p->changes, p->change_count);
		/* What is to go is there until it has gone. */
		all.connectors += s.connectors > 0 ? s.connectors : 0;
		all.tasks += s.tasks > 0 ? s.tasks : 0;
	}
	return all;
}

static int
check(const struct request *rq, const struct quota *q,
    const struct quota_change *changes, size_t count, struct ps_error *err)
{
	struct quota_size pending = growth_of_others(q, rq);
	struct quota_size growth = quota_growth(q, changes, count);

	for (size_t i = 0; i < count; i++)
		if (changes[i].config != NULL &&
		    quota_check_config(q, changes[i].connector,
			changes[i].config, err) != 0)
			return -1;
	return quota_check_growth(q, &pending, &growth, err);
}

struct quota
request_quota(const struct request *rq)
{
	return (struct quota){ worker_options(rq->w),
		journal_configs(worker_journal(rq->w)), worker_metrics(rq->w) };
}

bool
request_has_room(struct request *rq, const struct quota_change *changes,
    size_t count)
{
	struct quota q = request_quota(rq);
	struct ps_error err = { 0 };

	if (check(rq, &q, changes, count, &err) == 0)
		return true;
	request_refuse(rq, ANSWER_QUOTA, "%s", err.text);
	return false;
}

bool
request_has_room_for_plan(struct request *rq, const struct flow_plan *p)
{
	struct quota q = request_quota(rq);
	struct quota_change *changes =
	    ps_calloc(rq->a, p->count + 1, sizeof *changes);
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct flow_change *c = &p->changes[i];

		if (c->action != FLOW_NOTHING)
			changes[n++] = quota_change(&q, c->connector,
			    c->action == FLOW_DELETE ? NULL : &c->config);
	}
	if (!request_has_room(rq, changes, n))
		return false;
	rq->changes = changes;
	rq->change_count = n;
	return true;
}
