/*
 * stub: an HTTP/1.1 server on a free loopback port, inside the test.
 *
 * One thread per connection; the handler runs under one lock and decides the
 * whole answer, also to give none. Bodies arrive whole.
 */
#ifndef PENSTOCK_TESTS_CONNECTORS_STUB_H
#define PENSTOCK_TESTS_CONNECTORS_STUB_H

#include <stdbool.h>
#include <stddef.h>

struct stub;

struct stub_request {
	size_t index; /* from 0, over all connections */
	char method[16];
	char target[4096]; /* path and query, as sent */
	char headers[8192];
	char *body;
	size_t len;
};

struct stub_reply {
	int status;
	char headers[1024]; /* "Name: value\r\n" each */
	char *body;         /* malloc'd; freed by the stub */
	size_t len;
	bool cut;     /* close the connection without an answer */
	bool hang;    /* no answer until the peer or the stub is gone */
	int delay_ms; /* before the answer */
	long claim;   /* Content-Length to state when not 0 */
};

typedef void
stub_handler(void *arg, const struct stub_request *q, struct stub_reply *a);

struct stub *stub_new(stub_handler *handler, void *arg);
void stub_free(struct stub **sp);
/* Ends all connections and their threads: before a fork, as a sanitizer's
 * allocator may be locked by one of them, and stays so in the child. */
void stub_hang_up(struct stub *s);
int stub_port(const struct stub *s);
size_t stub_requests(struct stub *s);

/* The header's value in `out`, "" when it is not there. */
const char *stub_header(const struct stub_request *q, const char *name,
    char *out, size_t room);
void stub_body(struct stub_reply *a, const char *data, size_t len);

/* While a test looks at what its handler writes. */
void stub_lock(struct stub *s);
void stub_unlock(struct stub *s);

#endif
