/*
 * cuts: where files were cut for a reason that offsets do not give.
 *
 * A cut by the clock or by lack of memory would fall elsewhere after a
 * restart and leave objects that overlap. So it is logged in the bucket
 * before the files it ends become visible, and repeated from there. The log
 * holds the last CUTS_KEPT cuts of one Kafka partition.
 *
 * It is written only over what was read or written here: of two tasks that
 * both take the partition for theirs, the second to write it learns that.
 */
#ifndef PENSTOCK_CONNECTORS_S3_CUTS_H
#define PENSTOCK_CONNECTORS_S3_CUTS_H

#include "client.h"

#define CUTS_KEPT 256

struct cut {
	int64_t first, end; /* offsets [first, end) are one set of files */
};

struct cuts {
	struct s3_client *client;
	struct pool *pool;
	char *key, *old_key;
	struct cut list[CUTS_KEPT];
	size_t count;
	uint64_t version, stored; /* of what is in memory, in the bucket */
	bool reading, writing, is_known;
	bool is_guarded; /* by conditions; set before it is read */
	char token[24];  /* tells our writes from those of others */
	char etag[192];  /* of the log as it is known, "": there is none */
	unsigned looks;  /* at what is there, in a row */
	/* A write that was refused, if it was: ours, perhaps. */
	struct chain refused;
	uint64_t refused_version;
	int64_t opened_ms; /* by the clock that runs while we are stopped */
	/* When the partition was had, by the store's clock: since 1970. What
	 * was written later is another task's. 0: it has not said. */
	int64_t since_ms;
	char failure[768];
};

/* `old_key`: read in its place while there is none. */
void cuts_init(struct cuts *k, struct s3_client *client, struct pool *pool,
    const char *key, const char *old_key);
void cuts_fini(struct cuts *k);
/* Asks the bucket for the log; is_known is set when it has answered. */
void cuts_read(struct cuts *k);
/* Adds a cut and writes the log; it is durable once stored >= the result. */
uint64_t cuts_add(struct cuts *k, int64_t first, int64_t end);
/* As a cut, but of nothing: whoever read the log before cannot write it. */
uint64_t cuts_claim(struct cuts *k);
/* End of the set of files that begins at `first`, or -1. */
int64_t cuts_end(const struct cuts *k, int64_t first);

#endif
