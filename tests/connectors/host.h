/*
 * host: a small host for tests that drive a plugin through its real .so.
 *
 * Loads build/…/plugins/<name>.so, fills in the defaults of the class's keys
 * and records what the plugin asks of its host. What a test may look at or
 * set stands in struct test_host; everything ends with test_host_free.
 */
#ifndef PENSTOCK_TESTS_CONNECTORS_HOST_H
#define PENSTOCK_TESTS_CONNECTORS_HOST_H

#include <penstock/abi.h>
#include <penstock/sink.h>
#include <penstock/source.h>

#define TEST_HOST_REPORTS    4096
#define TEST_HOST_PARTITIONS 64

struct test_host {
	struct ps_host h; /* first: the plugin's host is the test's */
	const struct ps_class *class;
	struct ps_arena *arena; /* lives as long as the host */
	struct ps_config config;
	struct ps_error err; /* of the last call that failed */
	int wake_write;

	char log[8192];   /* all lines so far, oldest lost */
	char cause[1024]; /* of waiting(); "" when all is well */
	bool is_stopping; /* what stopping() answers */
	bool tolerant;    /* errors.tolerance=all: report() answers 0 */
	int64_t retry_ms; /* last retry_after, -1 when none */
	size_t commits_requested;
	size_t reported; /* records reported */
	struct {
		int32_t partition;
		int64_t offset;
		char why[256];
	} reports[TEST_HOST_REPORTS];

	/* What set_mark was told and mark answers, by partition. */
	int64_t wanted_marks[TEST_HOST_PARTITIONS];
	int64_t marks[TEST_HOST_PARTITIONS];
	bool keeps_marks_back;

	/* What stored_offset answers: PS_NULL means none is stored. */
	struct ps_value stored;

	struct intern *schemas;
	void *partitions;
	void *so;
};

/* Aborts the test when the .so or the class is not there. */
struct test_host *test_host_new(const char *so, const char *class_name);
void test_host_free(struct test_host **tp);
/* Before create: the class of the same name but of this kind. */
void test_host_kind(struct test_host *t, enum ps_kind kind);

/* Before create: one setting; NULL values are allowed. */
void test_host_set(struct test_host *t, const char *key, const char *value);
/* Validates with the class's op: the messages, one per line, "" if none. */
const char *test_host_validate(struct test_host *t);

/* NULL and t->err when the plugin refuses. */
void *test_source_start(struct test_host *t);
void *test_sink_start(struct test_host *t);
const struct ps_source_ops *test_source_ops(const struct test_host *t);
const struct ps_sink_ops *test_sink_ops(const struct test_host *t);

/* The map that partition() was given. */
const struct ps_value *
test_host_partition_map(const struct ps_source_partition *p);

void test_host_wake(struct test_host *t);
void test_host_unwake(struct test_host *t);

/* A sink's record with a raw and a STRING value of the same bytes. */
struct ps_record *test_record(struct ps_batch *b, const char *topic,
    int32_t partition, int64_t offset, const char *value);

#endif
