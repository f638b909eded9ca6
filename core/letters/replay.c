#include "letters/replay.h"

#include <stdlib.h>
#include <string.h>

#include <penstock/record.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/js.h"
#include "base/text.h"
#include "config/map.h"
#include "kafka/conf.h"
#include "letters/letters.h"
#include "letters/replay_chain.h"
#include "letters/replay_put.h"
#include "letters/replayed.h"
#include "letters/samples.h"
#include "record/batch.h"

enum {
	CALL_MS = 10000,
	RUN_MS = 55000,
	NEXT_MS = 15000,
	LIMIT = 1000,
	LIMIT_MAX = 10000,
	MAX_REPLAYS = 3,
	SKIPPED_MAX = 1000,
	CHUNK = 16 << 10,
	TOGETHER = 500 /* of one transaction */
};
#define TOGETHER_BYTES ((size_t)4 << 20)

struct replay {
	const struct settings *settings;
	const char *topic;     /* of the letters */
	const json_t *offsets; /* NULL: all */
	bool dry_run, again;
	const char *to; /* NULL: each one's own */
	int64_t max_replays, limit;
	struct clock_ms start;
	struct reader *reader;
	struct replay_put *put;     /* NULL: a dry run */
	struct replay_chain *chain; /* of a source; NULL: a sink's letters */
	json_t *skipped, *partitions;
	int64_t count; /* put back */
	bool more;
};

/* ---- what is asked ----------------------------------------------------- */

static int
check_offsets(const json_t *list, struct ps_error *err)
{
	static const char *const known[] = { "partition", "offset", NULL };
	int64_t n;

	if (!json_is_array(list) || json_array_size(list) == 0 ||
	    json_array_size(list) > LIMIT_MAX)
		return ps_fail(err, PS_E_DATA,
		    "offsets: expected an array of 1 to %d", LIMIT_MAX);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		if (js_check_members(one, known, err) != 0 ||
		    js_get_int(one, "partition", &n, err) != 0 ||
		    js_get_int(one, "offset", &n, err) != 0)
			return ps_fail_in(err, "offsets[%zu]", i);
	}
	return 0;
}

static int
get_number(const json_t *args, const char *name, int64_t max, int64_t *out,
    struct ps_error *err)
{
	*out = js_opt_int(args, name, *out);
	if (*out < 1 || *out > max)
		return ps_fail(err, PS_E_DATA, "%s %lld: expected 1 to %lld",
		    name, (long long)*out, (long long)max);
	return 0;
}

static int
read_args(struct replay *p, const json_t *args, struct ps_error *err)
{
	static const char *const known[] = { "all", "offsets", "dry_run",
		"again", "topic", "max_replays", "limit", NULL };
	bool all = json_is_true(json_object_get(args, "all"));

	p->limit = LIMIT;
	p->max_replays = MAX_REPLAYS;
	p->offsets = json_object_get(args, "offsets");
	p->dry_run = json_is_true(json_object_get(args, "dry_run"));
	p->again = json_is_true(json_object_get(args, "again"));
	p->to = js_opt_str(args, "topic");
	if (js_check_members(args, known, err) != 0 ||
	    get_number(args, "limit", LIMIT_MAX, &p->limit, err) != 0 ||
	    get_number(args, "max_replays", INT32_MAX, &p->max_replays, err) !=
		0)
		return -1;
	if (all == (p->offsets != NULL))
		return ps_fail(err, PS_E_DATA,
		    "say which: \"all\": true, or \"offsets\": "
		    "[{\"partition\", "
		    "\"offset\"}, ...]");
	if (p->again && all)
		return ps_fail(err, PS_E_DATA,
		    "again: it is for offsets, not for all");
	return p->offsets == NULL ? 0 : check_offsets(p->offsets, err);
}

static bool
is_asked_for(const struct replay *p, int32_t partition, int64_t offset)
{
	const json_t *one;

	if (p->offsets == NULL)
		return true;
	for (size_t i = 0; i < json_array_size(p->offsets); i++) {
		one = json_array_get(p->offsets, i);
		if (js_opt_int(one, "partition", -1) == partition &&
		    js_opt_int(one, "offset", -1) == offset)
			return true;
	}
	return false;
}

