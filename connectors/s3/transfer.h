/*
 * transfer: one signed request as libcurl sends it.
 */
#ifndef PENSTOCK_CONNECTORS_S3_TRANSFER_H
#define PENSTOCK_CONNECTORS_S3_TRANSFER_H

#include "client.h"

/* Of an answer: it is kept as it came, never unpacked. */
#define REPLY_MAX ((size_t)2 << 20)

struct target {
	const struct s3_conf *conf;
	char host[320], base[400]; /* authority; scheme://authority */
	char bucket_path[80];      /* "/bucket" with path style, else "" */
	bool is_tls;
	int64_t skew_s; /* the server's clock minus ours */
};

void target_init(struct target *t, const struct s3_conf *conf);
/* Clears the request's answer and makes its handle and headers. */
void transfer_begin(const struct target *t, struct s3_request *r);

#endif
