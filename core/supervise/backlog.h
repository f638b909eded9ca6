/*
 * backlog: frames for a child that wait until its channel has room.
 *
 * What is many (the stored offsets of a task) may wait here without a bound
 * of its own, as the worker has it anyway; everything else is bounded as the
 * channel is. The order is kept.
 */
#ifndef PENSTOCK_SUPERVISE_BACKLOG_H
#define PENSTOCK_SUPERVISE_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/channel.h"

struct backlog_frame;

struct backlog_text {
	const char *data;
	size_t len;
};

struct backlog {
	struct backlog_frame *first, *last;
	size_t bound_bytes; /* of those that are bounded */
};

enum backlog_kind { BACKLOG_BOUND, BACKLOG_MANY };

/* Sends it, or keeps it for later. As channel_send. */
int backlog_send(struct backlog *b, struct channel *ch, enum backlog_kind kind,
    const struct backlog_text *text, struct ps_error *err);
/* Sends what there is room for now. */
int backlog_move(struct backlog *b, struct channel *ch, struct ps_error *err);
bool backlog_is_empty(const struct backlog *b);
void backlog_clear(struct backlog *b);

#endif
