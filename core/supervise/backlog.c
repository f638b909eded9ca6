#include "supervise/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* The channel takes more once it has less than this to write. */
#define LOW_BYTES ((size_t)1 << 20)

struct backlog_frame {
	struct backlog_frame *next;
	enum backlog_kind kind;
	size_t len;
	char data[];
};

bool
backlog_is_empty(const struct backlog *b)
{
	return b->first == NULL;
}

static void
keep(struct backlog *b, enum backlog_kind kind, const struct backlog_text *t)
{
	struct backlog_frame *f = xcalloc(1, sizeof *f + t->len);

	f->kind = kind;
	f->len = t->len;
	memcpy(f->data, t->data, t->len);
	if (b->first == NULL)
		b->first = f;
	else
		b->last->next = f;
	b->last = f;
	if (kind == BACKLOG_BOUND)
		b->bound_bytes += t->len;
}

int
backlog_send(struct backlog *b, struct channel *ch, enum backlog_kind kind,
    const struct backlog_text *text, struct ps_error *err)
{
	bool waits = !backlog_is_empty(b) ||
		     (kind == BACKLOG_MANY && channel_waiting(ch) > LOW_BYTES);

	if (!waits || text->len > CHANNEL_FRAME_MAX)
		return channel_send(ch, text->data, text->len, err);
	if (kind == BACKLOG_BOUND &&
	    b->bound_bytes + text->len > CHANNEL_WAITING_MAX)
		return ps_fail(err, PS_E_RETRY,
		    "%zu bytes wait for the peer to read, the limit is %zu",
		    b->bound_bytes, CHANNEL_WAITING_MAX);
	keep(b, kind, text);
	return 0;
}

static void
drop_first(struct backlog *b)
{
	struct backlog_frame *f = b->first;

	b->first = f->next;
	if (f->kind == BACKLOG_BOUND)
		b->bound_bytes -= f->len;
	free(f);
}

int
backlog_move(struct backlog *b, struct channel *ch, struct ps_error *err)
{
	while (b->first != NULL && channel_waiting(ch) < LOW_BYTES) {
		if (channel_send(ch, b->first->data, b->first->len, err) != 0)
			return -1;
		drop_first(b);
	}
	return 0;
}

void
backlog_clear(struct backlog *b)
{
	while (b->first != NULL)
		drop_first(b);
}
