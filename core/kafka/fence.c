#include "kafka/fence.h"

#include "base/arena.h"
#include "config/map.h"
#include "kafka/producer.h"

/* So many at a time; each is a client with threads of its own. */
#define TOGETHER 16
/* How long a begin of it is waited for: it goes on by itself. Never 0, which
 * librdkafka's transactions do not take. */
#define BEGIN_MS 1
#define CLOSE_MS 1000
#define CHUNK    ((size_t)8192)

static void
on_report(void *ctx, const struct producer_report *r)
{
	(void)ctx;
	(void)r;
}

static struct producer *
begin(const struct ps_config *settings, const char *id, struct ps_error *err)
{
	struct ps_arena *a = arena_new(CHUNK);
	struct ps_config c = config_with(a, settings, "transactional.id", id);
	struct producer *p = producer_new(&c, on_report, NULL, err);

	arena_free(&a);
	if (p != NULL)
		(void)producer_txn_init(p, BEGIN_MS, NULL);
	return p;
}

static int
end(struct producer *p, const char *id, int limit_ms, struct ps_error *err)
{
	if (producer_txn_state(p) == PRODUCER_TXN_READY ||
	    producer_txn_init(p, limit_ms, err) == 0)
		return 0;
	return ps_fail_in(err, "fencing of %s", id);
}

static int
fence_some(const struct ps_config *settings, const char *const *ids,
    size_t count, int limit_ms, struct ps_error *err)
{
	struct producer *all[TOGETHER] = { NULL };
	size_t begun = 0;
	int result = 0;

	for (; begun < count && result == 0; begun++) {
		all[begun] = begin(settings, ids[begun], err);
		if (all[begun] == NULL)
			result = ps_fail_in(err, "fencing of %s", ids[begun]);
	}
	for (size_t i = 0; i < begun && result == 0; i++)
		result = end(all[i], ids[i], limit_ms, err);
	for (size_t i = 0; i < begun; i++)
		producer_free(&all[i], CLOSE_MS);
	return result;
}

int
fence_ids(const struct ps_config *settings, const char *const *ids,
    size_t count, int limit_ms, struct ps_error *err)
{
	for (size_t i = 0; i < count; i += TOGETHER) {
		size_t n = count - i < TOGETHER ? count - i : TOGETHER;

		if (fence_some(settings, ids + i, n, limit_ms, err) != 0)
			return -1;
	}
	return 0;
}
