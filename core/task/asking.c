#include "task/asking.h"

#include "task/wait.h"

void
asking_answered(void *ctx, const struct admin_answer *answer)
{
	struct asking *a = (struct asking *)ctx;

	a->is_done = true;
	a->code = answer->code;
	a->error = answer->error;
	if (a->error.code == PS_OK && answer->count > 0) {
		a->code = answer->items[0].code;
		a->error = answer->items[0].error;
	}
}

static int
serve(void *ctx, int slice_ms, struct ps_error *err)
{
	struct asking *a = (struct asking *)ctx;

	(void)err;
	(void)admin_serve(a->admin, slice_ms);
	if (a->producer != NULL)
		(void)producer_serve(a->producer, 0, NULL);
	return a->is_done;
}

int
asking_wait(struct asking *a, struct task *t, const char *what,
    int64_t limit_ms, struct ps_error *err)
{
	const struct wait answer = { what, limit_ms, serve, a };

	return wait_until(t, &answer, err);
}
