#include "base/log.h"
#include "kafka/admin_impl.h"
#include "kafka/conf.h"

/* librdkafka (up to 2.16) crashes in a client that is not a member of any
 * group when the answer to an OffsetFetch says that the coordinator is
 * another. So offsets are asked for by a client of its own that could be one.
 * It comes with the first question and stays. */
static rd_kafka_t *
open_client(rd_kafka_t *like, const char *group)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_dup(rd_kafka_conf(like));
	struct ps_error err = { 0 };
	char text[256];
	rd_kafka_t *rk;

	rd_kafka_conf_set_events(conf,
	    RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_ERROR);
	/* Not what the settings of a producer are for. */
	(void)rd_kafka_conf_set(conf, "log_level", "3", text, sizeof text);
	(void)rd_kafka_conf_set(conf, "group.id", group, text, sizeof text);
	rk = conf_make(RD_KAFKA_CONSUMER, conf, &err);
	if (rk == NULL)
		log_warn("kafka", "offsets of group %s: %s", group, err.text);
	return rk;
}

static rd_kafka_t *
client_of(struct admin *ad, const char *group)
{
	static const uint64_t one = 1;

	if (ad->asker != NULL)
		return ad->asker;
	ad->asker = open_client(ad->rk, group);
	if (ad->asker == NULL)
		return NULL;
	ad->answers = rd_kafka_queue_new(ad->asker);
	(void)rd_kafka_set_log_queue(ad->asker, ad->answers);
	rd_kafka_queue_io_event_enable(ad->answers, ad->fd, &one, sizeof one);
	return ad->asker;
}

void
admin_group_end(struct admin *ad)
{
	if (ad->asker == NULL)
		return;
	rd_kafka_queue_io_event_enable(ad->answers, -1, NULL, 0);
	rd_kafka_queue_destroy(ad->answers);
	rd_kafka_destroy_flags(ad->asker, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void
admin_group_offsets(struct admin *ad, const char *group, struct admin_call call)
{
	rd_kafka_t *rk = client_of(ad, group);
	rd_kafka_ListConsumerGroupOffsets_t *what;
	rd_kafka_AdminOptions_t *o;

	if (rk == NULL) {
		admin_answer_error(call, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE);
		return;
	}
	what = rd_kafka_ListConsumerGroupOffsets_new(group, NULL);
	o = admin_options(ad, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
	    &call);
	rd_kafka_error_destroy(
	    rd_kafka_AdminOptions_set_require_stable_offsets(o, 1));
	rd_kafka_ListConsumerGroupOffsets(rk, &what, 1, o, ad->answers);
	rd_kafka_ListConsumerGroupOffsets_destroy(what);
	rd_kafka_AdminOptions_destroy(o);
}
