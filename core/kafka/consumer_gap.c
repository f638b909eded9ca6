#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "kafka/consumer_impl.h"

#define WATERMARK_MS 5000
/* In librdkafka's text of a log that no longer has what was read, and only
 * there: where the part of the log that is still the same ends, or -1. */
#define CUT_AT "broker end offset is "

static bool
is_cut_off(const char *text, int64_t *cut_at)
{
	const char *found = strstr(text, CUT_AT);
	char number[24];
	size_t n;

	*cut_at = -1;
	if (found == NULL)
		return false;
	found += strlen(CUT_AT);
	n = strspn(found, "0123456789");
	if (n < sizeof number) {
		(void)snprintf(number, sizeof number, "%.*s", (int)n, found);
		if (text_int64(number, 0, INT64_MAX, cut_at) != 0)
			*cut_at = -1;
	}
	return true;
}

/* A start at the beginning that the log's retention overtook begins again;
 * anything else is a gap. */
void
consumer_note_reset(struct consumer *c, struct consumer_part *p,
    const rd_kafka_message_t *m)
{
	struct consumer_position start = p->position;

	if (!p->moved && start.offset < 0) {
		(void)consumer_seek(c, &start, 1, WATERMARK_MS, NULL);
		return;
	}
	c->gap = *p;
	c->gap_why = is_cut_off(rd_kafka_message_errstr(m), &c->cut_at)
			 ? GAP_CUT_OFF
			 : GAP_REMOVED;
}

/* Says which records are gone, from the first to the last that is known. */
static void
explain_removed(const struct consumer_position *p, const int64_t log[2],
    struct ps_error *why)
{
	const char *topic = p->topic;
	long long wanted = p->offset, low = log[0], high = log[1];
	int part = p->partition;

	if (low >= 0 && wanted < low)
		(void)ps_fail(why, PS_E_GAP,
		    "GAP: offsets %lld to %lld of topic %s, partition %d are "
		    "gone: the log begins at %lld",
		    wanted, low - 1, topic, part, low);
	else if (low >= 0 && wanted > high)
		(void)ps_fail(why, PS_E_GAP,
		    "GAP: offsets %lld to %lld of topic %s, partition %d, read "
		    "before, are gone: the log ends at %lld",
		    high, wanted - 1, topic, part, high);
	else
		(void)ps_fail(why, PS_E_GAP,
		    "GAP: topic %s, partition %d has no offset %lld any more",
		    topic, part, wanted);
}

static void
explain_cut(const struct consumer_position *p, int64_t cut_at,
    struct ps_error *why)
{
	long long wanted = p->offset, cut = cut_at;

	if (cut < 0)
		(void)ps_fail(why, PS_E_GAP,
		    "GAP: the log of topic %s, partition %d was cut off after "
		    "it had been read up to offset %lld, as by an unclean "
		    "leader election: some of the offsets before are other "
		    "records now",
		    p->topic, (int)p->partition, wanted);
	else
		(void)ps_fail(why, PS_E_GAP,
		    "GAP: the log of topic %s, partition %d was cut off at "
		    "offset %lld after it had been read up to %lld, as by an "
		    "unclean leader election: offsets %lld to %lld are other "
		    "records now",
		    p->topic, (int)p->partition, cut, wanted, cut, wanted - 1);
}

static void
explain(struct consumer *c, const struct consumer_position *p,
    struct consumer_event *out)
{
	int64_t log[2] = { -1, -1 };

	out->gap_end = -1;
	switch (c->gap_why) {
	case GAP_CREATED_AGAIN:
		(void)ps_fail(&out->error, PS_E_GAP,
		    "GAP: topic %s was deleted and created again: what was in "
		    "partition %d from offset %lld on is gone",
		    p->topic, (int)p->partition, (long long)p->offset);
		break;
	case GAP_CUT_OFF:
		out->gap_end = c->cut_at;
		explain_cut(p, c->cut_at, &out->error);
		break;
	case GAP_REMOVED:
		(void)rd_kafka_query_watermark_offsets(c->rk, p->topic,
		    p->partition, &log[0], &log[1], WATERMARK_MS);
		out->gap_end = p->offset < log[0] ? log[0] : log[1];
		explain_removed(p, log, &out->error);
		break;
	}
}

int
consumer_tell_gap(struct consumer *c, struct consumer_event *out)
{
	c->told = xrealloc(c->told, sizeof *c->told);
	*c->told = c->gap.position;
	out->what = CONSUMER_GAP;
	out->positions = c->told;
	out->position_count = 1;
	explain(c, c->told, out);
	c->gap.position.topic = NULL;
	c->gap_why = GAP_REMOVED;
	return 1;
}
