#include <stdio.h>

#include "base/arena.h"
#include "kafka/admin_impl.h"
#include "kafka/kerror.h"

#define CHUNK ((size_t)8 * 1024)

/* An answer while it is read; memory ends with the call's function. */
struct reading {
	struct ps_arena *a;
	struct admin_answer answer;
	struct admin_item *items;
	size_t room;
};

static struct admin_item *
add(struct reading *r, const char *name, rd_kafka_resp_err_t code,
    const char *text)
{
	struct admin_item *it = &r->items[r->answer.count++];

	it->name = name;
	it->partition = -1;
	it->offset = CONSUMER_NO_OFFSET;
	it->code = (int)code;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		(void)ps_fail(&it->error, kerror_class(code), "%s: %s (%s)",
		    name, text != NULL ? text : rd_kafka_err2str(code),
		    rd_kafka_err2name(code));
	return it;
}

static void
make_room(struct reading *r, size_t count)
{
	r->items = ps_calloc(r->a, count + 1, sizeof *r->items);
	r->room = count;
}

static void
read_topic_results(struct reading *r, const rd_kafka_topic_result_t **list,
    size_t count)
{
	make_room(r, count);
	for (size_t i = 0; i < count; i++) {
		rd_kafka_resp_err_t code = rd_kafka_topic_result_error(list[i]);

		if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			code = RD_KAFKA_RESP_ERR_NO_ERROR;
		(void)add(r, rd_kafka_topic_result_name(list[i]), code,
		    rd_kafka_topic_result_error_string(list[i]));
	}
}

static void
read_created(struct reading *r, rd_kafka_event_t *ev)
{
	size_t n;
	const rd_kafka_topic_result_t **list =
	    rd_kafka_CreateTopics_result_topics(
		rd_kafka_event_CreateTopics_result(ev), &n);

	read_topic_results(r, list, n);
}

static void
read_deleted(struct reading *r, rd_kafka_event_t *ev)
{
	size_t n;
	const rd_kafka_topic_result_t **list =
	    rd_kafka_DeleteTopics_result_topics(
		rd_kafka_event_DeleteTopics_result(ev), &n);

	read_topic_results(r, list, n);
}

static rd_kafka_resp_err_t
code_of(const rd_kafka_error_t *e)
{
	return e == NULL ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(e);
}

static void
read_topics(struct reading *r, rd_kafka_event_t *ev)
{
	size_t n, replicas;
	const rd_kafka_TopicDescription_t **list =
	    rd_kafka_DescribeTopics_result_topics(
		rd_kafka_event_DescribeTopics_result(ev), &n);

	make_room(r, n);
	for (size_t i = 0; i < n; i++) {
		const rd_kafka_error_t *e =
		    rd_kafka_TopicDescription_error(list[i]);
		struct admin_item *it =
		    add(r, rd_kafka_TopicDescription_name(list[i]), code_of(e),
			e == NULL ? NULL : rd_kafka_error_string(e));
		const rd_kafka_Uuid_t *id =
		    rd_kafka_TopicDescription_topic_id(list[i]);
		const rd_kafka_TopicPartitionInfo_t **parts =
		    rd_kafka_TopicDescription_partitions(list[i], &replicas);

		it->partitions = (int)replicas;
		if (id != NULL)
			(void)snprintf(it->topic_id, sizeof it->topic_id, "%s",
			    rd_kafka_Uuid_base64str(id));
		if (it->partitions == 0)
			continue;
		(void)rd_kafka_TopicPartitionInfo_replicas(parts[0], &replicas);
		it->replicas = (int)replicas;
	}
}

static struct ps_config
read_entries(struct reading *r, const rd_kafka_ConfigResource_t *res)
{
	size_t n;
	const rd_kafka_ConfigEntry_t **list =
	    rd_kafka_ConfigResource_configs(res, &n);
	struct ps_setting *s = ps_calloc(r->a, n + 1, sizeof *s);
	size_t at;

	/* Few, and in no order: insertion keeps them sorted. */
	for (size_t i = 0; i < n; i++) {
		const char *key = rd_kafka_ConfigEntry_name(list[i]);

		for (at = i; at > 0 && strcmp(s[at - 1].key, key) > 0; at--)
			s[at] = s[at - 1];
		s[at].key = key;
		s[at].value = rd_kafka_ConfigEntry_value(list[i]);
	}
	return (struct ps_config){ s, n };
}

static void
read_configs(struct reading *r, rd_kafka_event_t *ev)
{
	size_t n;
	const rd_kafka_ConfigResource_t **list =
	    rd_kafka_DescribeConfigs_result_resources(
		rd_kafka_event_DescribeConfigs_result(ev), &n);

	make_room(r, n);
	for (size_t i = 0; i < n; i++)
		add(r, rd_kafka_ConfigResource_name(list[i]),
		    rd_kafka_ConfigResource_error(list[i]),
		    rd_kafka_ConfigResource_error_string(list[i]))
		    ->configs = read_entries(r, list[i]);
}

