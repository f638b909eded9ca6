/*
 * s3_fixture: an S3 sink on a bucket in memory.
 */
#ifndef PENSTOCK_TESTS_CONNECTORS_S3_FIXTURE_H
#define PENSTOCK_TESTS_CONNECTORS_S3_FIXTURE_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include <unistd.h>

#include "record/batch.h"
#include "tests/connectors/bucket.h"
#include "tests/connectors/host.h"

struct s3_fixture {
	struct bucket bucket;
	struct bucket *at; /* the one that it writes to */
	struct test_host *t;
	const struct ps_sink_ops *ops;
	void *state;
	struct ps_batch *b;
	int64_t committed;
};

void s3_set_up(struct s3_fixture *f);
/* Another connector on the bucket of `first`, which outlives it. */
void s3_set_up_other(struct s3_fixture *f, struct s3_fixture *first,
    const char *name);
/* A task that starts from f->committed, a while after the last one. */
void s3_begin(struct s3_fixture *f);
void s3_tear_down(struct s3_fixture *f);
/* put() as the host calls it: again while it says so. */
int s3_put(struct s3_fixture *f);
/* Puts nothing until `offset` may be committed; false when it never comes. */
bool s3_commits(struct s3_fixture *f, int64_t last, int64_t offset);
/* The object's bytes, "(none)" when there is none. */
const char *s3_text(struct s3_fixture *f, const char *key);
/* The cuts that a log has, without the line that says who wrote it. */
const char *s3_cuts(struct s3_fixture *f, const char *key);
struct ps_record *
s3_add(struct s3_fixture *f, int64_t offset, const char *value);
/* Puts records [from, to), all the same, and forgets them. */
void s3_put_rows(struct s3_fixture *f, int64_t from, int64_t to);
/* Puts nothing until the task fails, for good, with that in its text. */
void s3_fails(struct s3_fixture *f, const char *says);
/* Records [from, to) of mixed sizes into an emptied batch. */
void s3_fill(struct s3_fixture *f, int64_t from, int64_t to);

#endif
