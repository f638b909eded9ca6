/*
 * logs: a log of a topic and what it said, for tests.
 */
#ifndef PENSTOCK_TESTS_KAFKA_LOGS_H
#define PENSTOCK_TESTS_KAFKA_LOGS_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <penstock/config.h>

#include "kafka/topiclog.h"

struct seen {
	int records, tombstones, ends, writes, failed, barriers;
	int64_t last_offset, written_at;
	char last[64];
};

__attribute__((unused)) static void
on_record(void *ctx, const struct topiclog_record *r)
{
	struct seen *s = ctx;

	s->records++;
	s->tombstones += r->value == NULL;
	s->last_offset = r->offset;
	(void)snprintf(s->last, sizeof s->last, "%.*s=%.*s", (int)r->key_len,
	    (const char *)r->key, (int)r->value_len,
	    r->value == NULL ? "" : (const char *)r->value);
}

__attribute__((unused)) static void
on_end(void *ctx, const struct ps_error *err)
{
	struct seen *s = ctx;

	s->ends += err == NULL;
	s->failed += err != NULL;
}

__attribute__((unused)) static void
on_barrier(void *ctx, const struct ps_error *err)
{
	struct seen *s = ctx;

	s->barriers += err == NULL;
	s->failed += err != NULL;
}

__attribute__((unused)) static void
on_write(void *ctx, int32_t partition, int64_t offset,
    const struct ps_error *err)
{
	struct seen *s = ctx;

	(void)partition;
	s->written_at = offset;
	s->writes += err == NULL;
	s->failed += err != NULL;
}

/* One turn of a loop that is driven by the descriptor alone. */
__attribute__((unused)) static void
turn(struct topiclog_hub *h)
{
	struct pollfd fd = { .fd = topiclog_fd(h), .events = POLLIN };
	struct ps_error err = { PS_OK, "" };

	if (poll(&fd, 1, 1000) > 0)
		cr_assert(eq(int, topiclog_serve(h, &err), 0), "%s", err.text);
}

__attribute__((unused)) static struct topiclog_hub *
hub(const char *servers)
{
	struct ps_setting s[] = { { "bootstrap.servers", servers } };
	struct ps_config c = { s, 1 };
	struct ps_error err = { PS_OK, "" };
	struct topiclog_hub *h = topiclog_hub_new(&c, TOPICLOG_COMMITTED, &err);

	cr_assert(h != NULL, "%s", err.text);
	return h;
}

__attribute__((unused)) static struct topiclog *
open_log(struct topiclog_hub *h, const char *topic, struct seen *s,
    enum topiclog_start start)
{
	struct topiclog_reader r = { on_record, on_end, s, start };
	struct ps_error err = { PS_OK, "" };
	struct topiclog *l = topiclog_open(h, topic, &r, &err);

	cr_assert(l != NULL, "%s", err.text);
	return l;
}

__attribute__((unused)) static void
put(struct topiclog *l, struct seen *s, const char *key, const char *value)
{
	struct topiclog_write w = { key, strlen(key), value,
		value == NULL ? 0 : strlen(value) };
	struct ps_error err = { PS_OK, "" };

	cr_assert(eq(int, topiclog_write(l, &w, on_write, s, &err), 0), "%s",
	    err.text);
}

#endif
