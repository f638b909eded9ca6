#include <librdkafka/rdkafka.h>

#include "base/js.h"
#include "kafka/admin.h"
#include "worker/request.h"

/* Who waits for it can do without. */
#define LIMIT_MS 3000

/* ---- which there are ---------------------------------------------------- */

static void
on_described(void *ctx, const struct admin_answer *answer)
{
	struct request *rq = ctx;
	json_t *missing;

	if (answer->error.code != PS_OK) {
		request_refuse(rq, ANSWER_FAILED, "%s", answer->error.text);
		return;
	}
	missing = json_array();
	for (size_t i = 0; i < answer->count; i++)
		if (answer->items[i].code ==
		    (int)RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
			(void)json_array_append_new(missing,
			    js_str(answer->items[i].name));
	request_answer(rq,
	    &(struct answer){ .kind = ANSWER_DONE, .json = missing });
	json_decref(missing);
}

void
request_topics(struct request *rq)
{
	struct admin *admin = journal_admin(worker_journal(rq->w));
	size_t count = json_array_size(rq->doc), n = 0, i;
	const char **names = ps_calloc(rq->a, count + 1, sizeof *names);
	const json_t *one;

	json_array_foreach(rq->doc, i, one)
	{
		if (json_string_value(one) != NULL)
			names[n++] = json_string_value(one);
	}
	if (n == 0)
		request_answer(rq,
		    &(struct answer){ .kind = ANSWER_DONE, .json = rq->doc });
	else if (admin == NULL)
		request_refuse(rq, ANSWER_FAILED, "there is no Kafka to ask");
	else
		admin_describe_topics(admin, names, n,
		    (struct admin_call){ on_described, rq, LIMIT_MS });
}

/* ---- active topics are forgotten --------------------------------------- */

struct topic_records {
	struct request *rq;
	struct store_pair *items;
	size_t count;
};

static void
count_topic(void *ctx, const struct status_topic *t)
{
	(void)t;
	((struct topic_records *)ctx)->count++;
}

static void
add_topic(void *ctx, const struct status_topic *t)
{
	struct topic_records *r = ctx;

	r->items[r->count++] =
	    statuses_delete_topic(r->rq->a, t->connector, t->topic);
}

void
request_reset_topics(struct request *rq)
{
	const struct statuses *all = journal_statuses(worker_journal(rq->w));
	struct topic_records r = { .rq = rq };

	statuses_each_topic(all, rq->spec.connector, count_topic, &r);
	r.items = ps_calloc(rq->a, r.count + 1, sizeof *r.items);
	r.count = 0;
	statuses_each_topic(all, rq->spec.connector, add_topic, &r);
	request_append(rq, JOURNAL_STATUS,
	    &(struct store_pairs){ r.items, r.count }, ANSWER_DONE);
}
