/*
 * paging: one page of a list that a request asks for, by `limit`, `after` and
 * `order`; the answer's X-Penstock-Next says where the next one begins.
 */
#ifndef PENSTOCK_REST_PAGING_H
#define PENSTOCK_REST_PAGING_H

#include "http/exchange.h"
#include "http/page.h"

/* What the query asks for; -1: answered 400. */
int paging_wish(struct exchange *x, struct page_wish *out);
/* Leaves those of the page, in order. */
void paging_cut(struct exchange *x, const struct page_wish *wish,
    struct page_item *items, size_t *count);

#endif
