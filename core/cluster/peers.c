#include "cluster/peers.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define SWEPT_MAX 256

struct peers {
	struct peer *first, **end;
	int64_t session_ms;
	struct clock_ms began;
	uint64_t swept[SWEPT_MAX]; /* incarnations: a ring */
	size_t sweeps;
};

bool
who_is(const struct who *a, const struct who *b)
{
	return a->incarnation == b->incarnation && a->id != NULL &&
	       b->id != NULL && strcmp(a->id, b->id) == 0;
}

bool
who_is_nobody(const struct who *w)
{
	return w->incarnation == 0;
}

struct peers *
peers_new(int64_t session_ms)
{
	struct peers *p = xcalloc(1, sizeof *p);

	p->session_ms = session_ms;
	p->end = &p->first;
	return p;
}

/* What came before is unknown: it counts as heard now. */
void
peers_begin(struct peers *p, struct clock_ms now)
{
	p->began = now;
	for (struct peer *one = p->first; one != NULL; one = one->next)
		one->heard = now;
}

static void
forget_answers(struct peer *p)
{
	for (size_t i = 0; i < p->answer_count; i++) {
		free((char *)(uintptr_t)p->answers[i].connector);
		free((int *)(uintptr_t)p->answers[i].tasks);
	}
	free(p->answers);
	p->answers = NULL;
	p->answer_count = 0;
}

static void
peer_free(struct peer *p)
{
	forget_answers(p);
	free((char *)(uintptr_t)p->who.id);
	free(p->host);
	free(p);
}

void
peers_free(struct peers **pp)
{
	struct peer *p, *next;

	if (*pp == NULL)
		return;
	for (p = (*pp)->first; p != NULL; p = next) {
		next = p->next;
		peer_free(p);
	}
	free(*pp);
	*pp = NULL;
}

struct peer *
peers_find(const struct peers *p, const struct who *who)
{
	for (struct peer *one = p->first; one != NULL; one = one->next)
		if (who_is(&one->who, who))
			return one;
	return NULL;
}

struct peer *
peers_get(struct peers *p, const struct who *who)
{
	struct peer *one = peers_find(p, who);

	if (one != NULL)
		return one;
	one = xcalloc(1, sizeof *one);
	one->who = (struct who){ xstrdup(who->id), who->incarnation };
	one->heard = p->began;
	one->since = -1;
	*p->end = one;
	p->end = &one->next;
	return one;
}

struct peer *
peers_first(const struct peers *p)
{
	return p->first;
}

static void
take_answers(struct peer *p, const struct beat *b)
{
	forget_answers(p);
	p->answers = xcalloc(b->answer_count + 1, sizeof *p->answers);
	for (size_t i = 0; i < b->answer_count; i++) {
		const struct beat_answer *from = &b->answers[i];
		int *tasks = xcalloc(from->task_count + 1, sizeof *tasks);

		for (size_t t = 0; t < from->task_count; t++)
			tasks[t] = from->tasks[t];
		p->answers[i] = *from;
		p->answers[i].connector = xstrdup(from->connector);
		p->answers[i].tasks = tasks;
	}
	p->answer_count = b->answer_count;
}

/* The name is taken only when nothing of the last run is left on the machine
 * (member_take_name), so a run there ends the older ones. Beats of an older
 * one may still arrive later. */
static void
follow(struct peers *all, struct peer *newest)
{
	for (struct peer *p = all->first; p != NULL; p = p->next) {
		if (p == newest || p->host == NULL ||
		    strcmp(p->who.id, newest->who.id) != 0 ||
		    strcmp(p->host, newest->host) != 0)
			continue;
		if (p->born_ms < newest->born_ms)
			p->followed = true;
		else
			newest->followed = true;
	}
}

/* It ended, and was dropped. What a stopped worker had yet to send comes late,
 * and would make it a member again. */
static bool
was_swept(const struct peers *all, const struct who *who)
{
	for (size_t i = 0; i < all->sweeps && i < SWEPT_MAX; i++)
		if (all->swept[i] == who->incarnation)
			return peers_find(all, who) == NULL;
	return false;
}

void
peers_beat(struct peers *all, const struct beat *b, struct clock_ms now)
{
	struct peer *p;

	if (was_swept(all, &b->who))
		return;
	p = peers_get(all, &b->who);
	if (p->judged || p->followed || (p->flags & BEAT_GONE) ||
	    b->number < p->number)
		return;
	if (p->host == NULL) {
		p->host = xstrdup(b->host);
		p->born_ms = b->born_ms;
		follow(all, p);
	}
	p->heard = now;
	p->number = b->number;
	p->since = b->since;
	p->epoch = b->epoch;
	p->flags = b->flags;
	p->load = b->load;
	take_answers(p, b);
}

void
peers_follow(struct peers *all, const struct who *earlier)
{
	peers_get(all, earlier)->followed = true;
}

void
peers_verdict(struct peers *all, const struct who *who)
{
	peers_get(all, who)->judged = true;
}

bool
peer_is_member(const struct peer *p)
{
	return p->host != NULL && !p->judged && !p->followed &&
	       !(p->flags & BEAT_GONE);
}

bool
peer_is_accused(const struct peer *p)
{
	return p->accused.ms != 0 && p->accused.ms > p->heard.ms;
}

/* A lease ends before its beat was read plus the session; after a verdict no
 * later beat makes one. */
static bool
has_ended(const struct peers *all, const struct peer *p, struct clock_ms now)
{
	if (p->followed || (p->flags & BEAT_GONE))
		return true;
	return p->judged && clock_since(p->heard, now) >= all->session_ms;
}

void
peers_notice(struct peers *all, struct clock_ms now)
{
	for (struct peer *p = all->first; p != NULL; p = p->next) {
		if (p->over || !has_ended(all, p, now))
			continue;
		p->over = true;
		p->ended = now;
	}
}

bool
peers_is_second(const struct peers *all, const struct peer *p)
{
	for (const struct peer *o = all->first; o != NULL; o = o->next)
		if (o != p && o->since >= 0 &&
		    (p->since < 0 || o->since < p->since) &&
		    strcmp(o->who.id, p->who.id) == 0 && peer_is_member(o))
			return true;
	return false;
}

static const struct beat_answer *
find_answer(const struct peer *p, const char *connector)
{
	for (size_t i = 0; i < p->answer_count; i++)
		if (strcmp(p->answers[i].connector, connector) == 0)
			return &p->answers[i];
	return NULL;
}

bool
peer_has_left(const struct peer *p, int64_t epoch, const char *connector,
    int task)
{
	const struct beat_answer *a = find_answer(p, connector);

	if (a == NULL || a->epoch < epoch)
		return false;
	for (size_t i = 0; i < a->task_count; i++)
		if (task == PEER_ANY || a->tasks[i] == task)
			return false;
	return true;
}

void
peers_sweep(struct peers *all, peers_named_fn *named, void *ctx)
{
	struct peer **at = &all->first, *p;

	while ((p = *at) != NULL) {
		if (!p->over || named(ctx, &p->who)) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		all->swept[all->sweeps++ % SWEPT_MAX] = p->who.incarnation;
		peer_free(p);
	}
	all->end = at;
}
