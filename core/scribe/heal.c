#include "scribe/heal.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/topiclog.h"

enum { SLICE_MS = 100, CLOSE_MS = 1000 };

/* One reading of the log. */
struct reading {
	struct hidden *hidden;
	topiclog_record_fn *take;
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
has_effect(void *ctx, const char *key, size_t len)
{
	(void)ctx;
	for (size_t i = 0; i < sizeof without_effect / sizeof *without_effect;
	     i++) {
		size_t prefix = strlen(without_effect[i]);

		if (len >= prefix &&
		    memcmp(key, without_effect[i], prefix) == 0)
			return false;
	}
	return true;
}

#define CONNECTOR_KEY "connector-"
#define COMMIT_KEY    "commit-"
#define NAME_MAX_LEN  1024

/* connector-NAME of commit-NAME and task-NAME-7; false: it is neither. */
static bool
owner_of(const char *key, char *owner, size_t room)
{
	size_t len = strlen(key), from;

	if (strncmp(key, COMMIT_KEY, sizeof COMMIT_KEY - 1) == 0) {
		from = sizeof COMMIT_KEY - 1;
	} else if (strncmp(key, "task-", 5) == 0) {
		from = 5;
		while (len > from && key[len - 1] >= '0' && key[len - 1] <= '9')
			len--;
		if (len <= from || key[--len] != '-')
			return false;
	} else {
		return false;
	}
	return (size_t)snprintf(owner, room, CONNECTOR_KEY "%.*s",
		   (int)(len - from), key + from) < room;
}

bool
heal_holds(const struct hidden *h, const struct hidden_record *r)
{
	char owner[NAME_MAX_LEN];

	return r->value != NULL && (!owner_of(r->key, owner, sizeof owner) ||
				       hidden_last_null(h, owner) < r->settled);
}

/* As JsonConverter writes it, and the leader. */
#define NO_TASKS "{\"tasks\":0}"

static bool
is_stop(const struct hidden_record *r)
{
	return strncmp(r->key, COMMIT_KEY, sizeof COMMIT_KEY - 1) == 0 &&
	       r->newest_len == sizeof NO_TASKS - 1 &&
	       memcmp(r->newest, NO_TASKS, r->newest_len) == 0;
}

/* Tasks that are written again stand behind the number that they belong to. */
static bool
hides_tasks(struct hidden *h, const struct hidden_record *commit)
{
	char owner[NAME_MAX_LEN], other[NAME_MAX_LEN];

	if (!owner_of(commit->key, owner, sizeof owner))
		return true;
	for (size_t i = 0; i < hidden_count(h); i++) {
		const struct hidden_record *r = hidden_at(h, i);

		if (r != commit && owner_of(r->key, other, sizeof other) &&
		    strcmp(owner, other) == 0)
			return true;
	}
	return false;
}

bool
heal_is_due(struct hidden *h, const struct hidden_record *r)
{
	return !is_stop(r) || !heal_holds(h, r) || hides_tasks(h, r);
}

/* ---- reading ----------------------------------------------------------- */

static void
on_record(void *ctx, const struct topiclog_record *r)
{
	const struct reading *own = ctx;

	own->take(own->hidden, r);
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
	topiclog_record_fn *take;
};

static int
read_log(struct hidden *h, const struct ps_config *settings, const char *topic,
    const struct way *way, int limit_ms, struct ps_error *err)
{
	struct reading own = { .hidden = h, .take = way->take };
	struct topiclog_reader reader = { on_record, on_end, &own,
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

struct hidden *
heal_read(const struct ps_config *settings, const char *topic, int limit_ms,
    struct ps_error *err)
{
	static const struct way ways[] = {
		{ TOPICLOG_UNCOMMITTED, hidden_take_any },
		{ TOPICLOG_SETTLED, hidden_take_settled },
	};
	struct hidden *h = hidden_new(has_effect, NULL);
	int result = 0;

	for (size_t i = 0; i < 2 && result == 0; i++)
		result = read_log(h, settings, topic, &ways[i], limit_ms, err);
	if (result != 0)
		hidden_free(&h);
	return h;
}
