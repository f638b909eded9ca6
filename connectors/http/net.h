/*
 * net: POSTs in flight, each with limits, none repeated here.
 *
 * Redirects, proxies of the environment and .netrc are off; the address that
 * is connected to is checked, not the name. The caller decides what an
 * answer means.
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_NET_H
#define PENSTOCK_CONNECTORS_HTTP_NET_H

#include <reach/reach.h>

#include "pack.h"

/* Of an answer: what is behind is not read. Nothing is unpacked. */
#define REPLY_MAX ((size_t)64 * 1024)

struct net;

struct post {
	/* Set by the caller. */
	const char *url;
	const char *const *headers; /* lines, NULL ends; copied */
	struct text body;           /* freed with it */
	void (*done)(void *owner, struct post *p); /* it ends on return */
	void *owner;

	/* The answer. */
	long status;           /* 0: none */
	const char *error;     /* why there is none */
	int64_t retry_after_s; /* -1: not said */
	struct text reply;     /* cut off at a ceiling */

	struct post *next;
	void *easy, *list;
	char reason[256]; /* curl's words for what went wrong */
	struct reach reach;
	bool is_cut_off;
};

struct net *net_new(const struct http_conf *conf);
void net_free(struct net **np);
struct post *post_new(void);
void net_send(struct net *n, struct post *p);
/* Ends the owner's posts without a word. */
void net_cancel(struct net *n, const void *owner);
void net_drive(struct net *n);
void net_wait(struct net *n, int wake_fd, int64_t ms);
size_t net_pending(const struct net *n);
int64_t net_now(void); /* milliseconds, monotonic */

#endif
