#include "kafka/admin.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fds.h"
#include "base/xalloc.h"
#include "kafka/admin_impl.h"
#include "kafka/conf.h"
#include "kafka/kerror.h"
#include "kafka/producer_impl.h"

#define CONF_CHUNK ((size_t)16 * 1024)

static struct admin *
make(rd_kafka_t *rk, struct ps_error *err)
{
	static const uint64_t one = 1;
	/* 1: what came before the queue is watched is looked at. */
	int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	struct admin *ad;

	if (fd < 0) {
		(void)fds_fail(err, errno, "cannot make an admin client");
		return NULL;
	}
	ad = xcalloc(1, sizeof *ad);
	ad->rk = rk;
	ad->fd = fd;
	ad->queue = rd_kafka_queue_new(rk);
	rd_kafka_queue_io_event_enable(ad->queue, ad->fd, &one, sizeof one);
	return ad;
}

struct admin *
admin_new(const struct ps_config *settings, struct ps_error *err)
{
	static const uint64_t one = 1;
	struct ps_arena *a = arena_new(CONF_CHUNK);
	struct admin *ad = NULL;
	rd_kafka_t *rk = NULL;
	struct conf conf;

	if (conf_translate(a, CONF_ADMIN, settings, &conf, err) == 0)
		rk = conf_open(&conf, err);
	arena_free(&a);
	if (rk == NULL)
		return NULL;
	ad = make(rk, err);
	if (ad == NULL) {
		rd_kafka_destroy(rk);
		return NULL;
	}
	ad->own = rk;
	ad->main = rd_kafka_queue_get_main(rk);
	rd_kafka_queue_io_event_enable(ad->main, ad->fd, &one, sizeof one);
	return ad;
}

struct admin *
admin_new_on_producer(struct producer *p, struct ps_error *err)
{
	return make(p->rk, err);
}

static struct admin_call
unlink_call(struct admin *ad, struct admin_pending *p)
{
	struct admin_call call = p->call;

	*p->link = p->next;
	if (p->next != NULL)
		p->next->link = p->link;
	ad->waiting--;
	free(p);
	return call;
}

static struct admin_call
take_first(struct admin *ad)
{
	struct admin_pending *p = ad->pending;
	struct admin_call call = p->call;

	ad->pending = p->next;
	if (p->next != NULL)
		p->next->link = &ad->pending;
	ad->waiting--;
	free(p);
	return call;
}

void
admin_answer_error(struct admin_call call, rd_kafka_resp_err_t code)
{
	struct admin_answer answer = { .code = (int)code };

	(void)kerror_fail(&answer.error, code, "admin client");
	call.fn(call.ctx, &answer);
}

