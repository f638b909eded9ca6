/*
 * visitors: the open connections of a server, so that none keeps others out.
 *
 * One that is slow with its first line or its body makes room when the server
 * or its address has too many; one whose head does not come is told so and
 * cut. What is being answered is never cut.
 */
#ifndef PENSTOCK_HTTP_VISITORS_H
#define PENSTOCK_HTTP_VISITORS_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/socket.h>

#include "base/clock.h"

struct visitor;

struct visitors {
	struct visitor *first, *last; /* the longest waiting first */
	size_t count;
	size_t total_max, per_address_max;
	size_t held_bytes, held_max; /* bodies that are not complete */
	int64_t head_limit_ms;
	bool plain; /* not TLS: they can be told why */
};

enum visitor_state {
	VISITOR_SILENT,  /* no head has come */
	VISITOR_SENDING, /* its body comes */
	VISITOR_BUSY,    /* is answered */
};

/* A connection was accepted; others may be cut for it. */
struct visitor *
visitors_add(struct visitors *v, int fd, const struct sockaddr *address);
/* None is accepted while all stay: the longest waiting is cut. */
void visitors_make_way(struct visitors *v);
void visitors_remove(struct visitors *v, struct visitor *one);
void
visitors_move(struct visitors *v, struct visitor *one, enum visitor_state to);
/* So many bytes of its body are kept; others may be cut for them. */
void visitors_hold(struct visitors *v, struct visitor *one, size_t bytes);
/* Those whose head takes too long. */
void visitors_sweep(struct visitors *v, struct clock_ms now);

#endif
