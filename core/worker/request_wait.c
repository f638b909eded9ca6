#include <stdlib.h>

#include "base/xalloc.h"
#include "supervise/timer.h"
#include "worker/request.h"

struct request_wait {
	uv_timer_t timer;
	struct request *rq;
	request_step *then;
	struct clock_ms began;
};

static void
on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
request_wait_end(struct request *rq)
{
	if (rq->wait == NULL)
		return;
	uv_close((uv_handle_t *)&rq->wait->timer, on_closed);
	rq->wait = NULL;
}

static void
on_time(uv_timer_t *t)
{
	struct request_wait *wait = t->data;

	wait->then(wait->rq);
}

static void
begin(struct request *rq)
{
	struct request_wait *wait = xcalloc(1, sizeof *wait);

	wait->rq = rq;
	wait->began = clock_now();
	wait->timer.data = wait;
	(void)uv_timer_init(worker_loop(rq->w), &wait->timer);
	rq->wait = wait;
}

void
request_wait(struct request *rq, int64_t ms, request_step *then)
{
	if (rq->wait == NULL)
		begin(rq);
	rq->wait->then = then;
	timer_in(&rq->wait->timer, on_time, ms);
}

int64_t
request_waited_ms(const struct request *rq)
{
	return rq->wait == NULL ? 0 : clock_since(rq->wait->began, clock_now());
}
