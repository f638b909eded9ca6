#include <string.h>

#include "cluster/herder_impl.h"

/* Between two heartbeats that carry news. */
#define NEWS_GAP_MS 10

/* ---- ours -------------------------------------------------------------- */

static unsigned
flags_of(const struct herder *h)
{
	return (h->draining ? BEAT_DRAINING : 0U) |
	       (h->leaving ? BEAT_LEAVING : 0U) |
	       (h->goodbye > 0 ? BEAT_GONE : 0U);
}

static bool
owes(const struct herder *h, const struct entry *e)
{
	for (size_t i = 0; i < e->is.debt_count; i++)
		if (who_is(&e->is.debts[i].who, &h->me))
			return true;
	return false;
}

static void
answer(struct herder *h, const struct entry *e, struct beat_answer *out)
{
	int *tasks = ps_calloc(h->a, h->process_count + 1, sizeof *tasks);

	out->connector = ps_strdup(h->a, e->name);
	out->epoch = e->is.epoch;
	out->tasks = tasks;
	for (size_t i = 0; i < h->process_count; i++) {
		const struct process *p = &h->processes[i];

		if (strcmp(p->connector, e->name) == 0 &&
		    !herder_owns(h, p->connector, p->task, p->generation))
			tasks[out->task_count++] = p->task;
	}
}

static void
answer_all(struct herder *h, struct beat *b)
{
	size_t count = table_count(h->table);
	struct beat_answer *answers =
	    ps_calloc(h->a, count + 1, sizeof *answers);

	for (size_t i = 0; i < count; i++)
		if (owes(h, table_at(h->table, i)))
			answer(h, table_at(h->table, i),
			    &answers[b->answer_count++]);
	b->answers = answers;
}

void
herder_beat(struct herder *h)
{
	struct herder_action *act = herder_act(h, HERD_BEAT);

	act->beat = (struct beat){ .who = h->me,
		.number = ++h->beats,
		.host = h->config.host,
		.born_ms = h->born_ms,
		.since = h->since,
		.epoch = h->applied,
		.flags = flags_of(h) };
	answer_all(h, &act->beat);
	lease_sent(&h->lease, h->beats, h->now);
	h->last_beat = h->now;
	h->next_beat = clock_after(h->now, h->config.heartbeat_ms);
	h->news = false;
}

/* Not oftener than a beat, or two of one id would answer each other as fast
 * as they can. */
static void
say_again(struct herder *h)
{
	if (!h->spoken_over || h->lost || h->leaving ||
	    !lease_allows(&h->lease, h->now))
		return;
	(void)herder_act(h, HERD_INTRODUCE);
	h->spoken_over = false;
}

void
herder_beat_if_due(struct herder *h)
{
	struct clock_ms gap = clock_after(h->last_beat, NEWS_GAP_MS);

	if (h->now.ms >= h->next_beat.ms || (h->news && h->now.ms >= gap.ms)) {
		herder_beat(h);
		say_again(h);
	}
	herder_wake(h, h->news ? gap : h->next_beat);
}

static void
on_own_beat(struct herder *h, const struct beat *b, int64_t offset)
{
	if (h->lost)
		return;
	if (h->since < 0)
		h->since = offset;
	h->heard = b->number;
	lease_read(&h->lease, b->number, h->now);
	/* The first of them may be lost. */
	if (h->goodbye == 0 || b->number < h->goodbye)
		return;
	h->left = true;
	(void)herder_act(h, HERD_LEFT);
}

/* ---- others' ----------------------------------------------------------- */

/* Another machine has our id. Who has had it for longer keeps it, and says so
 * at once. With a lease nothing that is read now is older than the lease:
 * without one it may be of somebody who has ended long ago. */
static void
on_namesake(struct herder *h, const struct peer *p)
{
	struct herder_action *act;

	if (!peer_is_member(p) || (p->flags & BEAT_LEAVING) || h->lost ||
	    h->refused || !lease_allows(&h->lease, h->now))
		return;
	if (p->since < 0 || h->since < p->since) {
		h->news = true;
		return;
	}
	act = herder_act(h, HERD_REFUSE);
	act->beat.who = p->who;
	act->beat.host = ps_strdup(h->a, p->host);
	act->beat.since = p->since;
	h->refused = h->leaving = true;
	herder_leave(h);
}

static bool
is_same_answer(const struct beat_answer *a, const struct beat_answer *b)
{
	return a->epoch == b->epoch && a->task_count == b->task_count &&
	       strcmp(a->connector, b->connector) == 0 &&
	       (a->task_count == 0 ||
		   memcmp(a->tasks, b->tasks,
		       a->task_count * sizeof *a->tasks) == 0);
}

/* Does it tell a leader something new? */
static bool
is_news(const struct peer *p, const struct beat *b)
{
	if (p == NULL || p->host == NULL || peer_is_accused(p) ||
	    p->since != b->since || p->flags != b->flags ||
	    p->answer_count != b->answer_count)
		return true;
	for (size_t i = 0; i < b->answer_count; i++)
		if (!is_same_answer(&p->answers[i], &b->answers[i]))
			return true;
	return false;
}

/* Who has not read its own first beat yet has read none of ours, as it reads
 * from the end. It would know of us after our next one only: if it leads
 * meanwhile, we are given no work. */
static bool
is_new(const struct peer *p)
{
	return p->since < 0 && peer_is_member(p);
}

void
herder_on_beat(struct herder *h, const struct beat *b, int64_t offset)
{
	struct peer *p = peers_find(h->peers, &b->who);

	h->dirty |= is_news(p, b);
	peers_beat(h->peers, b, h->now);
	p = peers_find(h->peers, &b->who);
	if (p == NULL)
		return;
	p->deaf_ms = lease_deaf_ms(&h->lease, h->now);
	if (who_is(&b->who, &h->me)) {
		on_own_beat(h, b, offset);
		return;
	}
	h->news |= is_new(p);
	if (strcmp(b->who.id, h->me.id) == 0 &&
	    strcmp(b->host, h->config.host) != 0)
		on_namesake(h, p);
}
