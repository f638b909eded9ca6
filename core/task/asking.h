/*
 * asking: a task asks the cluster for one thing, and waits.
 */
#ifndef PENSTOCK_TASK_ASKING_H
#define PENSTOCK_TASK_ASKING_H

#include "kafka/admin.h"
#include "kafka/producer.h"
#include "task/task.h"

/* Of one call, and how long its answer may take: the call's own limit ends it
 * before. */
#define ASKING_CALL_MS   30000
#define ASKING_ANSWER_MS 60000

struct asking {
	struct admin *admin;
	struct producer *producer; /* served meanwhile; NULL: none */
	bool is_done;
	int code; /* of the call, or else of its first item */
	struct ps_error error;
};

/* An admin_fn, with the asking as its context. */
void asking_answered(void *ctx, const struct admin_answer *answer);
/* As wait_until. After -1 the call is still under way: the admin has to be
 * freed before the asking goes. */
int asking_wait(struct asking *a, struct task *t, const char *what,
    int64_t limit_ms, struct ps_error *err);

#endif
