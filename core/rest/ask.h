/*
 * ask: puts an exchange's question to the worker and answers when it does.
 *
 * How refusals look is the same everywhere; what a success looks like is the
 * caller's function.
 */
#ifndef PENSTOCK_REST_ASK_H
#define PENSTOCK_REST_ASK_H

#include "http/exchange.h"
#include "worker/requests.h"

typedef void ask_fn(struct exchange *x, const struct answer *answer);

void
ask_worker(struct exchange *x, const struct request_spec *spec, ask_fn *done);
/* The same, but `done` is told of refusals too. */
void ask_worker_any(struct exchange *x, const struct request_spec *spec,
    ask_fn *done);

/* The HTTP status of an answer. */
int ask_status(enum answer_kind kind);
/* enum configs_restart, of includeTasks and onlyFailed. */
unsigned ask_restart_flags(const struct exchange *x);

/* Answers of success. */
void ask_no_content(struct exchange *x, const struct answer *answer);
void ask_accepted(struct exchange *x, const struct answer *answer);
/* The connector by that name, or answers 404 and returns NULL. */
const struct configs_connector *ask_connector(struct exchange *x);

#endif