static void
read_offsets(struct reading *r, rd_kafka_event_t *ev)
{
	size_t n;
	const rd_kafka_ListOffsetsResultInfo_t **list =
	    rd_kafka_ListOffsets_result_infos(
		rd_kafka_event_ListOffsets_result(ev), &n);

	make_room(r, n);
	for (size_t i = 0; i < n; i++) {
		const rd_kafka_topic_partition_t *p =
		    rd_kafka_ListOffsetsResultInfo_topic_partition(list[i]);
		struct admin_item *it = add(r, p->topic, p->err, NULL);

		it->partition = p->partition;
		it->offset = p->offset;
	}
}

static void
read_group_partitions(struct reading *r, const rd_kafka_group_result_t *g)
{
	const rd_kafka_topic_partition_list_t *l =
	    rd_kafka_group_result_partitions(g);
	const rd_kafka_error_t *e = rd_kafka_group_result_error(g);

	if (e != NULL) {
		r->answer.code = (int)rd_kafka_error_code(e);
		(void)ps_fail(&r->answer.error,
		    kerror_class(rd_kafka_error_code(e)), "group %s: %s",
		    rd_kafka_group_result_name(g), rd_kafka_error_string(e));
	}
	make_room(r, l == NULL ? 0 : (size_t)l->cnt);
	for (int i = 0; l != NULL && i < l->cnt; i++) {
		struct admin_item *it =
		    add(r, l->elems[i].topic, l->elems[i].err, NULL);

		it->partition = l->elems[i].partition;
		it->offset = l->elems[i].offset < 0 ? CONSUMER_NO_OFFSET
						    : l->elems[i].offset;
	}
}

static void
read_listed_group(struct reading *r, rd_kafka_event_t *ev)
{
	size_t n;
	const rd_kafka_group_result_t **list =
	    rd_kafka_ListConsumerGroupOffsets_result_groups(
		rd_kafka_event_ListConsumerGroupOffsets_result(ev), &n);

	if (n > 0)
		read_group_partitions(r, list[0]);
}

static void
read_altered_group(struct reading *r, rd_kafka_event_t *ev)
{
	size_t n;
	const rd_kafka_group_result_t **list =
	    rd_kafka_AlterConsumerGroupOffsets_result_groups(
		rd_kafka_event_AlterConsumerGroupOffsets_result(ev), &n);

	if (n > 0)
		read_group_partitions(r, list[0]);
}

static void
read_trimmed_group(struct reading *r, rd_kafka_event_t *ev)
{
	size_t n;
	const rd_kafka_group_result_t **list =
	    rd_kafka_DeleteConsumerGroupOffsets_result_groups(
		rd_kafka_event_DeleteConsumerGroupOffsets_result(ev), &n);

	if (n > 0)
		read_group_partitions(r, list[0]);
}

static void
read_deleted_groups(struct reading *r, rd_kafka_event_t *ev)
{
	size_t n;
	const rd_kafka_group_result_t **list =
	    rd_kafka_DeleteGroups_result_groups(
		rd_kafka_event_DeleteGroups_result(ev), &n);

	make_room(r, n);
	for (size_t i = 0; i < n; i++) {
		const rd_kafka_error_t *e =
		    rd_kafka_group_result_error(list[i]);

		(void)add(r, rd_kafka_group_result_name(list[i]), code_of(e),
		    e == NULL ? NULL : rd_kafka_error_string(e));
	}
}

static const struct {
	rd_kafka_event_type_t type;
	void (*read)(struct reading *r, rd_kafka_event_t *ev);
} readers[] = {
	{ RD_KAFKA_EVENT_CREATETOPICS_RESULT, read_created },
	{ RD_KAFKA_EVENT_DELETETOPICS_RESULT, read_deleted },
	{ RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT, read_topics },
	{ RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT, read_configs },
	{ RD_KAFKA_EVENT_LISTOFFSETS_RESULT, read_offsets },
	{ RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT, read_listed_group },
	{ RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT, read_altered_group },
	{ RD_KAFKA_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT,
	    read_trimmed_group },
	{ RD_KAFKA_EVENT_DELETEGROUPS_RESULT, read_deleted_groups },
};

void
admin_answer(struct admin_call call, rd_kafka_event_t *ev)
{
	struct reading r = { .a = arena_new(CHUNK) };
	rd_kafka_resp_err_t code = rd_kafka_event_error(ev);

	r.answer.code = (int)code;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		(void)ps_fail(&r.answer.error, kerror_class(code), "%s (%s)",
		    rd_kafka_event_error_string(ev), rd_kafka_err2name(code));
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		if (code == RD_KAFKA_RESP_ERR_NO_ERROR &&
		    readers[i].type == rd_kafka_event_type(ev))
			readers[i].read(&r, ev);
	r.answer.items = r.items;
	call.fn(call.ctx, &r.answer);
	arena_free(&r.a);
}
