/*
 * channel: framed messages over a stream socket that never blocks.
 *
 * A frame is its length (four bytes, big-endian) and so many bytes. Both
 * buffers have a ceiling: a peer that sends a larger frame, or does not read
 * what it is sent, is an error and not a growing process. Works under poll()
 * in a thread of its own as well as in an event loop.
 */
#ifndef PENSTOCK_IPC_CHANNEL_H
#define PENSTOCK_IPC_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include <penstock/error.h>

/* The largest frame; what may wait to be written on one channel. */
#define CHANNEL_FRAME_MAX   ((size_t)8 << 20)
#define CHANNEL_WAITING_MAX ((size_t)32 << 20)

struct channel;

/* Owns the descriptor: non-blocking from here on, closed at exec. */
struct channel *channel_new(int fd);
/* Closes the descriptor; what waits to be written is lost. */
void channel_free(struct channel **cp);
int channel_fd(const struct channel *c);

/* Takes one frame to be written and writes what goes without waiting. -1: the
 * frame is too large, CHANNEL_WAITING_MAX is reached (PS_E_RETRY: nothing was
 * taken), or the peer is gone (PS_E_FATAL). */
int channel_send(struct channel *c, const char *data, size_t len,
    struct ps_error *err);
/* Does something wait to be written? Then call channel_write when writable. */
bool channel_is_waiting(const struct channel *c);
/* Bytes waiting to be written: senders of what may be lost look at it. */
size_t channel_waiting(const struct channel *c);
int channel_write(struct channel *c, struct ps_error *err);

/* Reads what is there. 1: the channel is open, 0: the peer closed it (frames
 * read before are still given by channel_next), -1: broken. */
int channel_read(struct channel *c, struct ps_error *err);
/* The next whole frame: 1 and its bytes, borrowed until the next call to
 * channel_read or channel_next; 0 when there is none; -1 when it is larger
 * than CHANNEL_FRAME_MAX (the channel is of no more use). */
int channel_next(struct channel *c, const char **data, size_t *len,
    struct ps_error *err);

/* Writes all that waits, for at most `limit_ms` (before an exit). */
int channel_flush(struct channel *c, int limit_ms, struct ps_error *err);

#endif
