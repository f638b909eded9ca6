/*
 * token: an OAuth2 access token, kept until it ends or is refused.
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_TOKEN_H
#define PENSTOCK_CONNECTORS_HTTP_TOKEN_H

#include "net.h"

#define TOKEN_MAX 16384

struct token {
	const struct http_conf *conf;
	struct net *net;
	char header[TOKEN_MAX + 128]; /* "Authorization: …", "" when none */
	int64_t ends_ms, next_try_ms;
	bool is_fetching;
	unsigned number; /* changes with the header */
	unsigned failures;
	uint64_t seed;
	char cause[512]; /* "" or why there is none */
};

void token_init(struct token *t, const struct http_conf *conf, struct net *net);
/* The header to send, NULL while it is being fetched. */
const char *token_header(struct token *t);
/* The endpoint did not like the one of this number: fetch another. */
void token_refused(struct token *t, unsigned number);
/* Its credentials are others now. */
void token_renew(struct token *t);

#endif