/* The offsets of a partition that are asked for lie in here. */
static void
narrow(const struct replay *p, int32_t partition, int64_t range[2])
{
	int64_t first = range[1], last = range[0] - 1;

	for (size_t i = 0; i < json_array_size(p->offsets); i++) {
		const json_t *one = json_array_get(p->offsets, i);
		int64_t offset = js_opt_int(one, "offset", -1);

		if (js_opt_int(one, "partition", -1) != partition)
			continue;
		if (offset < first)
			first = offset;
		if (offset > last)
			last = offset;
	}
	if (p->offsets == NULL)
		return;
	range[0] = first > range[0] ? first : range[0];
	range[1] = last + 1 < range[1] ? last + 1 : range[1];
}

/* ---- one letter -------------------------------------------------------- */

static void
skip(struct replay *p, int32_t partition, int64_t offset, const char *why)
{
	if (json_array_size(p->skipped) < SKIPPED_MAX)
		(void)json_array_append_new(p->skipped,
		    json_pack("{s:i, s:I, s:o}", "partition", (int)partition,
			"offset", (json_int_t)offset, "reason", js_str(why)));
}

/* Has it had its tries? */
static const char *
worn_out(const struct replay *p, struct ps_arena *a,
    const struct letter_context *c)
{
	if (c->replays < p->max_replays)
		return NULL;
	return ps_printf(a, "it was put back %lld times, max_replays is %lld",
	    (long long)c->replays, (long long)p->max_replays);
}

/* NULL: it goes to `to`. */
static const char *
refusal(const struct replay *p, struct ps_arena *a,
    const struct letter_context *c, const char **to)
{
	const struct settings *s = p->settings;
	const char *topics = ps_config_str(&s->common, "topics");

	*to = p->to != NULL ? p->to : c->topic;
	if (*to == NULL && topics[0] != '\0' && strchr(topics, ',') == NULL)
		*to = text_trim(a, topics);
	if (*to == NULL)
		return "no header says of which topic it was: give a topic";
	if (!replay_may_go_to(s, *to))
		return ps_printf(a, "%s is no topic that the connector reads",
		    *to);
	return worn_out(p, a, c);
}

/* 1: it is sent (or would be); 0: it is skipped. */
static int
put(struct replay *p, struct ps_batch *b, const struct ps_record *letter,
    const struct ps_record *out, const struct replay_to *to,
    struct ps_error *err)
{
	struct ps_error unsendable = { 0 };

	if (p->put == NULL ||
	    replay_put(p->put, b->arena, out, to, &unsendable) == 0)
		return 1;
	if (unsendable.code != PS_E_DATA)
		return ps_fail(err, unsendable.code, "%s", unsendable.text);
	skip(p, letter->origin_partition, letter->origin_offset,
	    unsendable.text);
	return 0;
}

/* A sink's: the bytes go back where they came from. 0: it counts as put back
 * or passed. */
static int
take(struct replay *p, struct ps_batch *b, const struct ps_record *r,
    const struct letter_context *c, struct ps_error *err)
{
	struct replay_to to = { .replays = c->replays + 1 };
	const char *why = refusal(p, b->arena, c, &to.topic);
	int sent;

	if (why != NULL) {
		skip(p, r->origin_partition, r->origin_offset, why);
		return 0;
	}
	to.partition = c->topic != NULL && strcmp(to.topic, c->topic) == 0
			   ? (int32_t)c->partition
			   : PS_NO_PARTITION;
	sent = put(p, b, r, r, &to, err);
	p->count += sent == 1;
	return sent < 0 ? -1 : 0;
}

/* It fails again: it is another letter, and this one is settled. */
static int
fail_again(struct replay *p, struct ps_batch *b, const struct ps_record *letter,
    const struct letter_context *c, const struct ps_failure *f,
    struct ps_error *err)
{
	const struct replay_to to = { .topic = p->topic,
		.partition = letter->origin_partition,
		.replays = c->replays + 1,
		.keeps_context = true };
	struct ps_record out = replay_chain_letter(b, letter, f);

	if (f->error.code == PS_E_RETRY || f->error.code == PS_E_CONFIG)
		return ps_fail(err, f->error.code, "stage %s of %s: %s",
		    stage_name(f->stage), f->class_name, f->error.text);
	skip(p, letter->origin_partition, letter->origin_offset,
	    ps_printf(b->arena,
		"it fails again, as a letter of its own: "
		"stage %s of %s: %s",
		stage_name(f->stage), f->class_name, f->error.text));
	return put(p, b, letter, &out, &to, err) < 0 ? -1 : 0;
}

