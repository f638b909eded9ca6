/*
 * spare: a descriptor that is kept for when there is no other.
 *
 * A process that may open no more cannot accept a connection either, and who
 * connects would wait for an answer that never comes, while the socket stays
 * readable. With the spare one it is accepted, told why, and closed.
 */
#ifndef PENSTOCK_HTTP_SPARE_H
#define PENSTOCK_HTTP_SPARE_H

#include <stdbool.h>

#include "base/clock.h"

struct spare {
	bool plain; /* who waits understands an answer that is not encrypted */
	int fd;     /* -1: none yet */
	struct clock_ms told;
};

/* Does somebody wait on the socket? -1 is none. */
bool spare_is_awaited(int listen_fd);
/* `plain` is set before. */
void spare_init(struct spare *sp);
void spare_fini(struct spare *sp);
/* Turns away who waits on the socket, if that is because no descriptor is
 * left. */
void spare_turn_away(struct spare *sp, int listen_fd);

#endif
