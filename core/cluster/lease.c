#include "cluster/lease.h"

#include <string.h>

/* The rest is for clocks that run at different speeds. */
#define LEASE_OF(session_ms)   ((session_ms) / 10 * 9)
#define SUSPEND_BEFORE_MAX_MS  2000
#define SUSPEND_OF(session_ms) ((session_ms) / 5)
#define PROMPT_OF(session_ms)  ((session_ms) / 10)

static struct clock_ms
later(struct clock_ms a, struct clock_ms b)
{
	return a.ms > b.ms ? a : b;
}

void
lease_init(struct lease *l, int64_t session_ms, struct clock_ms now)
{
	*l = (struct lease){ .session_ms = session_ms,
		.ends = now,
		.prompt_sent = now,
		.deaf_ms = l->deaf_ms,
		.deaf_until = now };
}

static void
forget_oldest(struct lease *l, size_t count)
{
	l->sent_count -= count;
	memmove(l->sent, l->sent + count, l->sent_count * sizeof *l->sent);
}

void
lease_sent(struct lease *l, int64_t number, struct clock_ms now)
{
	if (l->sent_count == LEASE_BEATS)
		forget_oldest(l, 1);
	l->sent[l->sent_count].number = number;
	l->sent[l->sent_count++].at = now;
}

void
lease_read(struct lease *l, int64_t number, struct clock_ms now)
{
	struct clock_ms sent;
	size_t i = 0;

	while (i < l->sent_count && l->sent[i].number < number)
		i++;
	if (i == l->sent_count || l->sent[i].number != number)
		return;
	sent = l->sent[i].at;
	forget_oldest(l, i + 1);
	l->held = true;
	l->ends = later(l->ends, clock_after(sent, LEASE_OF(l->session_ms)));
	if (clock_since(sent, now) <= PROMPT_OF(l->session_ms)) {
		l->prompt_sent = sent;
		return;
	}
	l->deaf_ms += clock_since(later(sent, l->deaf_until), now);
	l->deaf_until = now;
}

struct clock_ms
lease_suspends(const struct lease *l)
{
	int64_t before = SUSPEND_OF(l->session_ms);

	if (before > SUSPEND_BEFORE_MAX_MS)
		before = SUSPEND_BEFORE_MAX_MS;
	return clock_after(l->ends, -before);
}

bool
lease_allows(const struct lease *l, struct clock_ms now)
{
	return l->held && now.ms < lease_suspends(l).ms;
}

int64_t
lease_deaf_ms(const struct lease *l, struct clock_ms now)
{
	struct clock_ms since;

	if (l->sent_count == 0)
		return l->deaf_ms;
	since = l->sent[0].at;
	if (clock_since(since, now) <= PROMPT_OF(l->session_ms))
		return l->deaf_ms;
	return l->deaf_ms + clock_since(later(since, l->deaf_until), now);
}

struct clock_ms
lease_silent_at(const struct lease *l, struct clock_ms heard, int64_t deaf_ms)
{
	int64_t deaf = l->deaf_ms > deaf_ms ? l->deaf_ms - deaf_ms : 0;

	return clock_after(heard, l->session_ms + deaf);
}

bool
lease_proves_silence(const struct lease *l, struct clock_ms silent_at)
{
	return l->prompt_sent.ms >= silent_at.ms;
}
