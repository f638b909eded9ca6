/*
 * http: requests to a registry, one at a time, each with limits.
 *
 * A request that fails for a while (no connection, 408, 429, 5xx, also 401
 * and 403: users are changed at one end first, and what is not the registry's
 * own word) is sent again, to the next address too, with growing waits; a stop
 * of the task ends the wait. Once the tries are spent the registry counts as
 * down: until the next try is due every request fails at once, so that a batch
 * of records costs one outage and not one each.
 */
#ifndef PENSTOCK_REGISTRY_HTTP_H
#define PENSTOCK_REGISTRY_HTTP_H

#include "conf.h"

struct http;

/* The text is the client's, until the next request. */
struct reply {
	long status;
	const char *text;
	size_t len;
	const char *from; /* without user and password */
};

struct http *http_new(const struct registry_conf *conf);
void http_free(struct http **hp);
/* The conf's credentials are others now; an outage may be over. */
void http_renew(struct http *h);
/* `body` NULL: a GET. 0 and a reply that is final, 4xx of the registry's own
 * included; -1: PS_E_RETRY, an outage. */
int http_send(struct http *h, const char *path, const char *body,
    struct reply *out, struct ps_error *err);
/* The same, but tried once and within `limit_ms`. */
int http_probe(struct http *h, const char *path, int64_t limit_ms,
    struct reply *out, struct ps_error *err);
/* Percent-encoded, in the arena. */
const char *http_escape(struct http *h, struct ps_arena *a, const char *s);
/* Requests that were sent so far. */
size_t http_count(const struct http *h);
int64_t http_now(void); /* milliseconds, monotonic */

#endif
