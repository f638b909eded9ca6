/*
 * page: a part of a long list, and where the next one begins.
 *
 * A cursor names the last item shown and not a count, so that what comes and
 * goes between two pages moves nothing: each item that stays is shown once.
 */
#ifndef PENSTOCK_HTTP_PAGE_H
#define PENSTOCK_HTTP_PAGE_H

#include <stddef.h>

#include <penstock/arena.h>
#include <penstock/error.h>

enum page_order {
	PAGE_BY_NAME,
	PAGE_FAILURES, /* the lowest rank first, then by name */
};

struct page_item {
	const char *name;
	unsigned rank;
	const void *thing; /* the caller's */
};

struct page_wish {
	enum page_order order;
	size_t limit;           /* 0: all */
	struct page_item after; /* name NULL: from the first on */
};

/* Of the query's arguments, NULL where one was not given. PS_E_CONFIG. */
int page_parse(const char *limit, const char *order, const char *after,
    struct page_wish *out, struct ps_error *err);
/* Sorts the items, and moves those of the page to the front. The cursor of
 * the page behind it, NULL: this is the last. */
const char *page_cut(struct ps_arena *a, const struct page_wish *wish,
    struct page_item *items, size_t *count);

#endif
