#include "letters/letters.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/js.h"
#include "base/text.h"
#include "config/map.h"
#include "kafka/conf.h"
#include "letters/letter_view.h"
#include "letters/replayed.h"

enum {
	CALL_MS = 10000,
	READ_MS = 15000,
	LIMIT = 50,
	LIMIT_MAX = 1000,
	HEADERS_MAX = 1000,
	CHUNK = 16 << 10
};
/* Of one answer, as JSON; well below CHANNEL_FRAME_MAX. */
#define ANSWER_MAX ((size_t)3 << 20)

/* ---- one letter -------------------------------------------------------- */

static const char *
text_of(struct ps_arena *a, const struct consumer_header *h)
{
	return h->value == NULL ? NULL
				: ps_strndup(a, (const char *)h->value, h->len);
}

static int64_t
number_of(struct ps_arena *a, const struct consumer_header *h)
{
	const char *text = text_of(a, h);
	int64_t n;

	return text != NULL && text_int64(text, 0, INT64_MAX, &n) == 0 ? n : -1;
}

static void
note(struct letter_context *c, struct ps_arena *a,
    const struct consumer_header *h)
{
	const struct {
		const char *name;
		const char **text;
		int64_t *number;
	} rows[] = {
		{ LETTERS_CONTEXT "topic", &c->topic, NULL },
		{ LETTERS_CONTEXT "partition", NULL, &c->partition },
		{ LETTERS_CONTEXT "offset", NULL, &c->offset },
		{ LETTERS_CONTEXT "connector.name", &c->connector, NULL },
		{ LETTERS_CONTEXT "task.id", NULL, &c->task },
		{ LETTERS_CONTEXT "stage", &c->stage, NULL },
		{ LETTERS_CONTEXT "class.name", &c->class_name, NULL },
		{ LETTERS_CONTEXT "exception.class.name", &c->exception, NULL },
		{ LETTERS_CONTEXT "exception.message", &c->message, NULL },
		{ LETTERS_CONTEXT "source.partition", &c->source_partition,
		    NULL },
		{ LETTERS_CONTEXT "source.offset", &c->source_offset, NULL },
		{ LETTERS_REPLAYS, NULL, &c->replays },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].name, h->name) != 0)
			continue;
		if (rows[i].text != NULL)
			*rows[i].text = text_of(a, h);
		else if (rows[i].number != NULL)
			*rows[i].number = number_of(a, h);
	}
}

struct letter_context
letter_context(struct ps_arena *a, const struct consumer_record *r)
{
	struct letter_context c = { .partition = -1,
		.offset = -1,
		.task = -1,
		.replays = -1 };
	struct consumer_header h[HEADERS_MAX];
	size_t n = consumer_headers(r, h, HEADERS_MAX);

	for (size_t i = 0; i < n && i < HEADERS_MAX; i++)
		note(&c, a, &h[i]);
	if (c.replays < 0)
		c.replays = 0;
	return c;
}

bool
letter_is_of(const struct letter_context *c, const char *connector)
{
	return c->connector == NULL || strcmp(c->connector, connector) == 0;
}

/* ---- where they are ---------------------------------------------------- */

const char *
letters_topic(const struct settings *s)
{
	return ps_config_str(&s->common, "errors.deadletterqueue.topic.name");
}

const char *
letters_group(const struct settings *s)
{
	return ps_printf(s->arena, "penstock-dead-letters-%s", s->connector);
}

struct reader *
letters_reader(const struct settings *s, struct ps_error *err)
{
	const struct conf_owner owner = { &s->worker, &s->config, s->connector,
		-1 };
	struct ps_config c = conf_settings(s->arena, CONF_OFFSETS, &owner);

	c = config_with(s->arena, &c, "group.id", letters_group(s));
	return reader_new(&c, err);
}

/* ---- a page ------------------------------------------------------------ */

struct page {
	const struct settings *settings;
	const char *topic;
	struct reader *reader;
	struct mask mask;
	int64_t limit;
	struct consumer_position at; /* where it goes on */
	struct clock_ms start;
	json_t *letters, *partitions;
	size_t bytes;
	bool is_full;
};

/* "<partition>:<offset>", as `next` has it. */
static int
read_cursor(struct page *p, const json_t *args, struct ps_error *err)
{
	const char *text = js_opt_str(args, "cursor"), *colon;
	int64_t partition, offset;

	if (text == NULL)
		return 0;
	colon = strchr(text, ':');
	if (colon == NULL ||
	    text_int64(
		ps_strndup(p->settings->arena, text, (size_t)(colon - text)), 0,
		INT32_MAX, &partition) != 0 ||
	    text_int64(colon + 1, 0, INT64_MAX, &offset) != 0)
		return ps_fail(err, PS_E_DATA,
		    "cursor %.40s: expected <partition>:<offset>", text);
	p->at.partition = (int32_t)partition;
	p->at.offset = offset;
	return 0;
}