/* A source's: the record goes the whole way again. */
static int
take_polled(struct replay *p, struct ps_batch *b, const struct ps_record *r,
    const struct letter_context *c, struct ps_error *err)
{
	struct ps_error unread = { 0 };
	const struct ps_record *out = NULL;
	const char *why = worn_out(p, b->arena, c);
	struct replay_to to = { .replays = 0 };
	int sent;

	if (why == NULL && c->topic == NULL)
		why = "no header says of which topic it was";
	if (why == NULL) {
		out = replay_chain_run(p->chain, b, r, c, &unread);
		why = out == NULL ? unread.text : NULL;
	}
	if (out != NULL && out->outcome == PS_FAILED)
		return fail_again(p, b, r, c, out->failure, err);
	if (out != NULL && out->outcome == PS_DROPPED)
		why = "a transform drops it";
	if (why == NULL &&
	    (out->topic == NULL || !replay_may_go_to(p->settings, out->topic)))
		why = ps_printf(b->arena, "%s is no topic for records",
		    out->topic == NULL ? "null" : out->topic);
	if (why != NULL) {
		skip(p, r->origin_partition, r->origin_offset, why);
		return 0;
	}
	to.topic = out->topic;
	to.partition = out->partition;
	sent = put(p, b, r, out, &to, err);
	p->count += sent == 1;
	return sent < 0 ? -1 : 0;
}

/* ---- a transaction ----------------------------------------------------- */

/* Some letters of a partition, in their order. */
struct some {
	struct ps_batch *batch;
	struct letter_context *contexts;
	int64_t next; /* behind all that was looked at */
	bool at_end;
};

static bool
has_room(const struct replay *p, const struct some *s, size_t bytes)
{
	return s->batch->count < TOGETHER && bytes < TOGETHER_BYTES &&
	       p->count + (int64_t)s->batch->count < p->limit &&
	       clock_since(p->start, clock_now()) < RUN_MS;
}

static bool
is_for_now(struct replay *p, const struct replayed *done,
    const struct consumer_record *r, const struct letter_context *c)
{
	const char *why = NULL;

	if (!is_asked_for(p, r->partition, r->offset))
		return false;
	if (!letter_is_of(c, p->settings->connector))
		why = "it is another connector's";
	else if (replayed_has(done, r->offset) && !p->again)
		why = "it was put back already";
	if (why != NULL && p->offsets != NULL)
		skip(p, r->partition, r->offset, why);
	return why == NULL;
}

static int
gather(struct replay *p, const struct replayed *done, int64_t end,
    struct some *s, struct ps_error *err)
{
	struct ps_arena *a = s->batch->arena;
	struct consumer_record r = { .offset = -1 };
	size_t bytes = 0;
	int got = 1;

	s->contexts = (struct letter_context *)ps_calloc(a, TOGETHER,
	    sizeof *s->contexts);
	while (has_room(p, s, bytes)) {
		got = reader_next(p->reader, NEXT_MS, &r, err);
		if (got < 0)
			return -1;
		if (got == 0 || r.offset >= end)
			break;
		s->next = r.offset + 1;
		s->contexts[s->batch->count] = letter_context(a, &r);
		if (!is_for_now(p, done, &r, &s->contexts[s->batch->count]))
			continue;
		(void)samples_take(s->batch, &r);
		bytes += r.key_len + r.value_len;
	}
	s->at_end = got == 0 || s->next >= end || r.offset >= end;
	return 0;
}

static int
commit(struct replay *p, struct replayed *done, int32_t partition,
    const struct some *s, struct ps_error *err)
{
	struct replay_progress at = { p->topic, partition, done->next, NULL };

	at.beyond = replayed_text(done, s->batch->arena);
	if (at.beyond == NULL)
		return ps_fail(err, PS_E_DATA,
		    "too many single letters of %s-%d were put back: replay "
		    "those from offset %lld on first",
		    p->topic, (int)partition, (long long)done->next);
	return replay_commit(p->put, &at, err);
}

static int
put_batch(struct replay *p, struct replayed *done, int32_t partition,
    struct some *s, struct ps_error *err)
{
	int64_t before = p->count;

	if (p->put != NULL && replay_begin(p->put, err) != 0)
		return -1;
	for (size_t i = 0; i < s->batch->count; i++) {
		const struct ps_record *r = &s->batch->records[i];

		if ((p->chain == NULL ? take : take_polled)(p, s->batch, r,
			&s->contexts[i], err) < 0)
			return -1;
		replayed_add(done, r->origin_offset);
	}
	if (p->offsets == NULL)
		replayed_up_to(done, s->next);
	if (p->put == NULL || commit(p, done, partition, s, err) == 0)
		return 0;
	p->count = before;
	return -1;
}

