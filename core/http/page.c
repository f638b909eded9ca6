#include "http/page.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define LIMIT_MAX 10000
#define RANK_MAX  9

static int
parse_order(const char *text, enum page_order *out, struct ps_error *err)
{
	*out = PAGE_BY_NAME;
	if (text == NULL || strcmp(text, "name") == 0)
		return 0;
	*out = PAGE_FAILURES;
	if (strcmp(text, "failures") == 0)
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "order: %s is not one of name, failures", text);
}

/* "<rank>:<name>" where ranks count. */
static int
parse_after(const char *text, struct page_wish *out, struct ps_error *err)
{
	if (text == NULL || out->order == PAGE_BY_NAME) {
		out->after.name = text;
		return 0;
	}
	if (text[0] < '0' || text[0] > '0' + RANK_MAX || text[1] != ':')
		return ps_fail(err, PS_E_CONFIG,
		    "after: %s is no cursor of order=failures", text);
	out->after.rank = (unsigned)(text[0] - '0');
	out->after.name = text + 2;
	return 0;
}

int
page_parse(const char *limit, const char *order, const char *after,
    struct page_wish *out, struct ps_error *err)
{
	int64_t n = 0;

	*out = (struct page_wish){ .limit = 0 };
	if (limit != NULL && text_int64(limit, 1, LIMIT_MAX, &n) != 0)
		return ps_fail(err, PS_E_CONFIG,
		    "limit: %s is no number from 1 to %d", limit, LIMIT_MAX);
	out->limit = (size_t)n;
	if (parse_order(order, &out->order, err) != 0)
		return -1;
	return parse_after(after, out, err);
}

static int
compare(const void *x, const void *y)
{
	const struct page_item *p = x, *q = y;

	if (p->rank != q->rank)
		return p->rank < q->rank ? -1 : 1;
	return strcmp(p->name, q->name);
}

static const char *
cursor(struct ps_arena *a, const struct page_wish *wish,
    const struct page_item *last)
{
	return wish->order == PAGE_BY_NAME
		   ? ps_strdup(a, last->name)
		   : ps_printf(a, "%u:%s", last->rank, last->name);
}

const char *
page_cut(struct ps_arena *a, const struct page_wish *wish,
    struct page_item *items, size_t *count)
{
	size_t first = 0, n;

	if (*count > 1)
		qsort(items, *count, sizeof *items, compare);
	while (wish->after.name != NULL && first < *count &&
	       compare(&items[first], &wish->after) <= 0)
		first++;
	n = *count - first;
	memmove(items, items + first, n * sizeof *items);
	if (wish->limit == 0 || n <= wish->limit) {
		*count = n;
		return NULL;
	}
	*count = wish->limit;
	return cursor(a, wish, &items[wish->limit - 1]);
}
