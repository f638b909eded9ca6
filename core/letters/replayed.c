#include "letters/replayed.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"

enum { ROOM = 16 };

/* ---- the set ----------------------------------------------------------- */

static void
insert(struct replayed *r, size_t at, int64_t offset)
{
	if (r->count == r->room) {
		size_t room = r->room == 0 ? ROOM : 2 * r->room;
		struct replayed_range *grown =
		    (struct replayed_range *)ps_calloc(r->arena, room,
			sizeof *grown);

		if (r->count > 0)
			memcpy(grown, r->ranges, r->count * sizeof *grown);
		r->ranges = grown;
		r->room = room;
	}
	memmove(&r->ranges[at + 1], &r->ranges[at],
	    (r->count - at) * sizeof *r->ranges);
	r->ranges[at] = (struct replayed_range){ offset, offset };
	r->count++;
}

static void
take_out(struct replayed *r, size_t at)
{
	r->count--;
	memmove(&r->ranges[at], &r->ranges[at + 1],
	    (r->count - at) * sizeof *r->ranges);
}

/* What `next` has reached is no longer apart. */
static void
settle(struct replayed *r)
{
	while (r->count > 0 && r->ranges[0].first <= r->next) {
		if (r->ranges[0].last >= r->next)
			r->next = r->ranges[0].last + 1;
		take_out(r, 0);
	}
}

bool
replayed_has(const struct replayed *r, int64_t offset)
{
	if (offset < r->next)
		return true;
	for (size_t i = 0; i < r->count; i++)
		if (offset >= r->ranges[i].first && offset <= r->ranges[i].last)
			return true;
	return false;
}

void
replayed_add(struct replayed *r, int64_t offset)
{
	size_t at = 0;

	if (replayed_has(r, offset))
		return;
	while (at < r->count && r->ranges[at].last < offset)
		at++;
	if (at > 0 && r->ranges[at - 1].last + 1 == offset)
		r->ranges[--at].last = offset;
	else
		insert(r, at, offset);
	if (at + 1 < r->count && r->ranges[at + 1].first == offset + 1) {
		r->ranges[at].last = r->ranges[at + 1].last;
		take_out(r, at + 1);
	}
	settle(r);
}

void
replayed_up_to(struct replayed *r, int64_t offset)
{
	if (offset > r->next)
		r->next = offset;
	settle(r);
}

/* ---- its text ---------------------------------------------------------- */

/* "7" or "9-12". */
static bool
parse_range(char *text, struct replayed_range *out)
{
	char *dash = strchr(text, '-');

	if (dash != NULL)
		*dash = '\0';
	if (text_int64(text, 0, INT64_MAX - 1, &out->first) != 0)
		return false;
	out->last = out->first;
	return dash == NULL ||
	       text_int64(dash + 1, out->first, INT64_MAX - 1, &out->last) == 0;
}

void
replayed_init(struct replayed *r, struct ps_arena *a, int64_t next,
    const char *text)
{
	size_t count;
	char **parts = text_list(a, text, &count);
	struct replayed_range range;

	*r = (struct replayed){ .arena = a, .next = next < 0 ? 0 : next };
	for (size_t i = 0; i < count; i++) {
		if (!parse_range(parts[i], &range) || range.first < r->next ||
		    replayed_has(r, range.first))
			continue;
		/* Ours are in order; another order is not ours. */
		if (r->count > 0 &&
		    range.first <= r->ranges[r->count - 1].last + 1)
			continue;
		insert(r, r->count, range.first);
		r->ranges[r->count - 1].last = range.last;
	}
	settle(r);
}

const char *
replayed_text(const struct replayed *r, struct ps_arena *a)
{
	struct buf b;
	const char *text = NULL;

	buf_init(&b, REPLAYED_TEXT_MAX);
	for (size_t i = 0; i < r->count; i++) {
		const struct replayed_range *g = &r->ranges[i];

		(void)buf_printf(&b, "%s%lld", i == 0 ? "" : ",",
		    (long long)g->first);
		if (g->last > g->first)
			(void)buf_printf(&b, "-%lld", (long long)g->last);
	}
	if (!b.overflow)
		text = ps_strdup(a, buf_str(&b));
	buf_fini(&b);
	return text;
}