static int
read_args(struct page *p, struct redact *redact, const json_t *args,
    struct ps_error *err)
{
	p->limit = js_opt_int(args, "limit", LIMIT);
	if (p->limit < 1 || p->limit > LIMIT_MAX)
		return ps_fail(err, PS_E_DATA, "limit %lld: expected 1 to %d",
		    (long long)p->limit, LIMIT_MAX);
	if (read_cursor(p, args, err) != 0)
		return -1;
	return mask_init(&p->mask, json_object_get(args, "mask"), redact, err);
}

static void
add(struct page *p, const struct consumer_record *r)
{
	struct ps_arena *a = arena_new(CHUNK);
	struct letter_context c = letter_context(a, r);
	json_t *one;

	p->at.offset = r->offset + 1;
	if (letter_is_of(&c, p->settings->connector)) {
		one = letter_view(&p->mask, a, r, &c);
		p->bytes += json_dumpb(one, NULL, 0, JSON_COMPACT);
		(void)json_array_append_new(p->letters, one);
	}
	arena_free(&a);
	p->is_full = (int64_t)json_array_size(p->letters) >= p->limit ||
		     p->bytes > ANSWER_MAX;
}

/* What is left of the partition; 1: it was read to its end. */
static int
read_partition(struct page *p, int64_t end, struct ps_error *err)
{
	struct consumer_record r;
	int got;

	if (p->at.offset >= end)
		return 1;
	if (reader_start(p->reader, &p->at, err) != 0)
		return -1;
	while (!p->is_full) {
		int64_t left = READ_MS - clock_since(p->start, clock_now());

		got = reader_next(p->reader, left > 0 ? (int)left : 0, &r, err);
		if (got == 0)
			return 1;
		if (got < 0 && json_array_size(p->letters) > 0) {
			ps_error_clear(err); /* what there is, is a page */
			return 0;
		}
		if (got < 0)
			return -1;
		add(p, &r);
	}
	return 0;
}

static int
describe(struct page *p, int32_t partition, int64_t range[2],
    struct ps_error *err)
{
	struct consumer_position put_back = { .topic = p->topic,
		.partition = partition };
	const char *beside;

	if (reader_range(p->reader, p->topic, partition, CALL_MS, range, err) !=
		0 ||
	    reader_committed(p->reader, &put_back, CALL_MS, p->settings->arena,
		&beside, err) != 0)
		return -1;
	(void)json_array_append_new(p->partitions,
	    json_pack("{s:i, s:I, s:I, s:I, s:s}", "partition", (int)partition,
		"first", (json_int_t)range[0], "end", (json_int_t)range[1],
		"replayed",
		(json_int_t)(put_back.offset < 0 ? 0 : put_back.offset),
		"replayed_beyond", beside));
	return 0;
}

static int
read_page(struct page *p, int count, struct ps_error *err)
{
	int64_t range[2];
	int ended = 1;

	for (int i = 0; i < count; i++) {
		if (describe(p, i, range, err) != 0)
			return -1;
		if (i < p->at.partition || ended != 1)
			continue;
		if (i > p->at.partition)
			p->at.offset = 0;
		p->at.partition = i;
		if (p->at.offset < range[0])
			p->at.offset = range[0];
		ended = read_partition(p, range[1], err);
		if (ended < 0)
			return -1;
	}
	if (ended == 1)
		p->at.partition = -1;
	return 0;
}

static json_t *
answer_of(struct page *p)
{
	json_t *next = json_null();

	if (p->at.partition >= 0)
		next = js_str(ps_printf(p->settings->arena, "%d:%lld",
		    (int)p->at.partition, (long long)p->at.offset));
	return json_pack("{s:o, s:o, s:o, s:o}", "topic",
	    p->topic[0] == '\0' ? json_null() : js_str(p->topic), "letters",
	    p->letters, "next", next, "partitions", p->partitions);
}

json_t *
letters_list(const struct settings *s, struct redact *redact,
    const json_t *args, struct ps_error *err)
{
	struct page p = { .settings = s,
		.topic = letters_topic(s),
		.start = clock_now(),
		.letters = json_array(),
		.partitions = json_array() };
	int count = 0, result = read_args(&p, redact, args, err);

	p.at.topic = p.topic;
	if (result == 0 && p.topic[0] != '\0') {
		p.reader = letters_reader(s, err);
		result = p.reader == NULL ? -1
					  : reader_partitions(p.reader, p.topic,
						CALL_MS, &count, err);
		/* Made with the first letter. */
		if (result != 0 && err->code == PS_E_DATA) {
			ps_error_clear(err);
			result = 0;
		}
	}
	if (result == 0)
		result = read_page(&p, count, err);
	reader_free(&p.reader);
	mask_fini(&p.mask);
	if (result == 0)
		return answer_of(&p);
	json_decref(p.letters);
	json_decref(p.partitions);
	return NULL;
}
