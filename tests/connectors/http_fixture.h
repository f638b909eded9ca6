/*
 * http_fixture: an HTTP sink on an endpoint that keeps what it is sent.
 */
#ifndef PENSTOCK_TESTS_CONNECTORS_HTTP_FIXTURE_H
#define PENSTOCK_TESTS_CONNECTORS_HTTP_FIXTURE_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include <stdlib.h>
#include <unistd.h>

#include "record/batch.h"
#include "tests/connectors/host.h"
#include "tests/connectors/stub.h"

#define REQUESTS 512

/* An endpoint that keeps what it was sent and answers as it is told. */
struct endpoint {
	struct stub *stub;
	struct {
		int status;
		char key[128];
		char authorization[128];
		char target[128], type[64];
		char headers[2048]; /* as they came */
		char body[4096];
		int64_t at_ms;
	} seen[REQUESTS];
	size_t count, tokens;
	char token_body[256]; /* of the last request for a token */
	const char *token;    /* what /token answers; NULL: T1, T2, … */
	/* The answer to request `i`; NULL: 200. */
	void (*script)(struct endpoint *e, const struct stub_request *q,
	    struct stub_reply *a);
	int number; /* the script's own */
};

struct http_fixture {
	struct endpoint e;
	struct test_host *t;
	const struct ps_sink_ops *ops;
	void *state;
	struct ps_batch *b;
};

void http_set_up(struct http_fixture *f);
/* Opens partitions 0 and 1 of topic t at this offset. */
void http_begin(struct http_fixture *f, int64_t offset);
void http_tear_down(struct http_fixture *f);
/* {"n":offset} for each offset of [from, to) */
void
http_add(struct http_fixture *f, int32_t partition, int64_t from, int64_t to);
/* Calls put() until `offset` of partition 0 may be committed. */
int http_deliver(struct http_fixture *f, int64_t offset);

#endif
