#include "kafka/group_close.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

#define LOOK_MS 100

struct group_close {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int done_fd;
	pthread_t thread;
	bool has_thread;
	atomic_bool done;
};

rd_kafka_error_t *
group_answer(rd_kafka_t *rk, rd_kafka_event_t *rebalance)
{
	rd_kafka_topic_partition_list_t *none =
	    rd_kafka_topic_partition_list_new(0);
	rd_kafka_error_t *e = rd_kafka_event_error(rebalance) ==
				      RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS
				  ? rd_kafka_incremental_assign(rk, none)
				  : rd_kafka_incremental_unassign(rk, none);

	rd_kafka_topic_partition_list_destroy(none);
	return e;
}

static void
answer(struct group_close *c, rd_kafka_event_t *ev)
{
	rd_kafka_error_t *e = NULL;

	if (rd_kafka_event_type(ev) == RD_KAFKA_EVENT_REBALANCE)
		e = group_answer(c->rk, ev);
	if (e != NULL)
		rd_kafka_error_destroy(e);
	rd_kafka_event_destroy(ev);
}

static void *
run(void *arg)
{
	struct group_close *c = (struct group_close *)arg;
	rd_kafka_error_t *e = rd_kafka_consumer_close_queue(c->rk, c->queue);
	static const uint64_t one = 1;
	rd_kafka_event_t *ev;

	/* With a fatal error it is not closed, and need not be. */
	while (e == NULL && !rd_kafka_consumer_closed(c->rk)) {
		ev = rd_kafka_queue_poll(c->queue, LOOK_MS);
		if (ev != NULL)
			answer(c, ev);
	}
	if (e != NULL)
		rd_kafka_error_destroy(e);
	rd_kafka_queue_destroy(c->queue);
	atomic_store(&c->done, true);
	if (write(c->done_fd, &one, sizeof one) < 0)
		abort();
	return NULL;
}

struct group_close *
group_close_new(rd_kafka_t *rk, rd_kafka_queue_t *queue, int done_fd)
{
	struct group_close *c = xcalloc(1, sizeof *c);

	c->rk = rk;
	c->queue = queue;
	c->done_fd = done_fd;
	rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
	c->has_thread = pthread_create(&c->thread, NULL, run, c) == 0;
	return c;
}

bool
group_close_is_done(const struct group_close *c)
{
	return !c->has_thread || atomic_load(&c->done);
}

int
group_close_end(struct group_close **cp, int limit_s, struct ps_error *err)
{
	struct group_close *c = *cp;
	struct timespec end;

	*cp = NULL;
	if (!c->has_thread)
		return ps_fail(err, PS_E_RETRY,
		    "there is no thread to close its client, which is left "
		    "behind");
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += limit_s;
	if (pthread_clockjoin_np(c->thread, NULL, CLOCK_MONOTONIC, &end) != 0) {
		(void)pthread_detach(c->thread);
		return ps_fail(err, PS_E_RETRY,
		    "its client does not close within %d s and is left behind",
		    limit_s);
	}
	rd_kafka_destroy_flags(c->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	free(c);
	return 0;
}
