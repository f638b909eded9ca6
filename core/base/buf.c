#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define FIRST_ROOM 256u

void
buf_init(struct buf *b, size_t ceiling)
{
	*b = (struct buf){ .ceiling = ceiling };
}

void
buf_fini(struct buf *b)
{
	free(b->data);
	buf_init(b, b->ceiling);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->overflow = false;
}

/* Room for `len` more and a NUL. */
static int
make_room(struct buf *b, size_t len)
{
	size_t room = b->room == 0 ? FIRST_ROOM : b->room;

	if (b->overflow || len > b->ceiling - b->len) {
		b->overflow = true;
		return -1;
	}
	if (b->data != NULL && len < b->room - b->len)
		return 0;
	while (room - b->len <= len)
		room = room > SIZE_MAX / 2 ? b->len + len + 1 : 2 * room;
	b->data = xrealloc(b->data, room);
	b->room = room;
	return 0;
}

int
buf_append(struct buf *b, const void *data, size_t len)
{
	if (make_room(b, len) != 0)
		return -1;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_puts(struct buf *b, const char *s)
{
	return buf_append(b, s, strlen(s));
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || make_room(b, (size_t)n) != 0)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

char *
buf_reserve(struct buf *b, size_t len)
{
	return make_room(b, len) == 0 ? b->data + b->len : NULL;
}

void
buf_consume(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len -= len;
	if (b->data == NULL)
		return;
	memmove(b->data, b->data + len, b->len);
	b->data[b->len] = '\0';
}

const char *
buf_str(const struct buf *b)
{
	if (b->len == 0)
		return "";
	b->data[b->len] = '\0';
	return b->data;
}
