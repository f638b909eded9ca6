#include "base/lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Whole lines go, until there is room for so much. */
static void
make_room(struct lines *l, size_t len)
{
	const char *end;
	size_t cut = 0;

	while (l->len - cut + len > LINES_BYTES) {
		end = memchr(l->text + cut, '\n', l->len - cut);
		cut = end == NULL ? l->len : (size_t)(end - l->text) + 1;
	}
	memmove(l->text, l->text + cut, l->len - cut);
	l->len -= cut;
}

void
lines_add(struct lines *l, const char *line, size_t len)
{
	if (l->text == NULL)
		l->text = xmalloc(LINES_BYTES);
	if (len > LINES_BYTES) {
		line += len - LINES_BYTES;
		len = LINES_BYTES;
	}
	make_room(l, len);
	memcpy(l->text + l->len, line, len);
	l->len += len;
}

void
lines_fini(struct lines *l)
{
	free(l->text);
	*l = (struct lines){ 0 };
}
