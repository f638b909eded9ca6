#include "kafka/group_others.h"

#include <string.h>

void
group_others_ask(rd_kafka_t *rk, const char *group, rd_kafka_queue_t *queue,
    int limit_ms, void *opaque)
{
	rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk,
	    RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
	char text[256];

	(void)rd_kafka_AdminOptions_set_request_timeout(o, limit_ms, text,
	    sizeof text);
	rd_kafka_AdminOptions_set_opaque(o, opaque);
	rd_kafka_DescribeConsumerGroups(rk, &group, 1, o, queue);
	rd_kafka_AdminOptions_destroy(o);
}

static const char *
other_topic(const rd_kafka_MemberDescription_t *m, const char *topic)
{
	const rd_kafka_MemberAssignment_t *a =
	    rd_kafka_MemberDescription_assignment(m);
	const rd_kafka_topic_partition_list_t *l =
	    a == NULL ? NULL : rd_kafka_MemberAssignment_partitions(a);

	for (int i = 0; l != NULL && i < l->cnt; i++)
		if (strcmp(l->elems[i].topic, topic) != 0)
			return l->elems[i].topic;
	return NULL;
}

static int
check_group(const rd_kafka_ConsumerGroupDescription_t *g, const char *topic,
    struct ps_error *err)
{
	size_t count = rd_kafka_ConsumerGroupDescription_member_count(g);

	for (size_t i = 0; i < count; i++) {
		const rd_kafka_MemberDescription_t *m =
		    rd_kafka_ConsumerGroupDescription_member(g, i);
		const char *other = other_topic(m, topic);

		if (other != NULL)
			return ps_fail(err, PS_E_CONFIG,
			    "group.id=%s: the group is in use for something "
			    "else: its member %.100s (client %.100s, host "
			    "%.100s) reads topic %.249s and not %s. Give this "
			    "cluster a group.id of its own, or stop the other "
			    "first",
			    rd_kafka_ConsumerGroupDescription_group_id(g),
			    rd_kafka_MemberDescription_consumer_id(m),
			    rd_kafka_MemberDescription_client_id(m),
			    rd_kafka_MemberDescription_host(m), other, topic);
	}
	return 0;
}

int
group_others_check(rd_kafka_event_t *answer, const char *topic,
    struct ps_error *err)
{
	const rd_kafka_DescribeConsumerGroups_result_t *r =
	    rd_kafka_event_DescribeConsumerGroups_result(answer);
	const rd_kafka_ConsumerGroupDescription_t **groups;
	size_t count = 0;

	if (r == NULL ||
	    rd_kafka_event_error(answer) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	groups = rd_kafka_DescribeConsumerGroups_result_groups(r, &count);
	for (size_t i = 0; i < count; i++)
		if (rd_kafka_ConsumerGroupDescription_error(groups[i]) ==
			NULL &&
		    check_group(groups[i], topic, err) != 0)
			return -1;
	return 0;
}
