#include "rest/paging.h"

#include "base/text.h"

int
paging_wish(struct exchange *x, struct page_wish *out)
{
	struct ps_error err = { 0 };

	if (page_parse(exchange_query(x, "limit"), exchange_query(x, "order"),
		exchange_query(x, "after"), out, &err) == 0)
		return 0;
	exchange_error(x, 400, "%s", err.text);
	return -1;
}

void
paging_cut(struct exchange *x, const struct page_wish *wish,
    struct page_item *items, size_t *count)
{
	const char *next = page_cut(x->a, wish, items, count);

	x->next_page = next == NULL ? NULL : text_url_encode(x->a, next);
}
