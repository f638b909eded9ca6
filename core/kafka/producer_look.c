#include <stdio.h>

#include "kafka/producer_impl.h"

#define QUIET_MS 3000

/* True: the first partition of the topic that lacks replicas, told. */
static bool
tell_lack(struct producer *p, const rd_kafka_metadata_topic_t *t)
{
	for (int i = 0; i < t->partition_cnt; i++) {
		const rd_kafka_metadata_partition_t *at = &t->partitions[i];

		if (at->leader >= 0 && at->isr_cnt >= at->replica_cnt)
			continue;
		(void)snprintf(p->lack, sizeof p->lack,
		    "nothing was taken for a while; topic %.120s, partition %d "
		    "has %d of %d replicas in sync%s",
		    t->topic, (int)at->id, at->isr_cnt, at->replica_cnt,
		    at->leader < 0 ? " and no leader"
				   : ": is min.insync.replicas more?");
		return true;
	}
	return false;
}

void
producer_look(struct producer *p)
{
	const struct rd_kafka_metadata *md;
	struct clock_ms now;
	int i = 0;

	if (p->records == 0)
		return;
	now = clock_now();
	if (clock_since(p->quiet, now) < QUIET_MS)
		return;
	p->quiet = now;
	if (rd_kafka_metadata(p->rk, 0, NULL, &md, PRODUCER_LOOK_MS) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	p->lack[0] = '\0';
	while (i < md->topic_cnt && !tell_lack(p, &md->topics[i]))
		i++;
	rd_kafka_metadata_destroy(md);
}
