/*
 * object: one file on its way to the bucket.
 *
 * Bytes are appended, cut into parts as memory asks for it (cuts of parts
 * change nothing in the object), and visible only when the object is
 * finished: by one PUT when it is small, else by completing its multipart
 * upload. The same bytes appended give the same object, however they came.
 */
#ifndef PENSTOCK_CONNECTORS_S3_OBJECT_H
#define PENSTOCK_CONNECTORS_S3_OBJECT_H

#include "client.h"
#include "etag.h"

struct uploads;

enum writes {
	WRITES_NEW,  /* if nothing is there */
	WRITES_OVER, /* if that very object is there */
	WRITES_ANY   /* whatever is there */
};

/* What is to become of an older object in its place, once that is logged. */
enum settles { SETTLES_NOTHING, SETTLES_KEEPING, SETTLES_REPLACING };

struct object {
	struct object *next; /* the owner's list */
	char *topic, *dir;   /* topic and path of its records, for the owner */
	char *key;

	const struct s3_conf *conf;
	struct s3_client *client;
	struct pool *pool;

	struct chain part; /* what is not sent yet, as it will be stored */
	struct chain raw;  /* one block not yet compressed */
	void *codec;       /* z_stream or ZSTD_CCtx, NULL: none */
	uint64_t bytes;    /* of the whole object, stored form */

	struct uploads *uploads; /* the owner's, or NULL */
	size_t upload_number;    /* there, 0: none */
	char upload_id[1024];
	bool creating;              /* an upload is about to begin */
	struct s3_request *waiting; /* parts that wait for the upload's id */
	struct object_part *parts;
	size_t part_count, part_room, parts_done;
	bool ended; /* no more bytes come */
	bool finishing;
	enum writes how;
	enum settles settles;
	char match[192];  /* OVER: the ETag of what is written over */
	unsigned looks;   /* how often we looked what is there */
	int64_t since_ms; /* what was written later is not ours to replace */
	bool done;
	bool is_stale;     /* done, but not by this upload: abort it */
	bool is_gone;      /* the upload: completed before, or aborted */
	char failure[768]; /* "" or why it can never be finished */
};

/* `key` is copied; `topic` and `dir` may be set, and are freed with it. */
struct object *object_new(const struct s3_conf *conf, struct s3_client *client,
    struct pool *pool, const char *key);
/* Gives up what is not done; the upload is aborted in the background. */
void object_free(struct object **op);

void object_add_slow(struct object *o, const void *data, size_t len);

static inline void
object_add(struct object *o, const void *data, size_t len)
{
	if (o->codec == NULL)
		chain_add(&o->part, o->pool, data, len);
	else
		object_add_slow(o, data, len);
}

/* Sends what there is as a part. At least PART_MIN bytes must be there. */
void object_send_part(struct object *o);
/* Completes the object once it has ended and all parts are there. */
void object_step(struct object *o);
/* The answer says that it can never be finished. */
void object_fail(struct object *o, const struct s3_request *r);
/* No more bytes; `done` (or `failure`) is set when it is all in the bucket. */
void object_finish(struct object *o);

#endif
