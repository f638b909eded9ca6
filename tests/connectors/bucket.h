/*
 * bucket: an S3 bucket in memory, with faults by request index.
 *
 * Knows what the sink uses: PUT, GET, HEAD, multipart uploads and their
 * listing, If-None-Match, If-Match. Signatures are not checked. Its clock
 * stands still unless a test moves it.
 */
#ifndef PENSTOCK_TESTS_CONNECTORS_BUCKET_H
#define PENSTOCK_TESTS_CONNECTORS_BUCKET_H

#include <stdint.h>

#include "tests/connectors/stub.h"

enum fault {
	FAULT_NONE,
	FAULT_503,
	FAULT_CUT,
	FAULT_403,
	FAULT_ERROR_200, /* status 200, <Error> in the body, not applied */
	FAULT_BLANK_200, /* the same, after the blanks of a long wait */
	FAULT_AFTER_500, /* applied, then answered 500 */
	FAULT_AFTER_CUT, /* applied, then cut */
	FAULT_LAST,
	FAULT_501, /* not implemented: an answer, no fault */
};

struct object_row {
	char *key;
	char *data;
	size_t len;
	char etag[48];   /* as S3's: of MD5 sums */
	size_t writes;   /* how often it was replaced or made */
	int64_t written; /* when, by the bucket's clock */
};

struct upload_row {
	int id; /* 0: free */
	char *key;
	struct {
		char *data;
		size_t len;
		char etag[48];
	} parts[64];
};

struct bucket {
	struct stub *stub;
	struct object_row objects[4096];
	size_t count;
	struct upload_row uploads[256];
	int last_id;
	/* Decides the fault of a request. NULL: none. */
	enum fault (*fault)(void *arg, const struct stub_request *q);
	void *arg;
	bool opaque;   /* ETags that are no MD5 sums, as with keys of KMS */
	bool is_deaf;  /* takes no notice of conditions */
	bool is_odd;   /* refuses every If-Match */
	bool is_vague; /* says no times */
	_Atomic int64_t clock; /* seconds since 1970 */
	size_t aborts, multiparts;
	size_t refused;    /* by a condition */
	size_t conditions; /* requests with If-None-Match */
	size_t matches;    /* requests with If-Match */
	size_t proxied;    /* with a whole URL as a proxy gets it */
};

void bucket_init(struct bucket *b);
void bucket_fini(struct bucket *b);
/* The object, or NULL; copies nothing. */
struct object_row *bucket_get(struct bucket *b, const char *key);
/* As if somebody else had put it there. */
void
bucket_put(struct bucket *b, const char *key, const char *data, size_t len);
/* As bucket_put, for one who holds the stub's lock: `fault`. */
void
bucket_store(struct bucket *b, const char *key, const char *data, size_t len);
void bucket_remove(struct bucket *b, const char *key);
size_t bucket_open_uploads(struct bucket *b);
/* Visible data objects (the log of cuts is none), as "key:length:hash\n"
 * lines in the order of their names. Free it. */
char *bucket_describe(struct bucket *b);

#endif
