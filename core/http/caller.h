/*
 * caller: requests to other workers, from the loop.
 *
 * libcurl's multi interface on uv: nothing waits. It is here and not in the
 * worker because that does not know HTTP. Answers are bounded, redirects are
 * not followed, each call has its time. Over https the other side must show a
 * certificate that the listener's trust store (else the system's) knows, and
 * is shown the listener's.
 */
#ifndef PENSTOCK_HTTP_CALLER_H
#define PENSTOCK_HTTP_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct caller;
struct call;
struct tls;

/* Texts are copied. */
struct call_spec {
	const char *method, *url;
	const char *const *headers; /* "Name: value", NULL ends them */
	const char *body;           /* NULL: none */
	size_t len;
	int64_t limit_ms;
};

/* Borrowed. */
struct call_answer {
	int status;  /* 0: there was none, `trouble` says why */
	bool unsent; /* and nothing of it got to the other side */
	const char *trouble;
	const char *body;
	size_t len;
	/* Of the headers; NULL: not there. */
	const char *location, *passed, *etag;
};

typedef void call_fn(void *ctx, const struct call_answer *a);

struct caller *caller_new(uv_loop_t *loop);
/* What https is done with, from now on; kept, and read at each call. */
void caller_use_tls(struct caller *c, const struct tls *tls);
/* Calls on their way are forgotten. */
void caller_free(struct caller **cp);
/* From the loop, once, never from within. */
struct call *caller_start(struct caller *c, const struct call_spec *spec,
    call_fn *fn, void *ctx);
/* It is cut off, and `fn` not called. */
void call_cancel(struct call *call);

/* Where a leader's log stands behind what it wrote. */
#define CALLER_PASSED "X-Penstock-Config-Offset"

#endif
