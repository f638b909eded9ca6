/*
 * exchange: one HTTP request and the answer to it.
 *
 * Lives in its own arena from the first header line until the last byte of
 * the answer. A handler answers at once, or keeps the exchange and answers
 * later from the loop; every exchange is answered exactly once.
 */
#ifndef PENSTOCK_HTTP_EXCHANGE_H
#define PENSTOCK_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/js.h"

struct MHD_Connection;
struct audit;
struct golden;
struct guard;
struct principal;
struct route;
struct server;
struct visitor;
struct worker;

#define EXCHANGE_PARAMS 2

struct query_arg {
	const char *name, *value; /* decoded */
	struct query_arg *next;
};

struct exchange {
	struct ps_arena *a;
	struct server *server;
	struct MHD_Connection *conn;
	struct visitor *visitor;      /* of its connection */
	struct exchange *prev, *next; /* the server's list */

	const char *method;                 /* HEAD reads "GET" */
	const char *path;                   /* as sent, no query */
	const char *param[EXCHANGE_PARAMS]; /* decoded, by the route */
	struct query_arg *query;            /* in order */
	const char *content_type, *accept;  /* NULL: not sent */
	const char *authorization, *origin, *host, *if_match;
	const char *from;      /* the client's address */
	const char *through;   /* the worker that it asked, NULL: this one */
	const char *forwarded; /* who it was by that worker, not proved */
	bool preflight;        /* a browser asks whether it may */
	struct buf body;
	bool too_large;
	size_t dropped;

	struct worker *worker;
	struct guard *guard;         /* NULL: everybody may */
	const struct principal *who; /* NULL: nobody was asked */
	struct audit *audit;         /* NULL: there is none */
	bool is_audited;
	const char *connector; /* that is to change, for audit.c */
	const char *touched;   /* the same, of several; NULL: see there */
	json_t *moved;         /* what became of its offsets, for audit.c */
	json_t *before;        /* its configuration was that */
	const struct route *route;
	void *doing;           /* what a handler of several steps is at */
	struct golden *golden; /* rest/golden.c, beside that */
	/* Of whoever will answer it later, and how that is told not to. */
	void *pending;
	void (*forget)(struct exchange *x);
	struct forwarder *forwarder; /* NULL: there are no other workers */
	const char *signature, *algorithm; /* of other workers' requests */
	bool tells_offset; /* another worker is answered: where our log is */
	struct clock_ms began;
	bool started, parked, answered;

	int status;
	const char *type; /* NULL: no Content-Type header */
	const char *location, *allow, *challenge, *retry_after;
	const char *passed;    /* as in caller.h */
	const char *next_page; /* its cursor, percent-encoded */
	const char *etag;      /* of the configuration, as in worker/match.h */
	const char *answer;
	size_t answer_len;
	struct buf written; /* what `answer` is in, if exchange_buf gave it */
};

/* It ends, or is answered, before who was to answer it. */
void exchange_forget(struct exchange *x);
/* First value of a query argument, or NULL. */
const char *exchange_query(const struct exchange *x, const char *name);
bool exchange_query_bool(const struct exchange *x, const char *name);

/* Takes the reference of `body`. */
void exchange_json(struct exchange *x, int status, json_t *body);
/* {"error_code","message"}; the text is Connect's where it has one. */
PS_PRINTF(3, 4)
void exchange_error(struct exchange *x, int status, const char *fmt, ...);
/* The same without a Content-Type, as the HTTP frame itself answers. */
void exchange_refuse(struct exchange *x, int status, const char *text);
void exchange_empty(struct exchange *x, int status);
/* `text` must live in the exchange's arena or for ever. */
void exchange_text(struct exchange *x, int status, const char *type,
    const char *text, size_t len);
/* The same of what was written into a buffer, which is empty then: the
 * exchange has it. */
void exchange_buf(struct exchange *x, int status, const char *type,
    struct buf *text);
/* The body as a JSON object; answers 400 and returns NULL otherwise. */
json_t *exchange_object(struct exchange *x);

#endif
