/*
 * uploads: the multipart uploads of one Kafka partition that may be open.
 *
 * Nothing in the bucket tells whose an upload is, and another connector may
 * write the same topic into the same folder. So an upload is logged before it
 * is begun, and its id once it has one; the next task aborts what is in the
 * log and nothing else. The log is a courtesy: nothing fails for it.
 */
#ifndef PENSTOCK_CONNECTORS_S3_UPLOADS_H
#define PENSTOCK_CONNECTORS_S3_UPLOADS_H

#include "client.h"

#define UPLOADS_KEPT 256

struct upload {
	size_t number;
	char *key, *id;           /* id: NULL while it is not known */
	uint64_t version;         /* of the log that has it */
	void (*ready)(void *arg); /* it is logged; NULL: nobody waits */
	void *arg;
};

struct uploads {
	struct s3_client *client;
	struct pool *pool;
	char *key;
	struct upload list[UPLOADS_KEPT];
	size_t count, last;
	uint64_t version, stored; /* of what is in memory, in the bucket */
	bool reading, writing, is_known;
};

void uploads_init(struct uploads *u, struct s3_client *client,
    struct pool *pool, const char *key);
void uploads_fini(struct uploads *u);
/* Asks the bucket for the log and aborts what is in it; is_known is set when
 * it has answered. */
void uploads_read(struct uploads *u);

/* An upload is to be begun: calls `ready` once that is logged. The upload's
 * number; 0 when there are too many, `ready` is not called then. */
size_t uploads_begin(struct uploads *u, const char *key,
    void (*ready)(void *arg), void *arg);
void uploads_created(struct uploads *u, size_t number, const char *id);
/* It ended, or is given up: `ready` is not called from here on. */
void uploads_end(struct uploads *u, size_t number);

#endif
