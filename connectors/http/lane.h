/*
 * lane: the requests of one Kafka partition, one at a time and in order.
 *
 * Requests end at offsets that are multiples of batch.max.size. One that is
 * sent before, as its oldest record has waited for batch.linger.ms, ends at a
 * cut that is stored beside the group's offset first. So all are the same
 * after a restart, and carry the same Idempotency-Key.
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_LANE_H
#define PENSTOCK_CONNECTORS_HTTP_LANE_H

#include <assignment/assignment.h>
#include <penstock/host.h>

#include "token.h"

/* What the lanes of a task share. */
struct lanes {
	const struct ps_host *host;
	struct http_conf conf;
	struct net *net;
	struct token token;
	struct assignment lanes;
	int64_t due_ms;   /* no request before: the endpoint is out */
	bool is_kept_out; /* … as it does not like the credentials */
	unsigned failures;
	uint64_t seed;
	size_t bytes;            /* held in packs */
	bool delivered;          /* something, since this was last cleared */
	char cause[1024];        /* "" or why nothing is accepted */
	char silence[1024];      /* what is said while no answer comes */
	struct ps_error failure; /* a refused record that is not tolerated */
};

struct lane {
	struct assigned assigned;
	struct lanes *all;
	int64_t cut; /* a request ends here, though it is not full; 0: none */
	struct pack *oldest, *newest;
	bool is_sending;
	int64_t sent_ms; /* when that began */
	bool must_renew; /* the token was renewed for the last answer */
	unsigned token;  /* the one that was sent: its number */
};

/* For the assignment, whose argument `all` is. */
struct assigned *
lane_new(void *all, const char *topic, int32_t partition, int64_t offset);
void lane_free(struct assigned *p);
static inline struct lane *
lane_of(struct assigned *p)
{
	return (struct lane *)(void *)p;
}
/* The one after `l`, the first for NULL; NULL at the end. */
struct lane *lane_next(const struct lanes *all, const struct lane *l);
/* -1 and PS_E_DATA when the value cannot be sent. */
int lane_add(struct lane *l, const struct ps_record *r, struct ps_error *err);
/* Ends the open request, if it is the next to be sent. */
void lane_close(struct lane *l);
/* Is its next request closed, but must not be sent yet? */
bool lane_is_unmarked(const struct lane *l);
/* Sends what is due. */
void lane_step(struct lane *l);
/* What is before it was accepted (or reported). */
int64_t lane_safe(const struct lane *l, int64_t offset);
/* Has its request been out for longer than an answer takes? */
bool lane_is_unanswered(const struct lane *l);
/* When it should be stepped again, milliseconds from now, or INT64_MAX. */
int64_t lane_due(const struct lane *l);

#endif
