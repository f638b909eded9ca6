/*
 * lease: how long this worker may act.
 *
 * A heartbeat makes a lease when it was read back: 0.9 of the session from
 * when it was sent. Shortly before the end work is suspended. How promptly
 * heartbeats come back also tells whether the silence of others is theirs.
 */
#ifndef PENSTOCK_CLUSTER_LEASE_H
#define PENSTOCK_CLUSTER_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define LEASE_BEATS 32

struct lease {
	int64_t session_ms;
	struct {
		int64_t number;
		struct clock_ms at;
	} sent[LEASE_BEATS]; /* not read back yet, oldest first */
	size_t sent_count;
	bool held; /* at least once; then it runs, or ran, to `ends` */
	struct clock_ms ends;
	struct clock_ms prompt_sent; /* the last that came back promptly */
	/* Time in which none came back: silence of others proves nothing. */
	int64_t deaf_ms;
	struct clock_ms deaf_until;
};

/* Of a new incarnation; zeroed before the first. */
void lease_init(struct lease *l, int64_t session_ms, struct clock_ms now);
void lease_sent(struct lease *l, int64_t number, struct clock_ms now);
/* One of ours was read, with no verdict against us before it. */
void lease_read(struct lease *l, int64_t number, struct clock_ms now);

/* Work goes on until then. */
struct clock_ms lease_suspends(const struct lease *l);
bool lease_allows(const struct lease *l, struct clock_ms now);

/* With what is already sure of the present wait for a heartbeat of ours. */
int64_t lease_deaf_ms(const struct lease *l, struct clock_ms now);
/* One that was heard last at `heard`, with lease_deaf_ms as it was then, should
 * have been heard again before that. */
struct clock_ms
lease_silent_at(const struct lease *l, struct clock_ms heard, int64_t deaf_ms);
/* It was not: a heartbeat of ours sent after that came back promptly. */
bool lease_proves_silence(const struct lease *l, struct clock_ms silent_at);

#endif
