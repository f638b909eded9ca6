/*
 * sign: AWS Signature Version 4 for S3.
 *
 * Our own, not libcurl's: that one does not canonicalize queries in the
 * versions Debian has, and cannot be told the server's time.
 */
#ifndef PENSTOCK_CONNECTORS_S3_SIGN_H
#define PENSTOCK_CONNECTORS_S3_SIGN_H

#include <time.h>

#include "conf.h"

/* What is signed: all of it in the form that is sent. */
struct to_sign {
	const char *method;
	const char *host;
	const char *path;  /* encoded, begins with '/' */
	const char *query; /* encoded, sorted by name; "" if none */
	const char *hash;  /* of the body in hex, or UNSIGNED-PAYLOAD */
	/* x-amz- headers beside hash, date and token, sorted, "name:value\n"
	 * each; "" if none. They sort before x-amz-content-sha256. */
	const char *early;
	/* As `early`, but after x-amz-date and x-amz-security-token. */
	const char *late;
	time_t now;
};

/* Writes the "Authorization: …" line and the "x-amz-date: …" line. */
void sign(const struct s3_conf *conf, const struct to_sign *what,
    struct str *authorization, struct str *date);

#endif