void
admin_free(struct admin **ap, int limit_ms)
{
	struct admin *ad = *ap;

	(void)limit_ms;
	*ap = NULL;
	if (ad == NULL)
		return;
	while (ad->pending != NULL)
		admin_answer_error(take_first(ad), RD_KAFKA_RESP_ERR__DESTROY);
	admin_group_end(ad);
	rd_kafka_queue_io_event_enable(ad->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(ad->queue);
	if (ad->own != NULL) {
		rd_kafka_queue_io_event_enable(ad->main, -1, NULL, 0);
		rd_kafka_queue_destroy(ad->main);
		rd_kafka_destroy(ad->own);
	}
	(void)close(ad->fd);
	free(ad);
}

int
admin_fd(const struct admin *ad)
{
	return ad->fd;
}

size_t
admin_waiting(const struct admin *ad)
{
	return ad->waiting;
}

/* How many calls were answered. */
static int
serve_queue(struct admin *ad, rd_kafka_queue_t *queue)
{
	rd_kafka_event_t *ev;
	int served = 0;

	while (queue != NULL && (ev = rd_kafka_queue_poll(queue, 0)) != NULL) {
		struct admin_pending *p = rd_kafka_event_opaque(ev);

		if (rd_kafka_event_type(ev) == RD_KAFKA_EVENT_LOG) {
			conf_log(ev);
		} else if (p != NULL) {
			admin_answer(unlink_call(ad, p), ev);
			served++;
		}
		rd_kafka_event_destroy(ev);
	}
	return served;
}

int
admin_serve(struct admin *ad, int timeout_ms)
{
	struct pollfd fd = { .fd = ad->fd, .events = POLLIN };
	uint64_t counter;

	if (timeout_ms != 0 && rd_kafka_queue_length(ad->queue) == 0)
		(void)poll(&fd, 1, timeout_ms);
	while (read(ad->fd, &counter, sizeof counter) > 0)
		;
	(void)serve_queue(ad, ad->main);
	return serve_queue(ad, ad->queue) + serve_queue(ad, ad->answers);
}

static struct admin_pending *
enlist(struct admin *ad, const struct admin_call *call)
{
	struct admin_pending *p = xcalloc(1, sizeof *p);

	p->call = *call;
	p->next = ad->pending;
	p->link = &ad->pending;
	if (p->next != NULL)
		p->next->link = &p->next;
	ad->pending = p;
	ad->waiting++;
	return p;
}

rd_kafka_AdminOptions_t *
admin_options(struct admin *ad, rd_kafka_admin_op_t op,
    const struct admin_call *call)
{
	rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(ad->rk, op);
	char text[256];
	int limit_ms = call->limit_ms < 1000 ? 1000 : call->limit_ms;

	/* A limit out of librdkafka's range leaves its default. */
	(void)rd_kafka_AdminOptions_set_request_timeout(o, limit_ms, text,
	    sizeof text);
	rd_kafka_AdminOptions_set_opaque(o, enlist(ad, call));
	return o;
}

static rd_kafka_NewTopic_t *
new_topic(const struct admin_new_topic *t)
{
	char text[256];
	rd_kafka_NewTopic_t *n = rd_kafka_NewTopic_new(t->name, t->partitions,
	    t->replicas, text, sizeof text);

	for (size_t i = 0; n != NULL && i < t->configs.count; i++)
		(void)rd_kafka_NewTopic_set_config(n,
		    t->configs.settings[i].key, t->configs.settings[i].value);
	return n;
}

void
admin_create_topics(struct admin *ad, const struct admin_new_topic *topics,
    size_t count, struct admin_call call)
{
	rd_kafka_NewTopic_t **list = xcalloc(count, sizeof(void *));
	rd_kafka_AdminOptions_t *o;
	size_t made = 0;

	while (made < count && (list[made] = new_topic(&topics[made])) != NULL)
		made++;
	if (made < count) {
		admin_answer_error(call, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS);
	} else {
		o = admin_options(ad, RD_KAFKA_ADMIN_OP_CREATETOPICS, &call);
		rd_kafka_CreateTopics(ad->rk, list, count, o, ad->queue);
		rd_kafka_AdminOptions_destroy(o);
	}
	rd_kafka_NewTopic_destroy_array(list, made);
	free(list);
}

void
admin_describe_topics(struct admin *ad, const char *const *names, size_t count,
    struct admin_call call)
{
	const char **list = xcalloc(count, sizeof *list);
	rd_kafka_TopicCollection_t *topics;
	rd_kafka_AdminOptions_t *o =
	    admin_options(ad, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, &call);

	memcpy(list, names, count * sizeof *list);
	topics = rd_kafka_TopicCollection_of_topic_names(list, count);
	rd_kafka_DescribeTopics(ad->rk, topics, o, ad->queue);
	rd_kafka_TopicCollection_destroy(topics);
	rd_kafka_AdminOptions_destroy(o);
	free(list);
}

void
admin_describe_configs(struct admin *ad, const char *const *topics,
    size_t count, struct admin_call call)
{
	rd_kafka_ConfigResource_t **list = xcalloc(count, sizeof(void *));
	rd_kafka_AdminOptions_t *o =
	    admin_options(ad, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, &call);

	for (size_t i = 0; i < count; i++)
		list[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC,
		    topics[i]);
	rd_kafka_DescribeConfigs(ad->rk, list, count, o, ad->queue);
	rd_kafka_ConfigResource_destroy_array(list, count);
	rd_kafka_AdminOptions_destroy(o);
	free(list);
}

static rd_kafka_topic_partition_list_t *
list_of(const struct consumer_position *positions, size_t count)
{
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new((int)count);

	for (size_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(l, positions[i].topic,
		    positions[i].partition)
		    ->offset = positions[i].offset;
	return l;
}

static int64_t
offset_spec(int64_t offset)
{
	if (offset >= 0)
		return offset;
	return offset == CONSUMER_BEGINNING ? RD_KAFKA_OFFSET_SPEC_EARLIEST
					    : RD_KAFKA_OFFSET_SPEC_LATEST;
}

void
admin_list_offsets(struct admin *ad, const struct consumer_position *positions,
    size_t count, enum admin_isolation isolation, struct admin_call call)
{
	rd_kafka_topic_partition_list_t *l = list_of(positions, count);
	rd_kafka_AdminOptions_t *o =
	    admin_options(ad, RD_KAFKA_ADMIN_OP_LISTOFFSETS, &call);

	for (int i = 0; i < l->cnt; i++)
		l->elems[i].offset = offset_spec(l->elems[i].offset);
	rd_kafka_error_destroy(rd_kafka_AdminOptions_set_isolation_level(o,
	    isolation == ADMIN_COMMITTED
		? RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
		: RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED));
	rd_kafka_ListOffsets(ad->rk, l, o, ad->queue);
	rd_kafka_topic_partition_list_destroy(l);
	rd_kafka_AdminOptions_destroy(o);
}

void
admin_delete_topics(struct admin *ad, const char *const *names, size_t count,
    struct admin_call call)
{
	rd_kafka_DeleteTopic_t **list = xcalloc(count, sizeof(void *));
	rd_kafka_AdminOptions_t *o =
	    admin_options(ad, RD_KAFKA_ADMIN_OP_DELETETOPICS, &call);

	for (size_t i = 0; i < count; i++)
		list[i] = rd_kafka_DeleteTopic_new(names[i]);
	rd_kafka_DeleteTopics(ad->rk, list, count, o, ad->queue);
	rd_kafka_DeleteTopic_destroy_array(list, count);
	rd_kafka_AdminOptions_destroy(o);
	free(list);
}

void
admin_delete_groups(struct admin *ad, const char *const *groups, size_t count,
    struct admin_call call)
{
	rd_kafka_DeleteGroup_t **list = xcalloc(count, sizeof(void *));
	rd_kafka_AdminOptions_t *o =
	    admin_options(ad, RD_KAFKA_ADMIN_OP_DELETEGROUPS, &call);

	for (size_t i = 0; i < count; i++)
		list[i] = rd_kafka_DeleteGroup_new(groups[i]);
	rd_kafka_DeleteGroups(ad->rk, list, count, o, ad->queue);
	rd_kafka_DeleteGroup_destroy_array(list, count);
	rd_kafka_AdminOptions_destroy(o);
	free(list);
}

void
admin_alter_group_offsets(struct admin *ad, const char *group,
    const struct consumer_position *positions, size_t count,
    struct admin_call call)
{
	rd_kafka_topic_partition_list_t *l = list_of(positions, count);
	rd_kafka_AlterConsumerGroupOffsets_t *what =
	    rd_kafka_AlterConsumerGroupOffsets_new(group, l);
	rd_kafka_AdminOptions_t *o = admin_options(ad,
	    RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, &call);

	rd_kafka_AlterConsumerGroupOffsets(ad->rk, &what, 1, o, ad->queue);
	rd_kafka_AlterConsumerGroupOffsets_destroy(what);
	rd_kafka_topic_partition_list_destroy(l);
	rd_kafka_AdminOptions_destroy(o);
}

void
admin_delete_group_offsets(struct admin *ad, const char *group,
    const struct consumer_position *positions, size_t count,
    struct admin_call call)
{
	rd_kafka_topic_partition_list_t *l = list_of(positions, count);
	rd_kafka_DeleteConsumerGroupOffsets_t *what =
	    rd_kafka_DeleteConsumerGroupOffsets_new(group, l);
	rd_kafka_AdminOptions_t *o = admin_options(ad,
	    RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS, &call);

	rd_kafka_DeleteConsumerGroupOffsets(ad->rk, &what, 1, o, ad->queue);
	rd_kafka_DeleteConsumerGroupOffsets_destroy(what);
	rd_kafka_topic_partition_list_destroy(l);
	rd_kafka_AdminOptions_destroy(o);
}

/* Any topic, be it there or not: librdkafka's own question (DescribeCluster)
 * ends the process when a broker that was just fenced names no broker. */
void
admin_probe(struct admin *ad, struct admin_call call)
{
	static const char *const any = "__consumer_offsets";

	admin_describe_topics(ad, &any, 1, call);
}

char *
admin_cluster_id(const struct admin *ad, struct ps_arena *a)
{
	char *id = rd_kafka_clusterid(ad->rk, 0), *copy;

	if (id == NULL)
		return NULL;
	copy = ps_strdup(a, id);
	rd_kafka_mem_free(ad->rk, id);
	return copy;
}
