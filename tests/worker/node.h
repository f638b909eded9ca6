/*
 * node: what a worker's parts run in, for tests: a loop, a gate, options, a
 * journal in memory, and a program that plays the children.
 */
#ifndef PENSTOCK_TESTS_WORKER_NODE_H
#define PENSTOCK_TESTS_WORKER_NODE_H

#include "base/clock.h"
#include "journal/journal.h"
#include "reconcile/reconcile.h"
#include "supervise/inventory.h"

struct node {
	uv_loop_t loop;
	struct gate gate;
	struct options *options;
	struct errand_env errands;
	struct journal *journal;
	struct metric_registry *metrics;
	struct reconcile *reconcile; /* NULL: not wanted */
	struct ps_arena *arena;
	bool ready, stopped;
};

/* The file of a standalone worker whose converters no plugin has and whose
 * offsets nobody keeps, with these lines more. Whoever asks unlinks it. */
const char *node_write_file(const char *more);
/* A standalone worker's, without its offsets file. */
void node_begin(struct node *n);
/* All has ended and nothing is left in the loop. */
void node_end(struct node *n);
/* Appends to the log, without waiting. */
void
node_append(struct node *n, enum journal_log log, struct store_pair record);

/* Turns the loop until the condition holds. */
#define NODE_UNTIL(n, condition)                               \
	do {                                                   \
		struct node_wait wait;                         \
		node_wait_begin((n), &wait, #condition);       \
		while (!(condition))                           \
			(void)uv_run(&(n)->loop, UV_RUN_ONCE); \
		node_wait_end((n), &wait);                     \
	} while (0)

/* A turn may sleep after what it waited for came: a tick wakes it. */
struct node_wait {
	uv_timer_t tick;
	struct clock_ms began;
	const char *what;
};

void node_wait_begin(struct node *n, struct node_wait *w, const char *what);
void node_wait_end(struct node *n, struct node_wait *w);

#endif
