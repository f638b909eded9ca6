/*
 * topics_watch: are the internal topics still those that were found?
 *
 * Somebody may delete one, delete records of it, or make it anew, and what a
 * worker knows is then nowhere else. Nothing is assumed in its place: it is
 * said what is missing, and what helps.
 */
#ifndef PENSTOCK_STORE_TOPICS_WATCH_H
#define PENSTOCK_STORE_TOPICS_WATCH_H

#include "store/topics.h"

struct topics_watch;

struct topics_watch_ops {
	/* One is gone, or begins later than it did: for people, once. */
	void (*harmed)(void *ctx, const char *text);
	/* One is another by now: what was read is not in it. */
	void (*replaced)(void *ctx, const struct ps_error *err);
};

/* All are borrowed. */
struct topics_watch *
topics_watch_new(struct admin *ad, const struct topics_spec *specs,
    size_t count, const struct topics_watch_ops *ops, void *ctx);
/* After its admin: that answers what is on its way. */
void topics_watch_free(struct topics_watch **wp);
/* Asks, unless a question is on its way. */
void topics_watch_look(struct topics_watch *w);
/* What is wrong now, "": nothing. */
const char *topics_watch_harm(const struct topics_watch *w);

#endif
