/*
 * serving: a server for its own tests, and who asks it, on one loop.
 *
 * What it does with a request is in the path: /keep is answered later.
 */
#ifndef PENSTOCK_TESTS_HTTP_SERVING_H
#define PENSTOCK_TESTS_HTTP_SERVING_H

#include <string.h>

#include "http/server.h"

#define LIMIT_MS   10000
#define BODY_MAX   1000
#define ANSWER_MAX 65536

extern struct serving {
	uv_loop_t loop;
	struct server *s;
	struct exchange *kept;
	int handled, gone, expired;
	int64_t idle_ms;
	int client, early, sendings; /* who asks, and what it had by then */
	char body[4096], query[256], path[256];
} served;

extern const struct server_ops serving_ops;
/* Of those that are the same for other ops. */
void serving_expired(struct exchange *x);
void serving_answered(struct exchange *x);
void serving_sending(struct exchange *x);
void serving_gone(struct exchange *x);

void serving_open(const struct server_ops *o, int64_t request_ms);
void serving_close(void);
/* A connection, which does not block. */
int serving_dial(void);
/* Sends, turns the loop until the answer is whole (its end is the end of the
 * connection) or `stop` says so, gives it. */
const char *serving_ask(const char *request, size_t len, bool (*stop)(void));
const char *serving_get(const char *text);
/* Sets the bool that is the timer's data. */
void serving_late(uv_timer_t *t);
/* With 204, once, and stops the timer. */
void serving_answer_kept(uv_timer_t *t);

static inline bool
has(const char *answer, const char *what)
{
	return strstr(answer, what) != NULL;
}

#endif
