/*
 * client: requests to S3, several in flight, repeated until answered.
 *
 * An answer that means "not now" (a cut connection, 5xx, SlowDown, wrong or
 * expired credentials, a 200 that carries an error) is never given to the
 * caller: the request is repeated with jittered back-off and `cause` says
 * why. Nothing here blocks but client_wait.
 */
#ifndef PENSTOCK_CONNECTORS_S3_CLIENT_H
#define PENSTOCK_CONNECTORS_S3_CLIENT_H

#include <stdint.h>

#include <reach/reach.h>

#include "chunk.h"
#include "conf.h"

struct s3_client;
struct s3_request;

typedef void s3_done_fn(struct s3_client *c, struct s3_request *r);

struct s3_request {
	/* What to do; set by the caller. */
	const char *method;
	char *key;         /* object, NULL: the bucket; freed with it */
	char *query;       /* canonical (encoded, sorted); NULL: none */
	struct chain body; /* goes back to the pool with it */
	bool creates;      /* send the ACL and encryption headers */
	bool conditional;  /* If-None-Match: * */
	char match[192];   /* If-Match, "": none */
	bool best_effort;  /* one attempt, whatever the answer */
	const char *want;  /* element a 200 must have, "" for an ETag */
	size_t number;

	/* Given with it to client_send. */
	s3_done_fn *done;
	void *owner;

	/* The answer. */
	long status; /* 0: no answer (best_effort only) */
	char code[64], message[256];
	char etag[192];
	char found[1024]; /* text of the element `want` */
	int64_t length;   /* Content-Length, -1 */
	/* Date and Last-Modified, seconds since 1970; 0: not said. */
	int64_t server_time, modified;
	char *reply;
	size_t reply_len;
	bool is_too_long; /* more than REPLY_MAX */
	struct reach reach;

	/* The client's. */
	struct s3_request *next;
	void *easy;
	void *headers;
	const struct chunk *at;
	size_t at_byte, reply_room;
	unsigned attempts;
	int64_t due_ms;
	char hash[65];
	char reason[256]; /* why there was no answer, in curl's words */
};

struct s3_client *
client_new(const struct s3_conf *conf, struct pool *pool, size_t max_active);
void client_free(struct s3_client **cp);

struct s3_request *
request_new(const char *method, const char *key, const char *query);
/* Of the multipart upload with that id. */
struct s3_request *
request_of_upload(const char *method, const char *key, const char *id);
/* The answer that `done` gets is final; the request ends when it returns. */
void client_send(struct s3_client *c, struct s3_request *r, void *owner,
    s3_done_fn *done);
/* Ends all requests of that owner without a word. */
void client_cancel(struct s3_client *c, const void *owner);
/* Its requests that want `want` go on without it; `done` is theirs now. */
void client_disown(struct s3_client *c, const void *owner, const char *want,
    s3_done_fn *done);

/* Moves what can be moved. */
void client_drive(struct s3_client *c);
/* Waits for something to move, wake_fd to be readable, or `ms`. */
void client_wait(struct s3_client *c, int wake_fd, int64_t ms);
/* Requests queued or in flight. */
size_t client_pending(const struct s3_client *c);
/* Of those that are sent the one that waits longest, or NULL. */
const struct s3_request *client_oldest(const struct s3_client *c);
/* Why the last attempt of a request failed; "" when the last one did not. */
const char *client_cause(const struct s3_client *c);
/* Milliseconds, monotonic. */
int64_t client_now(void);

#endif
