#include "scribe/heal.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/dict.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "kafka/topiclog.h"

enum { SLICE_MS = 100, CLOSE_MS = 1000 };

/* The last records of a key. */
struct last {
	int64_t offset;    /* in the log */
	int64_t committed; /* of those that hold, -1: none */
	char *value;       /* of that, NULL: null */
	size_t value_len;
};

struct heal {
	struct dict *keys; /* struct last */
	struct heal_record *records;
	size_t count;
};

/* One reading of the log. */
struct reading {
	struct heal *heal;
	bool is_done;
	struct ps_error error;
};

/* ---- who acts on it ---------------------------------------------------- */

/* Kafka Connect skips what is ours, and takes requests for what they are
 * only when they are new. */
static const char *const without_effect[] = {
	"penstock-",
	"restart-connector-",
	"logger-cluster-",
};

static bool
has_effect(const char *key)
{
	for (size_t i = 0; i < sizeof without_effect / sizeof *without_effect;
	     i++)
		if (text_starts(key, without_effect[i]))
			return false;
	return true;
}

/* ---- reading ----------------------------------------------------------- */

static void
on_any(void *ctx, const struct topiclog_record *r)
{
	struct dict *keys = ((struct reading *)ctx)->heal->keys;
	struct last *last;

	if (r->key == NULL)
		return;
	last = dict_get(keys, r->key, r->key_len);
	if (last == NULL) {
		last = xcalloc(1, sizeof *last);
		last->committed = -1;
		(void)dict_put(keys, r->key, r->key_len, last);
	}
	last->offset = r->offset;
}

/* What came since the first reading is behind what that has seen. */
static void
on_committed(void *ctx, const struct topiclog_record *r)
{
	struct dict *keys = ((struct reading *)ctx)->heal->keys;
	struct last *last =
	    r->key == NULL ? NULL : dict_get(keys, r->key, r->key_len);

	if (last == NULL)
		return;
	last->committed = r->offset;
	free(last->value);
	last->value = NULL;
	last->value_len = r->value_len;
	if (r->value != NULL && r->offset < last->offset) {
		last->value = xmalloc(r->value_len + 1);
		memcpy(last->value, r->value, r->value_len);
	}
}

static void
on_end(void *ctx, const struct ps_error *err)
{
	struct reading *own = ctx;

	own->is_done = true;
	if (err != NULL)
		own->error = *err;
}

static int
read_on(struct reading *own, struct topiclog_hub *hub, int limit_ms,
    struct ps_error *err)
{
	struct clock_ms start = clock_now();

	while (!own->is_done) {
		struct pollfd p = { topiclog_fd(hub), POLLIN, 0 };

		(void)poll(&p, 1, SLICE_MS);
		if (topiclog_serve(hub, err) != 0)
			return -1;
		if (!own->is_done && clock_since(start, clock_now()) > limit_ms)
			return ps_fail(err, PS_E_RETRY,
			    "not read to its end within %d ms: %s", limit_ms,
			    topiclog_trouble(hub));
	}
	if (own->error.code != PS_OK)
		return ps_fail(err, own->error.code, "%s", own->error.text);
	return 0;
}

struct way {
	enum topiclog_isolation isolation;
	topiclog_record_fn *fn;
};

static int
read_log(struct heal *h, const struct ps_config *settings, const char *topic,
    const struct way *way, int limit_ms, struct ps_error *err)
{
	struct reading own = { .heal = h };
	struct topiclog_reader reader = { way->fn, on_end, &own,
		TOPICLOG_FROM_START };
	struct topiclog_hub *hub =
	    topiclog_hub_new(settings, way->isolation, err);
	struct topiclog *log;
	int result;

	if (hub == NULL)
		return -1;
	log = topiclog_open(hub, topic, &reader, err);
	result = log == NULL ? -1 : read_on(&own, hub, limit_ms, err);
	topiclog_hub_free(&hub, CLOSE_MS);
	return result == 0 ? 0 : ps_fail_in(err, "topic %s", topic);
}

/* ---- what is hidden ---------------------------------------------------- */

static int
by_offset(const void *a, const void *b)
{
	const struct heal_record *x = a, *y = b;

	return (x->aborted > y->aborted) - (x->aborted < y->aborted);
}

static void
collect(struct heal *h)
{
	h->records = xcalloc(dict_count(h->keys) + 1, sizeof *h->records);
	for (const struct dict_entry *e = dict_first(h->keys); e != NULL;
	     e = dict_next(e)) {
		const struct last *last = dict_value(e);
		struct heal_record r = { .value = last->value,
			.value_len = last->value_len,
			.aborted = last->offset };

		r.key = dict_key(e, &r.key_len);
		if (last->committed < last->offset && has_effect(r.key))
			h->records[h->count++] = r;
	}
	qsort(h->records, h->count, sizeof *h->records, by_offset);
}

struct heal *
heal_read(const struct ps_config *settings, const char *topic, int limit_ms,
    struct ps_error *err)
{
	static const struct way ways[] = {
		{ TOPICLOG_UNCOMMITTED, on_any },
		{ TOPICLOG_SETTLED, on_committed },
	};
	struct heal *h = xcalloc(1, sizeof *h);
	int result = 0;

	h->keys = dict_new();
	for (size_t i = 0; i < 2 && result == 0; i++)
		result = read_log(h, settings, topic, &ways[i], limit_ms, err);
	if (result == 0)
		collect(h);
	else
		heal_free(&h);
	return h;
}

void
heal_free(struct heal **hp)
{
	struct heal *h = *hp;

	*hp = NULL;
	if (h == NULL)
		return;
	for (const struct dict_entry *e = dict_first(h->keys); e != NULL;
	     e = dict_next(e)) {
		struct last *last = dict_value(e);

		free(last->value);
		free(last);
	}
	dict_free(&h->keys);
	free(h->records);
	free(h);
}

size_t
heal_count(const struct heal *h)
{
	return h->count;
}

const struct heal_record *
heal_at(const struct heal *h, size_t i)
{
	return &h->records[i];
}