/* The producer sends from the batch, which must outlive what is on its way. */
static int
put_some(struct replay *p, struct replayed *done, int32_t partition,
    struct some *s, struct ps_error *err)
{
	if (put_batch(p, done, partition, s, err) == 0)
		return 0;
	replay_put_free(&p->put);
	return -1;
}

/* ---- a partition ------------------------------------------------------- */

static int
run_from(struct replay *p, struct replayed *done, int32_t partition,
    const int64_t range[2], struct ps_error *err)
{
	struct consumer_position from = { .topic = p->topic,
		.partition = partition,
		.offset = range[0] };
	struct some s = { .next = range[0] };
	int result = 0;

	if (p->offsets == NULL && done->next > from.offset)
		from.offset = done->next;
	if (from.offset >= range[1])
		return 0;
	if (reader_start(p->reader, &from, err) != 0)
		return -1;
	while (result == 0 && !s.at_end && !p->more) {
		s.batch = batch_new(CHUNK);
		result = gather(p, done, range[1], &s, err);
		if (result == 0 && (s.batch->count > 0 || p->offsets == NULL))
			result = put_some(p, done, partition, &s, err);
		batch_free(&s.batch);
		p->more = !s.at_end &&
			  (p->count >= p->limit ||
			      clock_since(p->start, clock_now()) >= RUN_MS);
	}
	return result;
}

static int
run_partition(struct replay *p, int32_t partition, struct ps_error *err)
{
	struct ps_arena *a = arena_new(CHUNK);
	struct consumer_position at = { .topic = p->topic,
		.partition = partition };
	struct replayed done;
	const char *beyond;
	int64_t range[2];
	int result = -1;

	if (reader_range(p->reader, p->topic, partition, CALL_MS, range, err) ==
		0 &&
	    reader_committed(p->reader, &at, CALL_MS, a, &beyond, err) == 0) {
		replayed_init(&done, a, at.offset, beyond);
		replayed_up_to(&done, range[0]);
		narrow(p, partition, range);
		result = run_from(p, &done, partition, range, err);
	}
	if (result == 0)
		(void)json_array_append_new(p->partitions,
		    json_pack("{s:i, s:I, s:o}", "partition", (int)partition,
			"replayed", (json_int_t)done.next, "replayed_beyond",
			js_str(replayed_text(&done, a))));
	arena_free(&a);
	return result;
}

static int
run_all(struct replay *p, struct ps_error *err)
{
	int count = 0;

	p->reader = letters_reader(p->settings, err);
	if (p->reader == NULL ||
	    reader_partitions(p->reader, p->topic, CALL_MS, &count, err) != 0)
		return -1;
	/* Ends what another replay has begun, before its progress is read. */
	if (!p->dry_run) {
		p->put = replay_put_new(p->settings, letters_group(p->settings),
		    err);
		if (p->put == NULL)
			return -1;
	}
	for (int i = 0; i < count && !p->more; i++)
		if (run_partition(p, i, err) != 0)
			return -1;
	return 0;
}

static int
open_chain(struct replay *p, const struct ps_host *h, struct ps_error *err)
{
	if (p->to != NULL)
		return ps_fail(err, PS_E_DATA,
		    "topic %s: a source's letters go where its transforms say",
		    p->to);
	p->chain = replay_chain_new(p->settings, h, err);
	return p->chain == NULL ? -1 : 0;
}

json_t *
replay_run(const struct settings *s, const struct ps_host *h,
    const json_t *args, struct ps_error *err)
{
	struct replay p = { .settings = s,
		.topic = letters_topic(s),
		.start = clock_now(),
		.skipped = json_array(),
		.partitions = json_array() };
	int result = read_args(&p, args, err);

	if (result == 0 && p.topic[0] == '\0')
		result = ps_fail(err, PS_E_CONFIG,
		    "the connector has no dead letter topic "
		    "(errors.deadletterqueue.topic.name)");
	if (result == 0 && !settings_is_sink(s))
		result = open_chain(&p, h, err);
	if (result == 0)
		result = run_all(&p, err);
	replay_put_free(&p.put);
	replay_chain_free(&p.chain);
	reader_free(&p.reader);
	if (result == 0)
		return json_pack("{s:s, s:b, s:I, s:o, s:b, s:o}", "topic",
		    p.topic, "dry_run", p.dry_run, "replayed",
		    (json_int_t)p.count, "skipped", p.skipped, "more", p.more,
		    "partitions", p.partitions);
	json_decref(p.skipped);
	json_decref(p.partitions);
	return NULL;
}
